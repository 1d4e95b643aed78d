export type { MessageReceiver } from '../../shared/websocket/announcer.ts';
export { WebSocket } from './websocket.ts';
export type { ClientOptions } from './client-options.ts';
export { HandshakeError } from './handshake-error.ts';
