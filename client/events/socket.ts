/**
 * One namespace of a server, as the application sees it: `emit` and `on`.
 *
 * What is emitted while there is no connection waits and is sent with the next one. The connection itself, and when to
 * make it again, is the manager's business.
 */
import type { DefaultEventsMap, EventNames, EventParams, EventsMap } from '../../shared/emitter.ts';
import { callListener } from '../../shared/emitter.ts';
import type {
  AllButLast,
  DecorateAcknowledgements,
  FirstNonErrorArg,
  Last,
} from '../../shared/events/acknowledgements.ts';
import type { Packet } from '../../shared/events/packet.ts';
import {
  ACK,
  BINARY_ACK,
  BINARY_EVENT,
  CONNECT,
  CONNECT_ERROR,
  DISCONNECT,
  EVENT,
  isDataValid,
} from '../../shared/events/packet.ts';
import { clockFor } from '../engine/clock.ts';
import type { Acknowledgements, Settle } from './acknowledgements.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { CatchAllEmitter } from './catch-all-emitter.ts';
import type { Manager, OutgoingPacket } from './manager.ts';
import type {
  DisconnectDescription,
  DisconnectReason,
  ExtendedError,
  SocketReservedEvents,
} from './reserved-events.ts';
import type { Flags, RetryQueue } from './retry-queue.ts';
import { createRetryQueue } from './retry-queue.ts';
import type { Auth, AuthFunction, SocketOptions } from './socket-options.ts';

/** Most events have none: made once, and replaced rather than changed. */
const NO_FLAGS: Flags = {};

