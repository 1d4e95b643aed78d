export { WebSocket } from './websocket.ts';
export type { ClientOptions } from './client-options.ts';
export { HandshakeError } from './handshake-error.ts';
