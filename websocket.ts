/** `throughline/websocket`: a complete WebSocket for Node, server and client, usable with no other part of Throughline. */
export { HandshakeError, WebSocket } from './client/websocket/index.ts';
export type { ClientOptions } from './client/websocket/index.ts';
export { acceptUpgrade, refuseUpgrade, ServerWebSocket, WebSocketServer } from './server/websocket/index.ts';
export type { ClientInfo, Origins, VerifyAnswer, WebSocketServerOptions } from './server/websocket/index.ts';
export { CloseCode } from './shared/websocket/close-code.ts';
export { frameMessage } from './shared/websocket/frame-writer.ts';
export type { Limits } from './shared/websocket/limits.ts';
