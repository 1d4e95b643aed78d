/**
 * The entry `throughline` in Node: the server, and beside it the client, so that one name stands in for `socket.io` and for
 * `socket.io-client`. Where both have a name (`Socket`), the value is the server's, and the type fits both.
 */
export { Fetch, Manager, NodeWebSocket, NodeXHR, WebSocket, XHR, protocol } from './client/index.ts';
export type { ManagerOptions, SocketOptions } from './client/index.ts';
export { Socket, connect, io } from './either-socket.ts';
export { Adapter, BroadcastOperator, Namespace, RemoteSocket, Server } from './server/events/index.ts';
export type {
  DefaultEventsMap,
  DisconnectReason,
  DrainOptions,
  Event,
  EventMetrics,
  EventTrace,
  ExtendedError,
  Handshake,
  Health,
  Histogram,
  ListenerErrorContext,
  Metrics,
  ServerOptions,
} from './server/events/index.ts';
