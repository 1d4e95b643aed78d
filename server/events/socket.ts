/**
 * A client in a namespace, as the application sees it.
 *
 * What most sockets never use (flags, callbacks, middleware, handshake, data) takes no memory until it is used: an idle
 * connection is one of these objects, its two rooms and a place in its namespace.
 */
import type { IncomingMessage } from 'node:http';

import type { DefaultEventsMap, EventNames, EventParams, EventsMap } from '../../shared/emitter.ts';
import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNamesWithAck,
  FirstNonErrorArg,
  Last,
} from '../../shared/events/acknowledgements.ts';
import { PacketType } from '../../shared/events/packet.ts';
import type { Packet } from '../../shared/events/packet.ts';
import type { Session } from '../engine/index.ts';
import type { Adapter } from './adapter/adapter.ts';
import type { Room, Session as RecoveredSession, SessionToPersist, SocketId } from './adapter/types.ts';
import type { Client } from './client.ts';
import { RECOVERABLE } from './disconnect-reason.ts';
import type { DisconnectReason } from './disconnect-reason.ts';
import { callTraced, isTraced } from './event-trace.ts';
import { buildHandshake } from './handshake.ts';
import type { Handshake } from './handshake.ts';
import { LatestValues } from './latest.ts';
import type { LatestEmitter } from './latest.ts';
import type { Namespace } from './namespace.ts';
import { refuseReserved } from './reserved.ts';
import { runMiddleware } from './run-middleware.ts';
import type { Next } from './run-middleware.ts';
import { OrderedChecks } from './ordered-checks.ts';
import { PendingAcks } from './pending-acks.ts';
import type { AckCallback, CallAck } from './pending-acks.ts';
import type { Server } from './server.ts';
import { followSession, isSessionEvent } from './session-events.ts';
import type { SessionEventsMap } from './session-events.ts';
import { SocketBroadcaster } from './socket-broadcaster.ts';
import { createPrivateId, createSocketId } from './socket-id.ts';
import { unwatched } from './unwatched.ts';

/** What a socket emits by itself. */
export interface SocketReservedEventsMap extends SessionEventsMap {
  // Socket.IO's users annotate it as they like.
  // oxlint-disable-next-line no-explicit-any
  disconnect: (reason: DisconnectReason, description?: any) => void;
  /** As `disconnect`, while the socket is still in its rooms. */
  // oxlint-disable-next-line no-explicit-any
  disconnecting: (reason: DisconnectReason, description?: any) => void;
  /** A middleware of the socket's refused an event, or what came in is no packet. */
  error: (error: Error) => void;
}

/** `[name, ...args]` */
// What an event carries is the application's to say.
// oxlint-disable-next-line no-explicit-any
export type Event = [string, ...any[]];

/** Asked for every event that comes in: calls `next` to let it go on, with an error to refuse it. */
export type EventMiddleware = (event: Event, next: Next) => unknown;

export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // As Socket.IO declares it: without a type of its own, `data` is anything.
  // oxlint-disable-next-line no-explicit-any
  SocketData = any,
