/**
 * A session with an Engine.IO server: engine.io-client's `Socket` by name and meaning, and where the server is ours one
 * that outlives its transports. What it runs on is in `line.ts`.
 */
import type { BinaryType } from 'engine.io-parser';
import { Emitter } from '../../shared/emitter.ts';
import { sizeOf } from '../../shared/engine/outbox.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';
import type { SessionCore } from '../../shared/engine/session.ts';
import { ThroughlineError } from '../../shared/errors.ts';
import { protocol } from '#client/codec';
import { defaultBinaryType } from '#client/environment';
import { byteLength, payloadBytes } from './byte-length.ts';
import { type Environment, environmentFor, memory } from './environment.ts';
import { openLine } from './line.ts';
import { resolveOptions, type ResolvedOptions, type SocketOptions, type TransportCtor } from './options.ts';
import { Polling } from './polling.ts';
import type { SocketReservedEvents } from './socket-events.ts';
import { Streaming } from './streaming.ts';
import type { TimelineEntry } from './timeline.ts';
import type { Transport } from './transport.ts';
import { WebSocketTransport } from './websocket.ts';

/** The transports that have names. */
export const transports = { polling: Polling, websocket: WebSocketTransport, streaming: Streaming };

/** How a message is to be sent. */
export interface WriteOptions {
  /** Whether a WebSocket may compress it. @defaultValue true */
  compress?: boolean;
}

/** Shared by all packets that don't say otherwise. What is as usual, the journal need not keep. */
const COMPRESSED = { compress: true };

export class Socket extends Emitter<Record<never, never>, Record<never, never>, SocketReservedEvents> {
  static protocol = protocol;

  declare id: string | undefined;
  /** What carries the session, or carried it last. */
  declare transport: Transport;
  readyState: 'opening' | 'open' | 'closing' | 'closed' = 'closed';
  /** Messages that have not left yet: those that wait, and those that a transport is about to send. */
  writeBuffer: Packet[] = [];
  binaryType: BinaryType = defaultBinaryType;
  /** The transports that the server offers beside the first. */
  upgrades: string[] = [];
  /** Most bytes that the server takes at once; Infinity until it has said. */
  maxPayload = Infinity;
  readonly opts: ResolvedOptions;
  /** @internal */
  readonly environment: Environment;
  /** Of the session at hand, or of the last one. @internal */
  declare core: SessionCore;
  /** @internal */
  declare timeline: TimelineEntry[];
  /** Closes the session when what is on its way has left. */
  declare private closeLine: () => void;

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
    this.open();
  }

  /** Whether the last session carried by a WebSocket worked: then `rememberUpgrade` opens the next one on it. */
  static get priorWebsocketSuccess(): boolean {
    return memory.priorWebsocketSuccess;
  }

  static set priorWebsocketSuccess(value: boolean) {
    memory.priorWebsocketSuccess = value;
  }

  get hostname(): string {
    return this.opts.hostname;
  }

  get secure(): boolean {
    return this.opts.secure;
  }

  get port(): string | number {
    return this.opts.port || (this.secure ? '443' : '80');
  }

  /** Messages that the server has not confirmed; with a server that doesn't count, those that no transport has taken. */
  get unconfirmed(): number {
    const { core } = this;
    return core.stateName === 'opening' ? this.writeBuffer.length : core.unconfirmed;
  }

  /** Opens a session anew, after one was closed. */
  open(): this {
    if (this.readyState !== 'closed') return this;
    const classes: Record<string, TransportCtor> = { ...transports };
    const names = this.opts.transports.map((each) => {
      if (typeof each === 'string') return each;
      const { name } = each.prototype as Transport;
      classes[name] = each;
      return name;
    });
    this.timeline = [];
    this.readyState = 'opening';
    this.closeLine = openLine(this, names, classes, this.emitReserved.bind(this));
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
    // A callback in its place has no such property.
    const settings = (options as WriteOptions | null)?.compress === false ? { compress: false } : undefined;
    const packet: Packet = { type: 'message', data, options: settings ?? COMPRESSED };
    this.assertFits(data);
    if (this.isHeard) this.emitReserved('packetCreate', packet);
    const onFlush = typeof options === 'function' ? options : callback;
    if (onFlush) this.once('flush', onFlush);
    this.writeBuffer.push(packet);
    // A listener may have changed it.
    if (this.readyState === 'open') this.core.send(packet.data!, settings);
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
   * @internal
   */
  assertFits(data: RawData): void {
    const { maxPayload, transport } = this;
    const isText = typeof data === 'string';
    // A UTF-16 unit takes three bytes at most, base64 four for three.
    if (sizeOf(data) * 3 < maxPayload) return;
    const isBare = !isText && transport.name === 'websocket';
    const bytes = isBare ? byteLength(data) : payloadBytes({ type: 'message', data }) - 1;
    if (bytes > maxPayload)
      throw new ThroughlineError('ERR_TOO_BIG', `message of ${bytes} bytes, the server takes ${maxPayload}`);
  }

  /**
   * Resolves when the server has seen all that was sent so far.
   *
   * @throws {@link ThroughlineError} `ERR_CLOSED`, as a rejection, where the session ends before
   */
  flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (confirmed: boolean): void =>
        confirmed ? resolve() : reject(new ThroughlineError('ERR_CLOSED', 'closed unconfirmed'));
      const wait = (): void => this.core.whenFlushed(settle);
      if (this.core.stateName === 'opening') this.once('open', wait).once('close', () => settle(false));
      else wait();
    });
  }

  /** What became of each way to carry the session, oldest first, and what that means. */
  explain(): readonly TimelineEntry[] {
    return [...this.timeline];
  }

  /** Closes the session. What was sent before leaves first. */
  close(): this {
    const { readyState } = this;
    if (readyState === 'opening' || readyState === 'open') {
      this.readyState = 'closing';
      if (readyState === 'open' || !this.writeBuffer.length) this.closeLine();
    }
    return this;
  }
}
