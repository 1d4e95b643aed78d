/** Two ways to a running server: on an http server that is there, or on a port. */
import { createServer } from 'node:http';

import type { AnyHttpServer } from './interception.ts';
import type { AttachOptions, ServerOptions } from './options.ts';
import { Server } from './server.ts';

/** Makes a server and attaches it. */
export function attach(httpServer: AnyHttpServer, options?: ServerOptions & AttachOptions): Server {
  return new Server(options).attach(httpServer, options);
}

/**
 * Makes a server on a port of its own. Other requests there are answered with 501.
 *
 * @param listening - called once the port is open; the http server is the result's `httpServer`
 */
export function listen(port: number, listening?: () => void): Server;
export function listen(port: number, options?: ServerOptions & AttachOptions, listening?: () => void): Server;
export function listen(
  port: number,
  given?: (ServerOptions & AttachOptions) | (() => void),
  listening: (() => void) | undefined = typeof given === 'function' ? given : undefined,
): Server {
  const options = typeof given === 'function' ? undefined : given;
  const httpServer = createServer((_request, response) => {
    response
      .writeHead(501, { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
      .end('Not Implemented');
  });
  httpServer.listen(port, listening);
  return attach(httpServer, options);
}
