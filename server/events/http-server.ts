/** Node's servers that speak HTTP: to listen on a port, and to close in bounded time. */
import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';

/** Any of them. */
export type HttpServerInstance = HttpServer | HttpsServer | Http2SecureServer | Http2Server;

/** How long requests that are still being answered are waited for (ms), at most, and at least where a drain came before. */
const CLOSE_TIMEOUT_MS = 5_000;
const DRAINED_TIMEOUT_MS = 500;

/** A server on `port` that has nothing to say of its own. */
export function listenOn(port: number): HttpServer {
  const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
  return createServer((_request, response) => response.writeHead(404, headers).end()).listen(port);
}

/**
 * Closes a server, if there is one; what isn't done in time is cut off. Resolves with its error if it had one.
 *
 * @param leftMs - of the time for a drain, where there was one: that was theirs as well
 */
export function closeServer(
  server: HttpServerInstance | undefined,
  leftMs = CLOSE_TIMEOUT_MS,
): Promise<Error | undefined> {
  if (!server) return Promise.resolve(undefined);
  const timeoutMs = Math.min(CLOSE_TIMEOUT_MS, Math.max(DRAINED_TIMEOUT_MS, leftMs));
  const cut = setTimeout(() => (server as Partial<HttpServer>).closeAllConnections?.(), timeoutMs);
  return new Promise((resolve) => {
    server.close((error) => {
      clearTimeout(cut);
      resolve(error);
    });
  });
}
