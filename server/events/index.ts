/** The server's events floor. */
export { Server } from './server.ts';
export type { HttpServerInstance, ListenerErrorContext, ServerReservedEventsMap } from './server.ts';
export { Namespace } from './namespace.ts';
export type { NamespaceReservedEventsMap } from './namespace.ts';
export { Socket } from './socket.ts';
export type { DisconnectReason, Event, SocketReservedEventsMap } from './socket.ts';
export { BroadcastOperator, RemoteSocket } from './broadcast-operator.ts';
export type { Handshake } from './handshake.ts';
export type { ExtendedError } from './run-middleware.ts';
export type { ServerOptions } from './options.ts';
