/**
 * A session with an Engine.IO server: engine.io-client's `Socket` by name and meaning, and where the server is ours one
 * that outlives its transports.
 *
 * It opens the session and joins its parts: the session core counts and keeps messages, the ladder chooses transports, the
 * watchdog notices silence. What each decides is theirs; this tells the application.
 */
import { protocol, type BinaryType } from 'engine.io-parser';
import { Emitter } from '../../shared/emitter.ts';
import { Watchdog } from '../../shared/engine/heartbeat.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';
import { type ReasonCode, reasons } from '../../shared/engine/reason.ts';
import { SessionCore } from '../../shared/engine/session.ts';
import type { Transport as SessionTransport } from '../../shared/engine/transport.ts';
import { ThroughlineError } from '../../shared/errors.ts';
import { defaultBinaryType } from '#client/environment';
import { byteLength, payloadBytes } from './byte-length.ts';
import { type Environment, environmentFor, type PageHint } from './environment.ts';
import { Ladder } from './ladder.ts';
import { resolveOptions, type ResolvedOptions, type SocketOptions, type TransportCtor } from './options.ts';
import { Polling } from './polling.ts';
import type { HandshakeData, SocketReservedEvents } from './socket-events.ts';
import { Streaming } from './streaming.ts';
import { type RungReason, Timeline, type TimelineEntry, whyFailed } from './timeline.ts';
import {
  type Joining,
  type Transport,
  type TransportCloseDetails,
  TransportError,
  type TransportOptions,
} from './transport.ts';
import { WebSocketTransport } from './websocket.ts';

/** How long the server may take to answer when it is asked whether it is there (ms). */
const ASK_MS = 5_000;

/** What is kept of messages on their way, and after how many seen the server is told so. */
const terms = { maxPackets: 10_000, maxBytes: 16 * 2 ** 20, reportPackets: 128, reportBytes: 65_536 };

/** The transports that have names. */
export const transports = { polling: Polling, websocket: WebSocketTransport, streaming: Streaming };

/** By host: the transport that proved itself, with which the next session begins to climb. */
const proven = new Map<string, string>();

/** How a message is to be sent. */
export interface WriteOptions {
  /** Whether a WebSocket may compress it. @defaultValue true */
  compress?: boolean;
}

export class Socket extends Emitter<Record<never, never>, Record<never, never>, SocketReservedEvents> {
  static priorWebsocketSuccess = false;
  static protocol = protocol;

  declare id: string | undefined;
  declare transport: Transport;
  readyState: 'opening' | 'open' | 'closing' | 'closed' = 'closed';
  /** Messages that no transport has taken yet. */
  writeBuffer: Packet[] = [];
  binaryType: BinaryType = defaultBinaryType;
  /** The transports that the server offers beside the first. */
  upgrades: string[] = [];
  /** Most bytes that the server takes at once; Infinity until it has said. */
  maxPayload = Infinity;
  readonly opts: ResolvedOptions;

  private readonly environment: Environment;
  private readonly classes: Record<string, TransportCtor> = { ...transports };
  private readonly timeline = new Timeline();
  private names: string[];
  private core!: SessionCore;
  private ladder!: Ladder;
  private watchdog: Watchdog | undefined;
  private unwatch: (() => void) | undefined;
  private upgrading = false;
  private turn = 0;
  /** What the transport said when it ended. */
  private ending: TransportCloseDetails | Error | undefined;

  /**
   * Opens a session.
   *
   * @param uri - of the server; the page's own where it is missing
   * @param environment - another world than the real one, for simulations
   */
  constructor(uri?: string | SocketOptions | null, options?: SocketOptions, environment?: Environment) {
    super();
    const isUri = typeof uri === 'string';
    this.opts = resolveOptions(isUri ? uri : undefined, (isUri ? options : (uri ?? options)) ?? {});
    this.environment = environment ?? environmentFor(this.opts);
    this.names = this.opts.transports.map((each) => {
      if (typeof each === 'string') return each;
      const { name } = each.prototype as Transport;
      this.classes[name] = each;
      return name;
    });
    this.open();
  }

  /** Messages that the server has not confirmed; with a server that doesn't count, those that no transport has taken. */
  get unconfirmed(): number {
    return this.readyState === 'opening' ? this.writeBuffer.length : this.core.unconfirmed;
  }

