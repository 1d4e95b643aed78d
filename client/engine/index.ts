/** `throughline/engine-client`: what `engine.io-client` offers, in browsers and in Node. */
export { protocol } from '#client/codec';
export { nextTick } from '#client/environment';
export { installTimerFunctions } from './clock.ts';
export type { ResumeOptions, SocketOptions, TransportCtor, TransportName } from './options.ts';
export { parse } from './parse-uri.ts';
export type { ParsedUri } from './parse-uri.ts';
export { Polling as Fetch, Polling as NodeXHR, Polling as XHR } from './polling.ts';
export type { CloseDetails, HandshakeData, SocketReservedEvents } from './socket-events.ts';
export { Socket, Socket as SocketWithUpgrade, transports } from './socket.ts';
export type { WriteOptions } from './socket.ts';
export { SocketWithoutUpgrade } from './socket-without-upgrade.ts';
export { Streaming } from './streaming.ts';
export type { RungReason } from './meanings.ts';
export type { TimelineEntry } from './timeline.ts';
export { Transport } from './transport.ts';
export { TransportError } from './transport-error.ts';
export type { TransportReservedEvents } from './transport.ts';
export { WebSocketTransport as NodeWebSocket, WebSocketTransport as WebSocket } from './websocket.ts';
