/**
 * What the events floor needs of an engine: the only module that knows where the engine comes from.
 *
 * `Server#bind` takes any engine of this form, as Socket.IO's does: engine.io's, or one for another runtime.
 */
import type { EventEmitter } from 'node:events';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { Server as EngineServer } from 'engine.io';

import type { AttachOptions, ServerOptions } from '../engine/options.ts';

/** The fast way in: called instead of events `data` and `close`. */
export interface SessionReceiver {
  message(data: string | Buffer): void;
  closed(reason: string, description?: unknown): void;
}

/** How a message is sent. */
export interface SendOptions {
  compress?: boolean | undefined;
  volatile?: boolean | undefined;
  /** The message as ready WebSocket frames: a broadcast is framed once. */
  wsPreEncodedFrame?: Uint8Array | readonly Uint8Array[];
}

/** An Engine.IO session: engine.io's `Socket`. */
export interface Session extends EventEmitter {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly transport: { readonly name: string; readonly writable: boolean };
  readonly readyState: string;
  /** 4, or 3 for clients of Socket.IO 2. */
  readonly protocol: number;
  readonly remoteAddress: string;
  /** Sessions of our own engine have it, be it undefined; engine.io's don't. */
  receiver?: SessionReceiver | undefined;
  write(data: string | Buffer, options?: SendOptions, callback?: () => void): unknown;
  close(discard?: boolean): unknown;
}

/** An Engine.IO server, as far as this floor goes: engine.io's `Server`. */
export interface Engine extends EventEmitter {
  readonly clientsCount: number;
  attach(server: HttpServer, options?: AttachOptions): unknown;
  handleRequest(request: IncomingMessage, response: ServerResponse): unknown;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): unknown;
  use(middleware: (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void): unknown;
  close(): unknown;
}

export type { AttachOptions, ServerOptions as EngineOptions };

export function createEngine(options: ServerOptions): Engine {
  return new EngineServer(options as never) as unknown as Engine;
}