  /** Opens a session anew, after one was closed. */
  open(): this {
    if (this.readyState !== 'closed') return this;
    const { clock, random } = this.environment;
    this.readyState = 'opening';
    this.core = new SessionCore(
      clock,
      {
        message: (data) => {
          this.emitReserved('data', data);
          this.emitReserved('message', data);
        },
        control: ({ move }) => move && this.ladder.move(move.within),
        suspended: (code) => {
          this.watchdog?.stop();
          this.timeline.note(this.transport.name, 'lost', code);
          this.emitReserved('suspend', { code });
          this.ladder.fell();
        },
        resumed: (suspendedMs, replayed) => {
          this.watchdog?.start();
          this.emitReserved('resume', { suspendedMs, replayed });
        },
        drained: () => {
          this.writeBuffer = [];
          this.emitReserved('flush');
        },
        closed: (code, detail) => this.onClosed(code, detail),
      },
      payloadBytes,
    );
    // oxlint-disable-next-line typescript/no-this-alias -- the getter below needs both
    const socket = this;
    this.ladder = new Ladder({
      core: this.core,
      clock,
      random,
      get transport() {
        return socket.transport;
      },
      create: (name, joins) => this.create(name, joins),
      adopt: (transport, why, count) => this.adopt(transport, why, count),
      upgrading: (transport) => {
        this.upgrading = true;
        this.emitReserved('upgrading', transport);
      },
      failed: (transport, isProbe, why, detail) => this.onAttemptFailed(transport, isProbe, why, detail),
    });
    this.unwatch = this.environment.watchPage((hint) => this.onHint(hint), this.opts);
    this.openTransport(Socket.priorWebsocketSuccess && this.opts.rememberUpgrade && this.names.includes('websocket'));
    return this;
  }

  /**
   * Sends a message. Silently dropped once closing.
   *
   * @param callback - called when it was handed to a transport
   * @throws {@link ThroughlineError} `ERR_TOO_BIG` where the server takes no message of that size
   */
  send(data: RawData, options?: WriteOptions | (() => void) | null, callback?: () => void): this {
    if (this.readyState !== 'open' && this.readyState !== 'opening') return this;
    const [settings, onFlush] = typeof options === 'function' ? [null, options] : [options, callback];
    const packet: Packet = { type: 'message', data, options: { compress: settings?.compress !== false } };
    this.assertFits(data);
    this.emitReserved('packetCreate', packet);
    if (onFlush) this.once('flush', onFlush);
    this.writeBuffer.push(packet);
    if (this.readyState === 'open') this.core.send(data, packet.options);
    return this;
  }

  /** {@inheritDoc Socket.send} */
  write(data: RawData, options?: WriteOptions | (() => void) | null, callback?: () => void): this {
    return this.send(data, options, callback);
  }

  /**
   * Checks that the server takes a message of that size, before a part of something larger is sent.
   *
   * @throws {@link ThroughlineError} `ERR_TOO_BIG`
   */
  assertFits(data: RawData): void {
    const { maxPayload, transport } = this;
    // A UTF-16 unit takes three bytes at most, base64 four for three.
    if (((data as string).length ?? byteLength(data)) * 3 < maxPayload) return;
    const isText = typeof data === 'string';
    const bytes =
      isText || transport.name === 'websocket'
        ? byteLength(data) + Number(isText)
        : payloadBytes({ type: 'message', data }) - 1;
    if (bytes > maxPayload)
      throw new ThroughlineError(
        'ERR_TOO_BIG',
        `message of ${bytes} bytes, the server takes ${maxPayload} (its maxHttpBufferSize)`,
      );
  }

