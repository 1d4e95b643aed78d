/**
 * A connection to a server, shared by the sockets of its namespaces, and made again when it is lost.
 *
 * The engine below knows sessions, the sockets above know namespaces; this knows when to try again. Names that begin
 * with `_` are in Socket.IO's published declarations, and its users' tests read them.
 */
import type { DefaultEventsMap, EventsMap } from '../../shared/emitter.ts';
import { Emitter } from '../../shared/emitter.ts';
import { Decoder } from '../../shared/events/decoder.ts';
import { Encoder } from '../../shared/events/encoder.ts';
import type { Packet } from '../../shared/events/packet.ts';
import type { PacketDecoder, PacketEncoder, Parser } from '../../shared/events/parser.ts';
import { backoffMs } from './backoff.ts';
import type { EngineOptions } from './engine.ts';
import { Engine } from './engine.ts';
import type { DisconnectDescription, SocketOptions } from './socket.ts';
import { Socket } from './socket.ts';

/** Where a server listens unless it was told otherwise. */
export const DEFAULT_PATH = '/socket.io';

/** Options of a connection, those of the engine among them. */
export interface ManagerOptions extends EngineOptions {
  /**
   * Whether `io` makes a connection of its own for this socket.
   * @defaultValue false
   */
  forceNew: boolean;
  /**
   * Whether namespaces of one server share a connection.
   * @defaultValue true
   */
  multiplex: boolean;
  /**
   * Where on its host the server listens.
   * @defaultValue '/socket.io'
   */
  path: string;
  /**
   * Whether to connect again when the connection was lost or did not come about.
   * @defaultValue true
   */
  reconnection: boolean;
  /**
   * How many attempts to make before giving up.
   * @defaultValue Infinity
   */
  reconnectionAttempts: number;
  /**
   * How long to wait before the first attempt. Doubles with each further one.
   * @defaultValue 1_000 (ms)
   */
  reconnectionDelay: number;
  /**
   * The longest to wait before an attempt.
   * @defaultValue 5_000 (ms)
   */
  reconnectionDelayMax: number;
  /**
   * By which part of itself the wait is lengthened or shortened at random, from 0 to 1.
   * @defaultValue 0.5
   */
  randomizationFactor: number;
  /**
   * How long one attempt may take; `false` for as long as it likes.
   * @defaultValue 20_000 (ms)
   */
  timeout: number | false;
  /**
   * Whether to connect at once, and not on the first `open` or `connect`.
   * @defaultValue true
   */
  autoConnect: boolean;
  /** Another encoding of packets, as `socket.io-msgpack-parser` has it. The server must use the same. */
  parser: Parser;
}

/** Events of a {@link Manager}. */
export interface ManagerReservedEvents {
  /** The connection stands; its namespaces are yet to be joined. */
  open: () => void;
  /** An attempt to connect failed, or the connection has a fault. */
  error: (error: Error) => void;
  /** The server's heartbeat came. */
  ping: () => void;
  /** A packet came, whatever its namespace. */
  packet: (packet: Packet) => void;
  close: (reason: string, description?: DisconnectDescription) => void;
  /** All attempts to connect again failed, and no more are made. */
  reconnect_failed: () => void;
  /** About to connect again. The attempts are counted from 1. */
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (error: Error) => void;
  /** Connected again, with this many attempts. */
  reconnect: (attempt: number) => void;
}

/** A packet on its way out. */
export interface OutgoingPacket extends Packet {
  options?: { compress: boolean };
}

/** What a manager tells a namespace that is on its connection. */
export interface NamespaceSink {
  opened(): void;
  packet(packet: Packet): void;
  failed(error: Error): void;
  closed(reason: string, description?: DisconnectDescription): void;
}

/** Settings that can be read and changed by methods of the same name. */
interface Settings {
  reconnection: boolean;
  reconnectionAttempts: number;
  reconnectionDelay: number;
  reconnectionDelayMax: number;
  randomizationFactor: number;
  timeout: number | boolean;
}

