/** The entry `throughline/engine`. */
import * as parser from 'engine.io-parser';

/** The packets and payloads of Engine.IO 4, as `engine.io-parser` has them. */
export { parser };
export { attach, listen } from './listen.ts';
export { framePacket } from './frame-packet.ts';
export { Server } from './server.ts';
export { Session, Session as Socket } from './session.ts';
export { Transport } from './transport.ts';
export { transports } from './transports.ts';
export { intercept } from './interception.ts';
export { protocol } from './protocol.ts';
export type {
  AllowRequest,
  AttachOptions,
  CookieOptions,
  HttpCompression,
  ResumeOptions,
  ServerOptions,
} from './options.ts';
export type { DrainOptions } from './drain.ts';
export type { Health } from './server.ts';
export type { Histogram } from './histogram.ts';
export type { BothWays, Metrics } from './metrics.ts';
export type { CloseDetails, Receiver, SendCallback } from './session.ts';
export type { AnyHttpServer, Interceptor } from './interception.ts';
export type { Middleware } from './middleware.ts';
export type { EngineErrorCode } from './refusal.ts';
