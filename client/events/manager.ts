/**
 * A connection to a server, shared by the sockets of its namespaces, and made again when it is lost.
 *
 * The engine below knows sessions, the sockets above know namespaces; this knows when to try again. Names that begin
 * with `_` are in Socket.IO's published declarations, and its users' tests read them.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { DefaultEventsMap, EventsMap } from '../../shared/emitter.ts';
import { Emitter, own } from '../../shared/emitter.ts';
import { Decoder, type DecoderEvents } from '../../shared/events/decoder.ts';
import { Encoder } from '../../shared/events/encoder.ts';
import type { Packet } from '../../shared/events/packet.ts';
import type { PacketDecoder, PacketEncoder } from '../../shared/events/parser.ts';
import { clockFor } from '../engine/clock.ts';
import type { TimelineEntry } from '../engine/index.ts';
import { Socket as Engine } from '../engine/index.ts';
import { Backoff } from './backoff.ts';
import type { ManagerOptions, Setting } from './manager-options.ts';
import { DEFAULT_PATH, defaultSettings } from './manager-options.ts';
import type { ConnectError, DisconnectDescription, ManagerReservedEvents } from './reserved-events.ts';
import type { SocketOptions } from './socket-options.ts';
import { Socket } from './socket.ts';

/** A packet on its way out. */
export interface OutgoingPacket extends Packet {
  options?: { compress: boolean };
}

