/** `throughline/client`: what `socket.io-client` offers, in browsers and in Node. */
export { protocol } from '../shared/events/packet.ts';
export { Fetch, NodeWebSocket, NodeXHR, WebSocket, XHR } from './engine/index.ts';
export { io, io as connect, Manager, Socket } from './events/index.ts';
export type {
  DisconnectDescription,
  ExtendedError,
  ManagerOptions,
  ManagerReservedEvents,
  SocketOptions,
  SocketReservedEvents,
} from './events/index.ts';
