/**
 * What all transports have in common, ours and those that an application brings: engine.io-client's `Transport` by name
 * and meaning, and the requests of a session that can resume.
 *
 * A subclass says how it opens, writes and closes, and calls `onOpen`, `onData`, `onError` and `onClose`.
 */
import { Emitter } from '../../shared/emitter.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';
import type { Lane } from '../../shared/engine/transport.ts';
import { decodePacket } from '#client/codec';
import type { ConnectOptions } from './environment.ts';
import { defined } from './options.ts';
import type { Socket } from './socket.ts';
import { TransportError } from './transport-error.ts';

/** Why a transport closed. */
export interface TransportCloseDetails {
  description: string;
  context?: unknown;
}

export interface TransportReservedEvents {
  open: () => void;
  error: (error: TransportError) => void;
  packet: (packet: Packet) => void;
  close: (details?: TransportCloseDetails) => void;
  poll: () => void;
  pollComplete: () => void;
  drain: () => void;
  /** Bytes came on the way down, a sign of life. @param isMidway - whether they go on with a packet that had begun before */
  heard: (isMidway: boolean) => void;
}

/** What a session that can resume lets its requests say. @internal */
export interface Counts {
  /** How long the answer to a POST may take before it is taken for lost, and sent again (ms). */
  patienceMs: number;
  /** The number of the next request, growing with each. */
  turn(): number;
  /** How many messages were seen, which the server is now told. */
  seen(): number;
  /** The server has taken a POST; of the way down that says nothing. */
  taken(): void;
}

/** A probe joins its session by a `5`, what attaches joins it with its first request. */
export type Joining = 'probe' | 'attach';

/** What a transport is made with. */
export interface TransportOptions extends ConnectOptions {
  readonly socket: Socket;
  /** There are none before the session is open, or without resume. @internal */
  readonly counts?: Counts | undefined;
  /** How it joins a session that is open: asking first whether this way is open, or at once. @internal */
  readonly joins?: Joining;
}

export abstract class Transport extends Emitter<Record<never, never>, Record<never, never>, TransportReservedEvents> {
  abstract get name(): string;
  query: Record<string, string>;
  writable = false;
  readyState: 'opening' | 'open' | 'pausing' | 'paused' | 'closed' | undefined;
  /** Where the stream of incoming messages is. @internal */
  lane: Lane = { next: 1 };
  /** @internal */
  counts: Counts | undefined;
  protected opts: TransportOptions;
  protected socket: Socket;
  protected supportsBinary: boolean;
  /** Until its first request. */
  protected joins: Joining | undefined;

  constructor(options: TransportOptions) {
    super();
    this.opts = options;
    this.socket = options.socket;
    this.query = options.query ?? {};
    this.supportsBinary = !options.forceBase64;
    this.counts = options.counts;
    this.joins = options.joins;
  }

  /** How many bytes one `send` may carry. @internal */
  get maxBatchBytes(): number {
    return Infinity;
  }

  open(): this {
    this.readyState = 'opening';
    this.doOpen();
    return this;
  }

  close(): this {
    if (this.readyState && this.readyState !== 'closed') {
      this.doClose();
      this.onClose();
    }
    return this;
  }

  /** @param from - the number of the first message among `packets` */
  send(packets: readonly Packet[], from?: number): void {
    if (this.readyState === 'open' || this.writable) this.write(packets, from);
  }

  /** Stops, so that another transport can go on, and calls back when nothing is on its way any more. */
  pause(onPause: () => void): void {
    onPause();
  }

  /** Asks whether this way is open at both ends: `3probe` answers. */
  probe(): void {
    this.send([{ type: 'ping', data: 'probe' }]);
  }

  /**
   * Tells the server that the page goes away.
   *
   * @param _next - the number that the next message would have
   * @returns true where there is nothing left to say it on
   * @internal
   */
  farewell(_next: number): boolean | void {
    this.send([{ type: 'close' }]);
  }

  protected abstract doOpen(): void;
  protected abstract doClose(): void;
  protected abstract write(packets: readonly Packet[], from?: number): void;

  protected onOpen(): void {
    this.readyState = 'open';
    this.writable = true;
    this.emitReserved('open');
  }

  /** @internal */
  onData(data: RawData): void {
    this.onPacket(decodePacket(data, this.socket.binaryType) as Packet);
  }

  protected onPacket(packet: Packet): void {
    if (this.readyState === 'closed') return;
    this.owner?.packet?.(packet);
    if (this.isHeard) this.dispatch('packet', [packet]);
  }

  protected onError(reason: string, description?: unknown, context?: unknown): this {
    if (this.readyState !== 'closed') this.emitReserved('error', new TransportError(reason, description, context));
    return this;
  }

  protected onClose(details?: TransportCloseDetails): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.writable = false;
    this.emitReserved('close', details);
  }

  /** What was written has left. @internal */
  protected onDrain(): void {
    if (this.readyState !== 'open') return;
    this.writable = true;
    this.emitReserved('drain');
  }

  /** The parameters of a request that brings messages: at first what we offer, then how many we have seen, but for probes. @internal */
  protected incoming(): object {
    const { counts, joins } = this;
    if (!counts) return this.query['sid'] || this.opts.resume === false ? {} : { resume: 1 };
    const turn = counts.turn();
    this.joins = undefined;
    if (joins === 'probe') return { turn };
    const seen = counts.seen();
    this.lane = { next: seen + 1 };
    return { seen, turn, attach: joins && 1 };
  }

  /** The address of a request. An application may ask a transport for it that belongs to no session. */
  protected createUri(scheme: 'http' | 'ws', query: object = {}): string {
    const { hostname, secure, port, path, timestampRequests, timestampParam } = this.opts;
    const isStamped = timestampRequests ?? scheme === 'http';
    const all = {
      ...this.query,
      ...query,
      [timestampParam!]: isStamped
        ? ((this.socket as Socket | undefined)?.environment ?? Math).random().toString(36).slice(2)
        : undefined,
      b64: this.supportsBinary ? undefined : 1,
    };
    const host = hostname?.includes(':') ? `[${hostname}]` : hostname;
    // A default port, or none, is left out.
    return new URL(
      `${scheme}${secure ? 's' : ''}://${host}:${port ?? ''}${path}?${new URLSearchParams(defined(all) as never)}`,
    ).href;
  }
}
