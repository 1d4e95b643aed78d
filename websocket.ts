/** `throughline/websocket`: a complete WebSocket for Node, server and client, usable with no other part of Throughline. */
export { HandshakeError, WebSocket } from './client/websocket/index.ts';
export type { ClientOptions } from './client/websocket/index.ts';
export {
  acceptUpgrade,
  refuseUpgrade,
  ServerWebSocket,
  tellConnects,
  WebSocketServer,
} from './server/websocket/index.ts';
export type {
  AcceptOptions,
  ClientInfo,
  Http2AnyServer,
  Origins,
  VerifyAnswer,
  WebSocketServerOptions,
} from './server/websocket/index.ts';
export { CloseCode } from './shared/websocket/close-code.ts';
export { frameMessage } from './shared/websocket/frame-writer.ts';
export { resolveDeflate } from './shared/websocket/deflate-options.ts';
export type { DeflateOptions } from './shared/websocket/deflate-options.ts';
export { resolveLimits } from './shared/websocket/limits.ts';
export type { Limits } from './shared/websocket/limits.ts';