> extends SocketBroadcaster<ListenEvents, EmitEvents, SocketReservedEventsMap, SocketData> {
  readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  readonly client: Client<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The public id: others may know it. */
  readonly id: SocketId;
  /** Whether the state of an earlier connection was restored: rooms, data, and what was sent meanwhile. */
  readonly recovered: boolean;
  /** The secret that the session can be recovered with, if sessions are. */
  private pid: string | undefined;
  private missedPackets: unknown[][] | undefined;
  private readonly sentAuth: Record<string, unknown> | undefined;
  private readonly issued: number;
  private state: 'connecting' | 'connected' | 'closed' = 'connecting';
  private middleware: EventMiddleware[] | undefined = undefined;
  private lazyAcks: PendingAcks | undefined = undefined;
  private lazyHandshake: Handshake | undefined = undefined;
  private lazyData: SocketData | undefined;
  private lazyLatest: LatestValues | undefined = undefined;
  private unfollow: (() => void) | undefined = undefined;
  private lazyChecks: OrderedChecks<Event> | undefined = undefined;

  constructor(
    nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    client: Client<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    auth: Record<string, unknown> | undefined,
    previous?: RecoveredSession,
  ) {
    super();
    this.nsp = nsp;
    this.client = client;
    this.sentAuth = auth;
    this.issued = Date.now();
    this.recovered = previous !== undefined;
    this.id = previous?.sid ?? createSocketId();
    this.pid = previous?.pid ?? (nsp.server.recovers ? createPrivateId() : undefined);
    this.missedPackets = previous?.missedPackets;
    // What an adapter restores is what it was given to keep.
    this.lazyData = previous?.data as SocketData | undefined;
    if (previous) void this.join(previous.rooms);
  }

  /** The handshake details. */
  get handshake(): Handshake {
    return (this.lazyHandshake ??= buildHandshake(this.conn, this.sentAuth, this.issued));
  }

  /** The application's own; other servers see it in {@link Server.fetchSockets}. */
  get data(): SocketData {
    // Its type is the application's; until it puts something in, it is empty.
    return (this.lazyData ??= {} as SocketData);
  }

  set data(data: SocketData) {
    this.lazyData = data;
  }

  /** Whether the client is in the namespace: not yet in a middleware, no more in `disconnect`. */
  get connected(): boolean {
    return this.state === 'connected';
  }

  /** The opposite of {@link connected}. */
  get disconnected(): boolean {
    return !this.connected;
  }

  /** Whether it is yet to be decided on whether the client may come in. */
  get isWaiting(): boolean {
    return this.state === 'connecting';
  }

  /** The server that its namespace belongs to. */
  get server(): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.nsp.server;
  }

  /** The request that opened the session. */
  get request(): IncomingMessage {
    return this.client.request;
  }

  /** The session below: `socket.conn.transport.name` is `polling` or `websocket`. */
  get conn(): Session {
    return this.client.conn;
  }

  /** The rooms that it is in, its own among them. */
  get rooms(): Set<Room> {
    return this.adapter.socketRooms(this.id) ?? new Set();
  }

  /** Callbacks by the id of the packet that they wait for. Adapters add to it. */
  get acks(): PendingAcks {
    return (this.lazyAcks ??= new PendingAcks());
  }

  /**
   * Emits to this client. A callback as last argument gets its answer; after {@link timeout} it gets `(error, answer)`.
   *
   * @returns always true
   */
  override emit<Ev extends EventNames<EmitEvents>>(ev: Ev, ...args: EventParams<EmitEvents, Ev>): boolean;
  override emit(...event: unknown[]): boolean {
    refuseReserved(event[0]);
    const flags = this.takeFlags();
    const packet: Packet = { type: PacketType.EVENT, nsp: this.nsp.name, data: event };
    const callback = event.at(-1);
    if (typeof callback === 'function') {
      event.pop();
      packet.id = this.nsp._ids++;
      this.acks.wait(packet.id, callback as AckCallback, flags?.timeout, this.callAck);
    }
    if (this.nsp.server.recovers) {
      // The adapter keeps it in case that the client comes back.
      unwatched(this.adapter.broadcast(packet, { rooms: new Set([this.id]), except: new Set(), flags: flags ?? {} }));
    } else {
      this.notifyOutgoingListeners(packet);
      this.client.send(packet, flags);
    }
    return true;
  }

  /**
   * Emits to this client and waits for its answer.
   *
   * @returns the answer; rejects after {@link timeout}
   */
  emitWithAck<Ev extends EventNamesWithAck<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>> {
    const hasTimeout = this.hasTimeout;
    return new Promise((resolve, reject) => {
      // With a timeout, an error comes before the answer.
      const callback = hasTimeout
        ? (error: unknown, answer: never) => (error ? reject(error) : resolve(answer))
        : resolve;
      // What the map of events names at the end is the callback that we put there.
      this.emit(ev, ...([...args, callback] as EventParams<EmitEvents, Ev>));
    });
  }

  /**
   * Emits only the newest of the events that are emitted with this key while the client can't take them: positions, prices,
   * progress. What is already on its way gets there; an acknowledgement can't be had.
   */
  latest(key: string): LatestEmitter<EmitEvents> {
    this.lazyLatest ??= new LatestValues((event, done) => this.sendLatest(event, done));
    return this.lazyLatest.emitter(key);
  }

  /** Resolves once the client has seen all that was sent so far: true, or false where the session ended before. */
  flushed(): Promise<boolean> {
    return this.conn.flushed();
  }

  /** How many messages the client has not confirmed, over all its namespaces. */
  get unconfirmed(): number {
    return this.conn.unconfirmed;
  }

  /** Sends an event `message`. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    this.emit('message', ...args);
    return this;
  }

  /** {@inheritDoc Socket.send} */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /** How long the answer to the next event is waited for (ms). */
  timeout(timeout: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData> {
    this.nextFlags.timeout = timeout;
    // The same socket, its events seen differently.
    return this as unknown as Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData>;
  }

  /** Joins a room, or rooms. Does nothing once the socket is disconnected. */
  join(rooms: Room | Room[]): Promise<void> | void {
    if (this.state !== 'closed') return this.adapter.addAll(this.id, new Set(Array.isArray(rooms) ? rooms : [rooms]));
  }

  /** Leaves a room. */
  leave(room: Room): Promise<void> | void {
    return this.adapter.del(this.id, room);
  }

  /**
   * Disconnects this client from the namespace.
   *
   * @param close - whether its connection is closed, for all its namespaces
   */
  disconnect(close = false): this {
    if (!this.connected) return this;
    if (close) this.client.disconnect();
    else {
      this.client.send({ type: PacketType.DISCONNECT, nsp: this.nsp.name });
      this.client.leave(this.nsp.name);
      this._onclose('server namespace disconnect');
    }
    return this;
  }

  /** Adds a middleware, asked for every event that comes in. */
  use(middleware: EventMiddleware): this {
    (this.middleware ??= []).push(middleware);
    return this;
  }

  /** Called by the namespace when the client may come in. */
  welcome(): void {
    this.state = 'connected';
    void this.join(this.id);
    const { name } = this.nsp;
    // Before the client is told that it is in: Socket.IO's clients hold them back until `connect`.
    for (const data of this.missedPackets ?? []) this.client.send({ type: PacketType.EVENT, nsp: name, data });
    this.missedPackets = undefined;
    // Clients of Socket.IO 2 know no data here, and take the session's id for the socket's.
    if (this.conn.protocol === 3) this.client.send({ type: PacketType.CONNECT, nsp: name });
    else this.client.send({ type: PacketType.CONNECT, nsp: name, data: { sid: this.id, pid: this.pid } });
  }

  /** Takes a packet of this namespace. Called by the client. */
  receive(packet: Packet): void {
    switch (packet.type) {
      case PacketType.EVENT:
        this.onevent(packet);
        break;
      case PacketType.ACK:
        this.lazyAcks?.settle(packet.id!, packet.data, this.callAck);
        break;
      default:
        this._onclose('client namespace disconnect');
    }
  }

  /**
   * Takes an event. Socket.IO's by the same name is what packages and applications replace in a socket, to see all that comes in:
   * so it is asked for anew each time, and takes a packet twice.
   */
  onevent({ data, id }: Packet): void {
    const event: Event = data;
    if (id !== undefined) event.push(this.ack(id));
    const { validators } = this.nsp;
    if (validators === undefined) this.accept(event);
    else (this.lazyChecks ??= new OrderedChecks(validators, this)).take(event);
  }

  /** The callback that answers a packet, once. For {@link onevent}, and who replaces it. */
  ack(id: number): AckCallback {
    let isSent = false;
    return (...data) => {
      if (isSent) return;
      isSent = true;
      this.client.send({ type: PacketType.ACK, nsp: this.nsp.name, data, id });
    };
  }

  /** Takes an event that fits its schema, if it has one. */
  accept(event: Event): void {
    this.notifyIncomingListeners(event);
    if (this.middleware === undefined) this.dispatch(event);
    else {
      runMiddleware(
        this.middleware,
        event,
        (error) => this.listenerFailed(error, event),
        (error) => (error ? this.raise(error) : this.dispatch(event)),
      );
    }
  }

  /** Takes what a schema threw. */
  checkFailed(error: unknown, event: Event): void {
    this.listenerFailed(error, event);
  }

  /** What its client needs to come back to; undefined where it can't. */
  get session(): SessionToPersist | undefined {
    const { id: sid, pid } = this;
    return pid === undefined ? undefined : { sid, pid, rooms: [...this.rooms], data: this.data };
  }

  /** Its client has come back on another connection, here or to another server, where its session is now. */
  takenUp(): void {
    this.pid = undefined;
    this._onclose('transport close');
  }

  /** Takes an error that is the client's fault. */
  raise(error: Error): void {
    // Without a listener an EventEmitter throws.
    if (this.listenerCount('error') > 0) this.emitReserved('error', error);
  }

  /** Takes the end. */
  _onclose(reason: DisconnectReason, description?: unknown): void {
    if (this.state === 'closed') return;
    const wasConnected = this.connected;
    if (wasConnected) {
      this.emitReserved('disconnecting', reason, description);
      const { session } = this;
      if (session && RECOVERABLE.has(reason)) unwatched(this.adapter.persistSession(session));
      else if (session) this.nsp.forgetSession(session.pid);
    }
    this._cleanup();
    if (wasConnected) this.emitReserved('disconnect', reason, description);
  }

  /** Leaves everything, for good. */
  _cleanup(): void {
    this.state = 'closed';
    this.lazyAcks = undefined;
    this.unfollow?.();
    try {
      this.adapter.delAll(this.id);
    } catch (error) {
      // A listener of the adapter's threw: the socket leaves all the same.
      this.listenerFailed(error, ['leave-room']);
    }
    this.nsp.remove(this);
    this.client.remove(this);
  }

  /** Refuses the client. */
  refuse(data: unknown): void {
    this.client.send({ type: PacketType.CONNECT_ERROR, nsp: this.nsp.name, data });
  }

  protected override added(event: string | symbol): void {
    if (isSessionEvent(event))
      this.unfollow ??= followSession(this.conn, (name, details) => this.deliver([name, details]));
  }

  protected override listenerFailed(error: unknown, event: readonly unknown[]): void {
    this.nsp.server.reportListenerError(error, { socket: this, event: String(event[0]) });
  }

  /** @returns false where it can't be sent at all */
  private sendLatest(event: unknown[], done: () => void): boolean {
    if (!this.connected || !this.client.isOpen) return false;
    const packet: Packet = { type: PacketType.EVENT, nsp: this.nsp.name, data: event };
    this.notifyOutgoingListeners(packet);
    const isTaken = this.conn.transport.writable;
    this.client.send(packet, undefined, isTaken ? undefined : done);
    if (isTaken) done();
    return true;
  }

  /** A getter, for sockets that never ask for an answer need no function for it. */
  private get callAck(): CallAck {
    return (callback, args) => this.call(callback, args, ['ack']);
  }

  protected override get adapter(): Adapter {
    return this.nsp.adapter;
  }

  private dispatch(event: Event): void {
    // A listener or a middleware may have disconnected it; and an `error` that nobody listens to would be thrown.
    if (!this.connected || (event[0] === 'error' && this.listenerCount('error') === 0)) return;
    if (isTraced()) callTraced(this, event, (error) => this.listenerFailed(error, event));
    else this.deliver(event);
  }
}