export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Emitter<Record<never, never>, Record<never, never>, ManagerReservedEvents> {
  /** The session that carries the connection, or the last one that did. There is none before the first `open`. */
  declare engine: Engine;
  /** What the next connection is opened with; may be changed until then, say by a listener of `reconnect_attempt`. */
  opts: Partial<ManagerOptions>;
  /** The sockets by their namespace: its slash keeps it from being the name of anything that an object has by itself. */
  readonly nsps: Record<string, Socket<ListenEvents, EmitEvents>> = {};
  _autoConnect: boolean;
  _readyState: 'opening' | 'open' | 'closed' = 'closed';
  /** From the loss of a connection until there is a new one, or no more attempts are made. */
  _reconnecting = false;
  /** Whether a connection that ends now stays so: once it was closed from here, until the next `open`. */
  skipReconnect = false;
  /** Waits between attempts, and counts them. */
  readonly backoff = new Backoff(this);

  // The settings: each is set on the prototype, below.
  declare readonly reconnection: Setting<this, boolean>;
  declare readonly reconnectionAttempts: Setting<this, number>;
  declare readonly reconnectionDelay: Setting<this, number>;
  declare readonly reconnectionDelayMax: Setting<this, number>;
  declare readonly randomizationFactor: Setting<this, number>;
  declare readonly timeout: Setting<this, number | boolean>;

  private readonly uri: string | undefined;
  private readonly clock: Clock;
  private readonly encoder: PacketEncoder;
  private readonly decoder: PacketDecoder;
  /** Ends an attempt that takes too long, or the wait before the next one. */
  private timer: Timer | undefined;

  /** @param uri - of the server; the page's own where it is missing */
  constructor(opts: Partial<ManagerOptions>);
  constructor(uri?: string, opts?: Partial<ManagerOptions>);
  constructor(uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>);
  constructor(uri?: string | Partial<ManagerOptions>, opts: Partial<ManagerOptions> = {}) {
    super();
    if (typeof uri === 'object') {
      opts = uri;
      uri = undefined;
    }
    this.uri = uri;
    this.opts = { ...opts, path: opts.path || DEFAULT_PATH };
    // A zero is taken for nothing here, as in Socket.IO; from its setting it is a zero.
    for (const name of ['reconnectionAttempts', 'reconnectionDelay', 'reconnectionDelayMax'] as const)
      if (!opts[name]) delete this.opts[name];
    this.clock = clockFor(opts);
    this.encoder = new (opts.parser?.Encoder ?? Encoder)();
    this.decoder = new (opts.parser?.Decoder ?? Decoder)();
    own<DecoderEvents>(this.decoder, {
      decoded: (packet) => {
        if (this.isHeard) this.emitReserved('packet', packet);
        this.nsps[packet.nsp]?.take(packet);
      },
    });
    this._autoConnect = opts.autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  /**
   * Connects, unless that is done or under way.
   *
   * @param callback - told how this one attempt ended; the manager then makes no others of its own after a failure
   */
  open(callback?: (error?: Error) => void): this {
    if (this._readyState !== 'closed') return this;
    this.timer?.cancel();
    const engine = (this.engine = new Engine(this.uri, this.opts));
    this.skipReconnect = false;
    this._readyState = 'opening';

    const lost = (reason: string, description?: DisconnectDescription): void => this.end(reason, description);
    const failed = (error: ConnectError): void => {
      if (this._readyState === 'open') return this.tell('error', error);
      const wasReconnecting = this._reconnecting;
      error.again = this.mayReconnect && (wasReconnecting || !callback);
      this.letGo(error.again);
      this.tell('error', error);
      if (wasReconnecting) {
        if (!error.again) this.emitReserved('reconnect_failed');
        this.emitReserved('reconnect_error', error);
      }
      this.reconnect(error.retryAfterMs);
      callback?.(error);
    };

    engine.owner = {
      open: () => this.onOpen(callback),
      error: (error) => failed(typeof error === 'string' ? new Error(error) : error),
      close: lost,
      data: (message) => {
        try {
          this.decoder.add(message);
        } catch (error) {
          lost('parse error', error as Error);
        }
      },
      ping: () => this.emitReserved('ping'),
      suspend: (details) => this.tell('suspend', details),
      resume: (details) => this.tell('resume', details),
      transport: (details) => this.tell('transport', details),
    };

    const timeout = this.timeout();
    if (timeout !== false) {
      this.timer = this.clock.after(timeout as number, () => {
        failed(new Error('timeout'));
        engine.close();
      });
    }
    return this;
  }

  /** {@inheritDoc Manager.open} */
  connect(callback?: (error?: Error) => void): this {
    return this.open(callback);
  }

  /** The socket of a namespace: the one there is, or a new one. */
  socket(nsp: string, opts?: Partial<SocketOptions>): Socket<ListenEvents, EmitEvents> {
    const socket = this.nsps[nsp];
    if (!socket) return (this.nsps[nsp] = new Socket(this, nsp, opts));
    if (this._autoConnect) socket.connect();
    return socket;
  }

  /** A socket wants to hear no more. With the last one the connection is closed. */
  _destroy(_socket: Socket<ListenEvents, EmitEvents>): void {
    if (!Object.values(this.nsps).some(({ active }) => active)) this._close();
  }

  /**
   * Sends a packet, the whole of it or nothing.
   *
   * @throws ThroughlineError `ERR_TOO_BIG` for more than the server takes, `ERR_ARGUMENT` for what can't be encoded
   */
  _packet(packet: OutgoingPacket): void {
    const { engine } = this;
    const messages = this.encoder.encode(packet);
    for (const message of messages) engine.assertFits(message);
    for (const message of messages) engine.write(message, packet.options);
  }

  /** Which ways to carry the connection were tried, and what became of each, in words for the one who asks why. */
  explain(): readonly TimelineEntry[] {
    return this.engine?.explain() ?? [];
  }

  /** Closes the connection for all namespaces, and lets it be. Where there is none it is `close`d all the same, as Socket.IO has it. */
  _close(): void {
    this.skipReconnect = true;
    this.end('forced close');
  }

  /** {@inheritDoc Manager._close} */
  disconnect(): void {
    this._close();
  }

  private get mayReconnect(): boolean {
    return !this.skipReconnect && this.reconnection() && this.backoff.attempts < this.reconnectionAttempts();
  }

  /** Tells the sockets, and those who listen here. */
  private tell(event: string, ...details: unknown[]): void {
    for (const socket of Object.values(this.nsps)) socket.hear(event, details);
    this.dispatch(event, details);
  }

  /** Lets go of the engine at hand. */
  private letGo(reconnecting: boolean): void {
    this.timer?.cancel();
    this._readyState = 'closed';
    this._reconnecting = reconnecting;
    if (!reconnecting) this.backoff.reset();
    // It may speak on, and nobody listens.
    if (this.engine) this.engine.owner = undefined;
    this.decoder.destroy();
  }

  private onOpen(callback?: () => void): void {
    const { _reconnecting, backoff } = this;
    const { attempts } = backoff;
    this.timer?.cancel();
    this._readyState = 'open';
    this._reconnecting = false;
    backoff.reset();
    this.tell('open');
    callback?.();
    if (_reconnecting) this.emitReserved('reconnect', attempts);
  }

  private end(reason: string, description?: DisconnectDescription): void {
    this.letGo(this.mayReconnect);
    this.engine?.close();
    this.tell('close', reason, description);
    this.reconnect();
  }

  /** Waits as long as the server asked for, and then for the next attempt, unless a listener dis- or connected meanwhile. */
  private reconnect(askedMs = 0): void {
    if (!this._reconnecting || this._readyState !== 'closed') return;
    this.timer = this.clock.after(askedMs + this.backoff.duration(), () => {
      this._reconnecting = this.reconnection();
      if (this._reconnecting) this.emitReserved('reconnect_attempt', this.backoff.attempts);
      // A listener may have disconnected.
      if (this._reconnecting) this.open();
    });
  }
}

for (const name of Object.keys(defaultSettings) as (keyof typeof defaultSettings)[]) {
  // Reads what `opts` say, so that a listener may change either.
  Object.assign(Manager.prototype, {
    [name](this: Manager, value?: never) {
      if (value === undefined) return this.opts[name] ?? defaultSettings[name];
      this.opts[name] = value;
      return this;
    },
  });
}
