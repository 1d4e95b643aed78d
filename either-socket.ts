/**
 * What `Socket` means on the entry `throughline`.
 *
 * One package stands in for two, and both have a `Socket`: programs annotate with it what `io()` gave them and what
 * `connection` hands them. The class is the server's; the type fits both, with the members of both. An end that lacks one
 * has it as `never`, so that using it there is still told. Nothing of this is there when a program runs.
 */
import { Socket as ClientSocketClass, io as connectClient } from './client/index.ts';
import type { ManagerOptions, Socket as ClientSocket, SocketOptions, SocketReservedEvents } from './client/index.ts';
import { Socket as ServerSocket } from './server/events/index.ts';
import type { DisconnectReason, EventMiddleware, SocketReservedEventsMap } from './server/events/index.ts';
import type {
  DefaultEventsMap,
  EventNames,
  EventParams,
  EventsMap,
  ListenerOptions,
  ReservedOrUserEventNames,
  ReservedOrUserListener,
} from './shared/emitter.ts';
import type {
  AllButLast,
  DecorateAcknowledgements,
  EventNamesWithAck,
  FirstNonErrorArg,
  Last,
} from './shared/events/acknowledgements.ts';

type AnyDisconnectReason = DisconnectReason | Parameters<SocketReservedEvents['disconnect']>[0];

// Each end has details of its own.
// oxlint-disable-next-line no-explicit-any
type Details = any;

type EventName<Map extends EventsMap> = ReservedOrUserEventNames<SocketReservedEvents & SocketReservedEventsMap, Map>;

type ClientOnly = 'active' | 'auth' | 'io' | 'receiveBuffer' | 'sendBuffer';

type ServerOnly =
  | 'acks'
  | 'broadcast'
  | 'client'
  | 'conn'
  | 'data'
  | 'eventNames'
  | 'except'
  | 'handshake'
  | 'in'
  | 'join'
  | 'latest'
  | 'leave'
  | 'listenerCount'
  | 'local'
  | 'nsp'
  | 'request'
  | 'rooms'
  | 'server'
  | 'to';

/** Called with an event's name and arguments. */
// What an event carries is the application's to say.
// oxlint-disable-next-line no-explicit-any
type AnyListener = (...args: any[]) => void;

/** Either end's socket. Those of `throughline/client` and of `Server#on('connection')` are assignable to it. */
export interface Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  // As Socket.IO declares it: without a type of its own, `data` is anything.
  // oxlint-disable-next-line no-explicit-any
  SocketData = any,
>
  extends
    Pick<ServerSocket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>, ServerOnly>,
    Pick<ClientSocket<ListenEvents, EmitEvents>, ClientOnly> {
  readonly id: string;
  readonly connected: boolean;
  readonly disconnected: boolean;
  readonly recovered: boolean;
  readonly volatile: this;
  // Picked, what returns `this` would return but the end's own type.
  connect(): this;
  open(): this;
  close(): this;
  use(middleware: EventMiddleware): this;
  write(...args: EventParams<EmitEvents, 'message'>): this;
  on(event: 'disconnect', listener: (reason: AnyDisconnectReason, details?: Details) => void): this;
  on<Ev extends keyof SocketReservedEvents>(
    event: Ev,
    listener: SocketReservedEvents[Ev],
    options?: ListenerOptions,
  ): this;
  on<Ev extends ReservedOrUserEventNames<SocketReservedEventsMap, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<SocketReservedEventsMap, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this;
  once(event: 'disconnect', listener: (reason: AnyDisconnectReason, details?: Details) => void): this;
  once<Ev extends keyof SocketReservedEvents>(
    event: Ev,
    listener: SocketReservedEvents[Ev],
    options?: ListenerOptions,
  ): this;
  once<Ev extends ReservedOrUserEventNames<SocketReservedEventsMap, ListenEvents>>(
    event: Ev,
    listener: ReservedOrUserListener<SocketReservedEventsMap, ListenEvents, Ev>,
    options?: ListenerOptions,
  ): this;
  off(event: EventName<ListenEvents>, listener?: AnyListener): this;
  removeListener(event: EventName<ListenEvents>, listener: AnyListener): this;
  removeAllListeners(event?: EventName<ListenEvents>): this;
  /** The client's returns itself, the server's `true`. */
  emit<Ev extends EventNames<EmitEvents>>(event: Ev, ...args: EventParams<EmitEvents, Ev>): boolean | this;
  emitWithAck<Ev extends EventNamesWithAck<EmitEvents>>(
    ev: Ev,
    ...args: AllButLast<EventParams<EmitEvents, Ev>>
  ): Promise<FirstNonErrorArg<Last<EventParams<EmitEvents, Ev>>>>;
  send(...args: EventParams<EmitEvents, 'message'>): this;
  compress(compress: boolean): this;
  timeout(timeout: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>, ServerSideEvents, SocketData>;
  disconnect(close?: boolean): this;
  onAny(listener: AnyListener): this;
  prependAny(listener: AnyListener): this;
  offAny(listener?: AnyListener): this;
  listenersAny(): AnyListener[];
  onAnyOutgoing(listener: AnyListener): this;
  prependAnyOutgoing(listener: AnyListener): this;
  offAnyOutgoing(listener?: AnyListener): this;
  listenersAnyOutgoing(): AnyListener[];
}

/** Only this class takes the client's sockets for its own: what is derived from it is asked as any other. */
function isSocket(this: unknown, value: unknown): value is Socket {
  const isOwn = Function.prototype[Symbol.hasInstance].bind(this as typeof ServerSocket);
  return isOwn(value) || (this === ServerSocket && value instanceof ClientSocketClass);
}

/** {@link Socket} as a value: the server's class, which for `instanceof` stands for the client's too. */
export const Socket = Object.defineProperty(ServerSocket, Symbol.hasInstance, {
  value: isSocket,
}) as typeof ServerSocket & { [Symbol.hasInstance](value: unknown): value is Socket };

// oxlint-disable-next-line typescript/no-namespace -- where users of Socket.IO's client look for it
export declare namespace Socket {
  export type DisconnectReason = AnyDisconnectReason;
}

/** `io` of `throughline/client`: its sockets are the client's, and fit {@link Socket} too. */
interface Lookup {
  (opts?: Partial<ManagerOptions & SocketOptions>): ClientSocket & Socket;
  (uri?: string, opts?: Partial<ManagerOptions & SocketOptions>): ClientSocket & Socket;
}

// The same function, its result seen with what it lacks.
export const io = connectClient as unknown as Lookup;
export { io as connect };
