/** Node's servers that speak HTTP: to listen on a port, and to close in bounded time. */
import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';

/** Any of them. */
export type HttpServerInstance = HttpServer | HttpsServer | Http2SecureServer | Http2Server;

/** How long requests that are still being answered are waited for (ms). */
const CLOSE_TIMEOUT_MS = 5_000;

/** A server on `port` that has nothing to say of its own. */
export function listenOn(port: number): HttpServer {
  return createServer((_request, response) => response.writeHead(404).end()).listen(port);
}

/** Closes a server, if there is one; what isn't done in time is cut off. Resolves with its error if it had one. */
export function closeServer(server: HttpServerInstance | undefined): Promise<Error | undefined> {
  if (!server) return Promise.resolve(undefined);
  const cut = setTimeout(() => (server as Partial<HttpServer>).closeAllConnections?.(), CLOSE_TIMEOUT_MS);
  return new Promise((resolve) => {
    server.close((error) => {
      clearTimeout(cut);
      resolve(error);
    });
  });
}