  /** Resolves when the server has seen all that was sent so far; rejects where the session ends before. */
  flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (confirmed: boolean): void =>
        confirmed ? resolve() : reject(new ThroughlineError('ERR_CLOSED', 'closed before all was confirmed'));
      if (this.readyState !== 'opening') return this.core.whenFlushed(settle);
      this.once('open', () => this.core.whenFlushed(settle));
      this.once('close', () => settle(false));
    });
  }

  /** What became of each way to carry the session, oldest first, and what that means. */
  explain(): readonly TimelineEntry[] {
    return [...this.timeline.entries];
  }

  /** Closes the session; what was sent before leaves first. */
  close(): this {
    const { core, transport, readyState } = this;
    const end = (): void => core.close();
    if (readyState === 'opening' && this.writeBuffer.length) return this.once('open', () => this.close());
    if (readyState !== 'opening' && readyState !== 'open') return this;
    this.readyState = 'closing';
    if (this.upgrading && !core.resumable) {
      this.once('upgrade', end);
      this.once('upgradeError', end);
    } else if (core.transport && !transport.writable) {
      transport.once('drain', end);
      transport.once('close', end);
    } else {
      end();
    }
    return this;
  }

  private openTransport(isWebSocket = false): void {
    const name = isWebSocket ? 'websocket' : this.names[0];
    if (name === undefined || !this.classes[name]) {
      this.environment.clock.after(0, () => this.emitReserved('error', 'No transports available'));
      return;
    }
    this.transport = this.create(name);
    this.transport.open();
  }

  private create(name: string, joins?: Joining): Transport {
    const { core, opts, environment, id } = this;
    const options: TransportOptions = {
      ...opts,
      ...opts.transportOptions[name],
      query: { ...opts.query, ...(id ? { sid: id } : opts.resume !== false && { resume: 1 }) },
      socket: this,
      environment,
      ...(joins && { joins }),
      counts: core.resumable ? this.counts : undefined,
    };
    const transport = new this.classes[name]!(options as never);
    transport.on('packet', (packet) => this.onPacket(transport, packet));
    transport.on('heard', () => this.watchdog?.heard());
    transport.on('drain', () => this.onDrain(transport));
    transport.on('error', (error) => this.onLost(transport, 'transport-error', error));
    transport.on('close', (details) => this.onLost(transport, 'transport-closed', details));
    return transport;
  }

  private readonly counts = {
    turn: (): number => ++this.turn,
    seen: (): number => {
      this.core.told();
      return this.core.seen;
    },
  };

  /** Another transport carries the session from now on. @param count - its first packet, by our own servers */
  private adopt(transport: Transport, why: RungReason, count: Packet | undefined): void {
    const { core } = this;
    this.transport = transport;
    this.upgrading = false;
    this.watchdog?.heard();
    core.attach(transport as SessionTransport, { holdsForCount: count !== undefined });
    if (count && !core.receive(count, transport.lane)) core.lose(transport as SessionTransport, 'malformed');
    if (why === 'climbed') {
      Socket.priorWebsocketSuccess = transport.name === 'websocket';
      proven.set(this.opts.hostname, transport.name);
      this.emitReserved('upgrade', transport);
    }
    this.announce(transport, why);
  }

  private announce({ name }: Transport, why: RungReason): void {
    this.timeline.note(name, why);
    this.emitReserved('transport', { name, why });
  }

  private onPacket(transport: Transport, packet: Packet): void {
    if (transport !== this.transport) return this.ladder.hears(transport, packet);
    if (this.readyState === 'closed') return;
    const { core } = this;
    this.watchdog?.heard();
    this.emitReserved('packet', packet);
    this.emitReserved('heartbeat');
    if (core.stateName === 'opening' && packet.type === 'open') return this.onHandshake(transport, packet.data);
    if (packet.type === 'error') return this.onLost(transport, 'transport-error', new Error('server error'));
    if (!core.receive(packet, transport.lane)) core.lose(transport as SessionTransport, 'malformed');
    if (packet.type === 'ping') {
      this.emitReserved('ping');
      this.emitReserved('pong');
    }
  }

  private onHandshake(transport: Transport, text: unknown): void {
    const { core, opts, names } = this;
    let data: HandshakeData;
    try {
      data = JSON.parse(text as string) as HandshakeData;
      transport.query['sid'] = this.id = data.sid;
      this.upgrades = data.upgrades.filter((name) => names.includes(name));
    } catch (error) {
      return this.onLost(transport, 'malformed', error as Error);
    }
    const { pingInterval, pingTimeout, maxPayload, resume } = data;
    const early = this.writeBuffer;
    this.emitReserved('handshake', data);
    this.maxPayload = maxPayload || Infinity;
    this.readyState = 'open';
    this.watchdog = new Watchdog(
      this.environment.clock,
      {
        ping: () => core.resumable && core.ping(),
        lost: () => core.lose(this.transport as SessionTransport, 'heartbeat-missed'),
      },
      pingInterval,
      pingTimeout,
    );
    this.watchdog.start();
    if (resume && opts.resume !== false) transport.counts = this.counts;
    core.open(
      transport as SessionTransport,
      transport.counts && resume && { ...terms, ...opts.resume, windowMs: resume.window },
    );
    this.announce(transport, 'opened');
    for (const { data: message, options } of early) {
      try {
        this.assertFits(message ?? '');
        core.send(message ?? '', options);
      } catch (error) {
        this.emitReserved('error', error as Error);
      }
    }
    Socket.priorWebsocketSuccess = transport.name === 'websocket';
    this.emitReserved('open');
    const better = names.filter(
      (name) => name !== 'polling' && (name === transport.name || (opts.upgrade && this.upgrades.includes(name))),
    );
    this.ladder.start(better, names.includes('polling') ? 'polling' : transport.name, proven.get(opts.hostname));
  }

  private onDrain(transport: Transport): void {
    if (transport !== this.transport) return;
    this.core.flush();
    if (!this.writeBuffer.length) this.emitReserved('drain');
  }

  /** A transport ended by itself. */
  private onLost(transport: Transport, why: ReasonCode, detail?: TransportCloseDetails | Error): void {
    if (transport !== this.transport) return this.ladder.lost(transport, whyFailed(detail), detail);
    const { core, names } = this;
    if (core.stateName === 'closed') return;
    const isError = detail instanceof Error;
    const end = refusal(detail) ?? (core.stateName === 'opening' ? why : undefined);
    this.ending = detail;
    if (core.stateName === 'opening') {
      this.timeline.note(transport.name, whyFailed(detail), detail);
      Socket.priorWebsocketSuccess = false;
      if (isError && this.opts.tryAllTransports && names.length > 1) {
        names.shift();
        transport.close();
        return this.openTransport();
      }
    }
    if (isError && !core.resumable) this.emitReserved('error', detail);
    if (end) core.end(end);
    else core.lose(transport as SessionTransport, why);
  }

  /** An attempt to climb or to come back failed. */
  private onAttemptFailed(transport: Transport, isProbe: boolean, why: RungReason, detail: unknown): void {
    this.upgrading = false;
    this.timeline.note(transport.name, why, detail);
    const end = refusal(detail);
    if (end) return this.core.end(end);
    if (isProbe)
      this.emitReserved('upgradeError', Object.assign(new Error(`probe error: ${why}`), { transport: transport.name }));
  }

  private onHint(hint: PageHint): void {
    const { core, transport, ladder } = this;
    if (hint === 'leave') {
      transport.farewell();
      core.end('closed-here');
    } else if (core.resumable) {
      if (hint === 'hide') {
        ladder.sleep();
        core.lose(transport as SessionTransport, 'transport-closed');
        return;
      }
      // Behind a large upload the question would wait its turn, and silence say nothing.
      if (core.transport && transport.writable) {
        core.ping();
        this.watchdog?.expect(ASK_MS);
      }
      ladder.wake();
    }
  }

  private onClosed(code: ReasonCode, detail: string): void {
    const { word, by, again } = reasons[code];
    const wasOpen = this.id !== undefined;
    this.readyState = 'closed';
    this.unwatch?.();
    this.watchdog?.stop();
    this.ladder.stop();
    this.transport.close();
    this.id = undefined;
    this.writeBuffer = [];
    const details = this.ending ?? { description: detail || code };
    this.emitReserved('close', word, wasOpen ? Object.assign(details, { code, by, again }) : details);
  }
}

/** How the server answered that it will never take this: the session is gone, or a message too big. */
function refusal(detail: unknown): ReasonCode | undefined {
  if (!(detail instanceof TransportError)) return undefined;
  if (detail.description === 413) return 'too-big';
  return detail.description === 400 && /^{"code":1\b/.test((detail.context as { responseText: string }).responseText)
    ? 'session-unknown'
    : undefined;
}
