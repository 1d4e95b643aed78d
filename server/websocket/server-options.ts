/** How a WebSocketServer is set up. */
import type { IncomingMessage, OutgoingHttpHeaders, Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';

import type { DeflateOptions } from '../../shared/websocket/deflate-options.ts';
import { messageLimit, resolveLimits } from '../../shared/websocket/limits.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import type { Origins } from './origins.ts';
import { ServerWebSocket } from './server-socket.ts';

/** Servers that connections can come from. One of HTTP/2 needs `settings: { enableConnectProtocol: true }` (RFC 8441). */
export type AnyServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

/** What `verifyClient` is asked about. */
export interface ClientInfo {
  readonly origin: string;
  readonly secure: boolean;
  readonly req: IncomingMessage;
}

/** Answers for `verifyClient`. A refusal's status is 401 where none is given. */
export type VerifyAnswer = (isAllowed: boolean, status?: number, body?: string, headers?: OutgoingHttpHeaders) => void;

/** Exactly one of `port`, `server` and `noServer` says where connections come from. */
export interface WebSocketServerOptions {
  /** Listens on a port of its own; 0 takes a free one. */
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly backlog?: number | undefined;
  /** Takes the upgrades of this server; its other requests are left alone. */
  readonly server?: AnyServer | undefined;
  /** The application hands upgrades over by `handleUpgrade`. */
  readonly noServer?: boolean | undefined;
  /** Takes requests for this path only. */
  readonly path?: string | undefined;

  /**
   * Which pages may connect. Default: those of the same host, unless `verifyClient` is given and decides. `'*'` lets all in.
   */
  readonly origins?: Origins | undefined;
  /**
   * Is asked before a request is accepted: answers by its result, which may be a promise, or by its second argument if it
   * takes two.
   */
  readonly verifyClient?: ((info: ClientInfo, answer: VerifyAnswer) => boolean | Promise<boolean> | void) | undefined;
  /** Chooses among the subprotocols that the client asks for; false for none of them. Default: the first. */
  readonly handleProtocols?: ((protocols: Set<string>, request: IncomingMessage) => string | false) | undefined;
  /** How messages are compressed, where the client offers that. Default false: not at all. */
  readonly perMessageDeflate?: boolean | DeflateOptions | undefined;
  /** The class of the sockets that listeners get: one that extends `ServerWebSocket`. */
  readonly WebSocket?: typeof ServerWebSocket | undefined;
  /** Whether `clients` holds the open connections. Default true. */
  readonly clientTracking?: boolean | undefined;
  /** Whether pings are answered by themselves. Default true. */
  readonly autoPong?: boolean | undefined;

  /** Most bytes of an incoming message; 0: as many as can be. Default 104,857,600, as with `ws`. */
  readonly maxPayload?: number | undefined;
  /** Most fragments of an incoming message; 0: no limit. Default 0. */
  readonly maxFragments?: number | undefined;
  /** Milliseconds until a closing handshake is cut. Default {@link Limits} `closeTimeoutMs`. */
  readonly closeTimeout?: number | undefined;
  /** Further limits, by their names in the table. */
  readonly limits?: Partial<Limits> | undefined;
  /** Options of `ws` that have nothing to say here: messages are told as they come, texts are always checked. */
  readonly allowSynchronousEvents?: boolean | undefined;
  readonly skipUTF8Validation?: boolean | undefined;
  readonly maxBufferedChunks?: number | undefined;
}

/** Without a prototype: what an application may have put on Object.prototype is no option. Null is as good as nothing. */
export function givenOptions(options: WebSocketServerOptions): WebSocketServerOptions {
  const given = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(options ?? {})) if (value !== null) given[name] = value;
  return given;
}

/** @throws OptionError naming the limit, its value and its range */
export function serverLimits(options: WebSocketServerOptions): Limits {
  return resolveLimits({
    maxMessageBytes: messageLimit(options.maxPayload),
    maxFragments: options.maxFragments,
    closeTimeoutMs: options.closeTimeout,
    ...options.limits,
  });
}

/** @throws TypeError for a class whose sockets a server can't open: those of a client dial by themselves */
export function socketClass({ WebSocket = ServerWebSocket }: WebSocketServerOptions): typeof ServerWebSocket {
  if (WebSocket === ServerWebSocket || WebSocket.prototype instanceof ServerWebSocket) return WebSocket;
  throw new TypeError('The "WebSocket" option must be a class that extends ServerWebSocket');
}