export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends CatchAllEmitter<ListenEvents, EmitEvents, SocketReservedEvents> {
  readonly io: Manager<ListenEvents, EmitEvents>;
  /** Names this connection of the namespace, for all to know; there is none while disconnected. */
  declare id: string | undefined;
  connected = false;
  /** Whether the server went on where the last connection ended, and missed events are on their way. */
  recovered = false;
  /** What is sent when joining; may be changed before the next connection. */
  auth: Auth | undefined;
  /** Events that came before the server said that we are connected. */
  receiveBuffer: (readonly unknown[])[] = [];
  /** Events to be sent once connected. */
  sendBuffer: OutgoingPacket[] = [];

  private readonly nsp: string;
  private readonly opts: Partial<SocketOptions>;
  private readonly acks: Acknowledgements;
  private readonly retryQueue: RetryQueue | undefined;
  /** Secret: whoever holds it can have what this socket missed. */
  private pid: string | undefined;
  /** Names the last event that came, for the server to go on from there. */
  private lastOffset: string | undefined;
  private nextId = 0;
  private nextFlags = NO_FLAGS;
  /** Whether it wants to hear of the connection. */
  private wantsConnection = false;

  constructor(io: Manager<ListenEvents, EmitEvents>, nsp: string, opts: Partial<SocketOptions> = {}) {
    super();
    this.io = io;
    this.nsp = nsp;
    this.opts = opts;
    this.auth = opts.auth;
    this.acks = createAcknowledgements(clockFor(io.opts));
    if (opts.retries) {
      this.retryQueue = createRetryQueue(
        opts.retries,
        () => this.connected,
        (data, flags, callback) => this.transmit(data, flags, callback),
      );
    }
    if (io._autoConnect) this.open();
  }

  /** Whether there is no connection. */
  get disconnected(): boolean {
    return !this.connected;
  }

  /** Whether the socket is connected, or will be with the next connection: false once either side has disconnected it. */
  get active(): boolean {
    return this.wantsConnection;
  }

  /** Connects, unless connected. Needed after the server or the application disconnected the socket. */
  connect(): this {
    const { io } = this;
    if (!this.wantsConnection) {
      this.wantsConnection = true;
      if (io._readyState === 'open') this.joinNamespace();
    }
    if (!io._reconnecting) io.open();
    return this;
  }

  /** {@inheritDoc Socket.connect} */
  open(): this {
    return this.connect();
  }

  /** Emits `message`. */
  // oxlint-disable-next-line no-explicit-any
  send(...args: any[]): this {
    return this.emit('message' as EventNames<EmitEvents>, ...(args as EventParams<EmitEvents, EventNames<EmitEvents>>));
  }

  /**
   * Sends an event. A function as last argument is called with the server's acknowledgement.
   *
   * @throws Error for the name of an event of the socket's own, and for what is no name
   */
  override emit<Ev extends EventNames<EmitEvents>>(event: Ev, ...args: EventParams<EmitEvents, Ev>): this {
    const { nextFlags: flags } = this;
    this.nextFlags = NO_FLAGS;
    // As JavaScript has it with keys.
    const data: unknown[] = [typeof event === 'number' ? String(event) : event, ...args];
    const callback = typeof data.at(-1) === 'function' ? (data.pop() as Settle) : undefined;
    if (!isDataValid(EVENT, data)) throw new Error(`"${String(event)}" is a reserved event name`);
    if (this.retryQueue && !flags.volatile) this.retryQueue.add(data, flags, callback);
    else this.transmit(data, flags, callback);
    return this;
  }

  /** Sends an event, and resolves with the first value of its acknowledgement; rejects when there can be none any more. */
  emitWithAck<Ev extends EventNames<EmitEvents>>(
    event: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>> {
    return new Promise((resolve, reject) => {
      const callback: Settle = (error, answer) => {
        if (error) reject(error);
        // The server's answer has the type that the application says it has.
        else resolve(answer as FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>);
      };
      this.addFlags({ takesError: true });
      this.emit(event, ...([...args, callback] as EventParams<EmitEvents, Ev>));
    });
  }

  /** Disconnects, and does not connect again by itself. The last socket of a connection closes that too. */
  disconnect(): this {
    if (this.connected) this.io._packet({ type: DISCONNECT, nsp: this.nsp });
    this.destroy();
    if (this.connected) this.onLeft('io client disconnect');
    return this;
  }

  /** {@inheritDoc Socket.disconnect} */
  close(): this {
    return this.disconnect();
  }

  /** Whether the next event may be compressed on its way. */
  compress(compress: boolean): this {
    return this.addFlags({ compress });
  }

  /** The next event is dropped, and does not wait, where it can't be sent at once. */
  get volatile(): this {
    return this.addFlags({ volatile: true });
  }

  /** The next event's callback is given an error when there is no acknowledgement within this time (ms). */
  timeout(timeout: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>> {
    // The same socket: what differs holds for the next event only.
    return this.addFlags({ timeout }) as unknown as Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>>;
  }

  /** Messages that the server has not confirmed, those that wait for a connection and those of other namespaces among them. */
  get unconfirmed(): number {
    return this.sendBuffer.length + (this.io.engine?.unconfirmed ?? 0);
  }

  /**
   * Resolves when the server has seen all that was emitted so far.
   *
   * Rejects with `ERR_CLOSED` where the connection ends before; what waits for a connection is waited for.
   */
  async flushed(): Promise<void> {
    if (!this.connected) await new Promise<void>((resolve) => this.once('connect', resolve));
    return this.io.engine.flushed();
  }

  /** What becomes of the connection below, as the manager's events tell it. @internal */
  hear(event: string, details: unknown[]): void {
    if (!this.wantsConnection) return;
    if (event === 'open') this.joinNamespace();
    else if (event === 'error') this.onFailed(details[0] as ExtendedError);
    else if (event === 'close') this.onLeft(...(details as [string, DisconnectDescription?]));
    else this.dispatch(event, details);
  }

  /** A packet of this namespace came. @internal */
  take(packet: Packet): void {
    if (!this.wantsConnection) return;
    const { type, id, data } = packet;
    switch (type) {
      case CONNECT:
        if (data?.sid) this.joined(data.sid, data.pid);
        else this.onFailed(new Error('the server speaks Socket.IO 2'));
        break;
      case EVENT:
      case BINARY_EVENT:
        this.onevent(packet);
        break;
      case ACK:
      case BINARY_ACK:
        this.acks.settle(id!, null, ...data);
        break;
      case DISCONNECT:
        this.destroy();
        this.onLeft('io server disconnect');
        break;
      case CONNECT_ERROR:
        this.destroy();
        this.onFailed(Object.assign(new Error(data.message), { data: data.data }));
    }
  }

  /**
   * Takes an event. Socket.IO's by the same name is what packages and applications replace in a socket, to see all that comes in:
   * so it is asked for anew each time, and takes a packet twice.
   */
  onevent({ id, data }: Packet): void {
    if (id !== undefined) data.push(this.ack(id));
    this.deliverOrBuffer(data);
  }

  /** What a listener is given to acknowledge an event. Works once, and not on a later connection. */
  ack(id: number): (...args: unknown[]) => void {
    const connection = this.id;
    let isSent = false;
    return (...data) => {
      if (isSent || (connection ?? this.id) !== this.id) return;
      isSent = true;
      this.io._packet({ type: ACK, nsp: this.nsp, id, data });
    };
  }

  /** Sends an event, or keeps it until there is a connection. */
  private transmit(
    data: unknown[],
    { volatile, compress, timeout = this.opts.ackTimeout, takesError }: Flags,
    callback: Settle | undefined,
  ): void {
    if (volatile && !(this.connected && this.io.engine.transport.writable)) return;
    const packet: OutgoingPacket = { type: EVENT, nsp: this.nsp, data, options: { compress: compress !== false } };
    if (callback) packet.id = this.nextId++;
    this.sendOrBuffer(packet);
    if (!callback) return;
    const settle: Settle = (error, ...answer) => {
      if (takesError || timeout !== undefined) callback.call(this, error, ...answer);
      else if (!error) (callback as (...answer: unknown[]) => void).apply(this, answer);
    };
    // Last: where sending threw, nobody waits for an answer.
    this.acks.expect(packet.id!, settle, timeout, () => {
      this.sendBuffer = this.sendBuffer.filter((waiting) => waiting !== packet);
    });
  }

  private sendOrBuffer(packet: OutgoingPacket): void {
    if (this.connected) {
      this.notifyAny(this.listenersAnyOutgoing(), packet.data);
      this.io._packet(packet);
    } else this.sendBuffer.push(packet);
  }

  private addFlags(flags: Flags): this {
    this.nextFlags = { ...this.nextFlags, ...flags };
    return this;
  }

  private onFailed(error: ExtendedError): void {
    if (!this.connected) this.emitReserved('connect_error', error);
  }

  /** Asks to be let into the namespace. */
  private joinNamespace(): void {
    const join = (auth?: object): void => {
      const { pid, lastOffset: offset } = this;
      this.io._packet({ type: CONNECT, nsp: this.nsp, data: pid ? { pid, offset, ...auth } : auth });
    };
    // TypeScript takes an object with any properties for something that may be a function of another kind.
    if (typeof this.auth === 'function') callListener(this, this.auth as AuthFunction, [join]);
    else join(this.auth);
  }

  private joined(id: string, pid: string | undefined): void {
    this.id = id;
    this.recovered = !!pid && this.pid === pid;
    this.pid = pid;
    this.connected = true;
    const { sendBuffer, receiveBuffer } = this;
    this.sendBuffer = [];
    this.receiveBuffer = [];
    for (const args of receiveBuffer) this.deliverOrBuffer(args);
    // One that turns out to be too large throws, and must not take the others along.
    for (const packet of sendBuffer) callListener(this, this.sendOrBuffer, [packet]);
    this.retryQueue?.drain();
    this.emitReserved('connect');
  }

  private deliverOrBuffer(args: readonly unknown[]): void {
    if (!this.connected) return void this.receiveBuffer.push(args);
    this.notifyAny(this.listenersAny(), args);
    this.dispatch(args[0], args.slice(1));
    const last = args.at(-1);
    // A server that can recover puts the offset behind the arguments.
    if (this.pid && typeof last === 'string') this.lastOffset = last;
  }

  private destroy(): void {
    this.wantsConnection = false;
    this.io._destroy(this);
  }

  private onLeft(reason: string, description?: DisconnectDescription): void {
    this.connected = false;
    this.id = undefined;
    this.emitReserved('disconnect', reason as DisconnectReason, description);
    this.acks.disconnected((id) => this.sendBuffer.some((waiting) => waiting.id === id));
  }
}

// oxlint-disable-next-line typescript/no-namespace -- where Socket.IO's users look for it
export declare namespace Socket {
  export type { DisconnectReason };
}
