/**
 * The server as middleware of Express and its kind: requests under its path are its own, all others go on.
 *
 * Upgrades don't pass through middleware. At the first request the http server is found that it came in on, and upgrades
 * under the path are taken from there.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Engine } from './engine.ts';

/** Connect's middleware. */
export type ConnectMiddleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void;

/** Node's http server leaves itself with each of its connections. */
type ServedSocket = NetSocket & { readonly server?: HttpServer };

/** @param path - without a slash at its end */
export function createMiddleware(engine: Engine, path: string, found: (server: HttpServer) => void): ConnectMiddleware {
  const prefix = `${path}/`;
  const seen = new WeakSet<HttpServer>();
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (request.url?.startsWith(prefix)) engine.handleUpgrade(request, socket, head);
  };
  return (request, response, next) => {
    const { server } = request.socket as ServedSocket;
    if (server !== undefined && !seen.has(server)) {
      seen.add(server);
      server.on('upgrade', upgrade);
      engine.once('close', () => server.off('upgrade', upgrade));
      found(server);
    }
    // Express cuts the path that a middleware is mounted at off the URL.
    const { originalUrl = request.url ?? '' } = request as IncomingMessage & { readonly originalUrl?: string };
    if (originalUrl.startsWith(prefix)) engine.handleRequest(request, response);
    else next();
  };
}
