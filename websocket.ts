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
  Origins,
  PublishOptions,
  Refusal,
  VerifyAnswer,
  WebSocketServerOptions,
} from './server/websocket/index.ts';
export type { BinaryType, RawData } from './shared/websocket/announcer.ts';
export { CloseCode } from './shared/websocket/close-code.ts';
export { Connection } from './shared/websocket/connection.ts';
export { ConnectionError } from './shared/websocket/connection-error.ts';
export type { ConnectionSink } from './shared/websocket/connection-sink.ts';
export { resolveDeflate } from './shared/websocket/deflate-options.ts';
export type { DeflateOptions } from './shared/websocket/deflate-options.ts';
export { createWebSocketStream } from './shared/websocket/duplex-stream.ts';
export { frameMessage } from './shared/websocket/frame-writer.ts';
export { resolveLimits } from './shared/websocket/limits.ts';
export type { Limits } from './shared/websocket/limits.ts';
export type { SendData } from './shared/websocket/outgoing-data.ts';
export type { SendOptions } from './shared/websocket/web-socket-base.ts';
