export { acceptUpgrade } from './accept-upgrade.ts';
export type { AcceptOptions } from './accept-upgrade.ts';
export { refuseUpgrade } from './refuse-upgrade.ts';
export type { Refusal } from './refuse-upgrade.ts';
export { ServerWebSocket } from './server-socket.ts';
export { WebSocketServer } from './websocket-server.ts';
export type { ClientInfo, VerifyAnswer, WebSocketServerOptions } from './server-options.ts';
export type { Origins } from './origins.ts';