export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Emitter<Record<never, never>, Record<never, never>, ManagerReservedEvents> {
  /** The session that carries the connection, or the last one that did. There is none before the first `open`. */
  declare engine: Engine;
  /** What the next connection is opened with; may be changed until then, say by a listener of `reconnect_attempt`. */
  opts: Partial<ManagerOptions>;
  /** The sockets by their namespace. */
  readonly nsps = new Map<string, Socket<ListenEvents, EmitEvents>>();
  _autoConnect: boolean;
  _readyState: 'opening' | 'open' | 'closed' = 'closed';
  /** From the loss of a connection until there is a new one, or no more attempts are made. */
  _reconnecting = false;

  private readonly uri: string | undefined;
  private readonly settings: Settings;
  private readonly sinks = new Map<string, NamespaceSink>();
  private readonly encoder: PacketEncoder;
  private decoder: PacketDecoder | undefined;
  /** The engine that is listened to: not the one of a connection that is over. */
  private current: Engine | undefined;
  /** Attempts made since the connection was lost. */
  private attempts = 0;
  /** Closed on purpose: not to be connected again before the next `open`. */
  private skipReconnect = false;
  private openTimer: ReturnType<typeof setTimeout> | undefined;
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;

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
    this.settings = {
      reconnection: opts.reconnection !== false,
      reconnectionAttempts: opts.reconnectionAttempts || Infinity,
      reconnectionDelay: opts.reconnectionDelay || 1_000,
      reconnectionDelayMax: opts.reconnectionDelayMax || 5_000,
      randomizationFactor: opts.randomizationFactor ?? 0.5,
      timeout: opts.timeout ?? 20_000,
    };
    this.encoder = new (opts.parser?.Encoder ?? Encoder)();
    this._autoConnect = opts.autoConnect !== false;
    if (this._autoConnect) this.open();
  }

  /** Reads or changes whether a lost connection is made again. */
  reconnection(value: boolean): this;
  reconnection(): boolean;
  reconnection(value?: boolean): this | boolean;
  reconnection(value?: boolean): this | boolean {
    if (value === false) this.skipReconnect = true;
    return this.setting('reconnection', value);
  }

  /** Reads or changes {@link ManagerOptions.reconnectionAttempts}. */
  reconnectionAttempts(value: number): this;
  reconnectionAttempts(): number;
  reconnectionAttempts(value?: number): this | number;
  reconnectionAttempts(value?: number): this | number {
    return this.setting('reconnectionAttempts', value);
  }

  /** Reads or changes {@link ManagerOptions.reconnectionDelay} (ms). */
  reconnectionDelay(value: number): this;
  reconnectionDelay(): number;
  reconnectionDelay(value?: number): this | number;
  reconnectionDelay(value?: number): this | number {
    return this.setting('reconnectionDelay', value);
  }

  /** Reads or changes {@link ManagerOptions.reconnectionDelayMax} (ms). */
  reconnectionDelayMax(value: number): this;
  reconnectionDelayMax(): number;
  reconnectionDelayMax(value?: number): this | number;
  reconnectionDelayMax(value?: number): this | number {
    return this.setting('reconnectionDelayMax', value);
  }

  /** Reads or changes {@link ManagerOptions.randomizationFactor}. */
  randomizationFactor(value: number): this;
  randomizationFactor(): number;
  randomizationFactor(value?: number): this | number;
  randomizationFactor(value?: number): this | number {
    return this.setting('randomizationFactor', value);
  }

  /** Reads or changes how long one attempt to connect may take (ms), `false` for as long as it likes. */
  timeout(value: number | boolean): this;
  timeout(): number | boolean;
  timeout(value?: number | boolean): this | number | boolean;
  timeout(value?: number | boolean): this | number | boolean {
    return this.setting('timeout', value);
  }

  /**
   * Connects, unless that is done or under way.
   *
   * @param callback - told how this one attempt ended; the manager then makes no others of its own after a failure
   */
  open(callback?: (error?: Error) => void): this {
    if (this._readyState !== 'closed') return this;
    this._readyState = 'opening';
    this.skipReconnect = false;
    const engine = (this.engine = this.current = new Engine(this.uri as string, this.opts));
    const decoder = (this.decoder = new (this.opts.parser?.Decoder ?? Decoder)());

    /** An engine that we have done with may speak on; nobody listens. */
    const whileCurrent =
      <Args extends unknown[]>(handle: (...args: Args) => void) =>
      (...args: Args) => {
        if (this.current === engine) handle(...args);
      };
    const failed = (error: Error): void => {
      if (this._readyState === 'open') return this.broadcastError(error);
      this.detach();
      this.broadcastError(error);
      if (callback) callback(error);
      else if (!this._reconnecting && !this.attempts && this.settings.reconnection) this.reconnect();
    };

    decoder.on('decoded', whileCurrent(this.onPacket));
    engine.on(
      'open',
      whileCurrent(() => this.onOpen(callback)),
    );
    engine.on(
      'ping',
      whileCurrent(() => this.emitReserved('ping')),
    );
    engine.on('data', whileCurrent(this.onData));
    engine.on(
      'error',
      whileCurrent((error) => failed(error as Error)),
    );
    engine.on('close', whileCurrent(this.onClose));

    const { timeout } = this.settings;
    if (timeout !== false) {
      this.openTimer = this.after(timeout as number, () => {
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
    let socket = this.nsps.get(nsp);
    if (!socket) {
      socket = new Socket(this, nsp, opts);
      this.nsps.set(nsp, socket);
    } else if (this._autoConnect && !socket.active) {
      socket.connect();
    }
    return socket;
  }

  /** Closes the connection for all namespaces, and lets it be. */
  _close(): void {
    this.skipReconnect = true;
    this._reconnecting = false;
    clearTimeout(this.reconnectTimer);
    this.onClose('forced close');
  }

  /** {@inheritDoc Manager._close} */
  disconnect(): void {
    this._close();
  }

  /** A socket wants to hear of the connection. */
  _attach(nsp: string, sink: NamespaceSink): void {
    this.sinks.set(nsp, sink);
  }

  /** A socket wants to hear no more. With the last one the connection is closed. */
  _destroy(nsp: string): void {
    this.sinks.delete(nsp);
    if (!this.sinks.size) this._close();
  }

  /** Sends a packet. */
  _packet(packet: OutgoingPacket): void {
    for (const message of this.encoder.encode(packet)) this.engine.write(message, packet.options);
  }

  private setting<Name extends keyof Settings>(name: Name, value: Settings[Name] | undefined): this | Settings[Name] {
    if (value === undefined) return this.settings[name];
    this.settings[name] = value;
    return this;
  }

  private after(delayMs: number, task: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(task, delayMs);
    if (this.opts.autoUnref) timer.unref();
    return timer;
  }

  /** Lets go of the engine at hand. */
  private detach(): void {
    clearTimeout(this.openTimer);
    this._readyState = 'closed';
    this.current = undefined;
    this.decoder?.destroy();
  }

  /** Those that are there and stay: a listener may disconnect sockets, and those that it connects know already. */
  private tell(news: (sink: NamespaceSink) => void): void {
    const present = [...this.sinks];
    for (const [nsp, sink] of present) if (this.sinks.get(nsp) === sink) news(sink);
  }

  private broadcastError(error: Error): void {
    this.tell((sink) => sink.failed(error));
    this.emitReserved('error', error);
  }

  private onOpen(callback?: () => void): void {
    clearTimeout(this.openTimer);
    clearTimeout(this.reconnectTimer);
    this._readyState = 'open';
    this.tell((sink) => sink.opened());
    this.emitReserved('open');
    callback?.();
    const { attempts } = this;
    this.attempts = 0;
    if (this._reconnecting) {
      this._reconnecting = false;
      this.emitReserved('reconnect', attempts);
    }
  }

  private readonly onData = (message: unknown): void => {
    try {
      this.decoder!.add(message);
    } catch (error) {
      this.onClose('parse error', error as Error);
    }
  };

  private readonly onPacket = (packet: Packet): void => {
    this.sinks.get(packet.nsp)?.packet(packet);
    this.emitReserved('packet', packet);
  };

  private readonly onClose = (reason: string, description?: DisconnectDescription): void => {
    if (this._readyState === 'closed') return;
    this.detach();
    this.engine.close();
    this.attempts = 0;
    this.tell((sink) => sink.closed(reason, description));
    this.emitReserved('close', reason, description);
    // A listener may have connected or disconnected meanwhile.
    if (this.settings.reconnection) this.reconnect();
  };

  private reconnect(): void {
    if (this._reconnecting || this.skipReconnect || this._readyState !== 'closed') return;
    if (this.attempts >= this.settings.reconnectionAttempts) {
      this.attempts = 0;
      return void this.emitReserved('reconnect_failed');
    }
    this._reconnecting = true;
    const delayMs = backoffMs(this.settings, this.attempts, Math.random());
    this.attempts += 1;
    this.reconnectTimer = this.after(delayMs, () => {
      this.emitReserved('reconnect_attempt', this.attempts);
      // A listener may have disconnected.
      if (this.skipReconnect) return;
      this.open((error) => {
        if (!error) return;
        this._reconnecting = false;
        this.reconnect();
        this.emitReserved('reconnect_error', error);
      });
    });
  }
}
