/** The server's events floor. */
export { Adapter } from './adapter/adapter.ts';
export { BroadcastOperator, RemoteSocket } from './broadcast-operator.ts';
export { Namespace } from './namespace.ts';
export { Server } from './server.ts';
export { Socket } from './socket.ts';
export type { DefaultEventsMap } from '../../shared/emitter.ts';
export type { Handshake } from './handshake.ts';
export type { NamespaceReservedEventsMap } from './namespace.ts';
export type { AdapterConstructor, ConnectionStateRecovery, ServerOptions } from './options.ts';
export type { ExtendedError } from './run-middleware.ts';
export type { ListenerErrorContext, ServerReservedEventsMap } from './server.ts';
export type { Event, EventMiddleware, SocketReservedEventsMap } from './socket.ts';
export type { LatestEmitter } from './socket.ts';
export type { InvalidPayload } from './validators.ts';
export type { DisconnectReason } from './disconnect-reason.ts';
export type { DrainOptions } from '../engine/index.ts';
export type { Health } from './engines.ts';
export type { HttpServerInstance } from './http-server.ts';
