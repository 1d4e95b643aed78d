/**
 * The entry `throughline` in Node: the server, and beside it the client, so that one name stands in for `socket.io` and for
 * `socket.io-client`. Where both have a name (`Socket`), it is the server's; the client's is on `throughline/client`.
 */
export { Fetch, Manager, NodeWebSocket, NodeXHR, WebSocket, XHR, connect, io, protocol } from './client/index.ts';
export type { ManagerOptions, SocketOptions } from './client/index.ts';
export { Adapter, BroadcastOperator, Namespace, RemoteSocket, Server, Socket } from './server/events/index.ts';
export type {
  DefaultEventsMap,
  DisconnectReason,
  Event,
  ExtendedError,
  Handshake,
  ListenerErrorContext,
  ServerOptions,
} from './server/events/index.ts';
