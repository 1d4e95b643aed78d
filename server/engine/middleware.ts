/** Connect-style middleware, for requests and for upgrades. */
import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { ConnectResponse } from './connect-response.ts';

/** As in Express and Connect. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void | Promise<void>;

/** Runs `chain` in order; `done` is called once, with the first error or after the last. Not at all where one answers itself. */
export function runMiddleware(
  chain: readonly Middleware[],
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
): void {
  let at = 0;
  const step = (error?: unknown): void => {
    const current = chain[at];
    if (error !== undefined && error !== null) return done(error);
    if (current === undefined) return done();
    at++;
    let isPast = false;
    const next = (failure?: unknown): void => {
      if (isPast) return;
      isPast = true;
      step(failure);
    };
    try {
      // An async one that rejects has failed like one that throws.
      current(request, response, next)?.catch?.(next);
    } catch (failure) {
      next(failure ?? new Error('middleware threw'));
    }
  };
  step();
}

/** A response for an upgrade's request, on the raw socket: what middleware sets on it can be read, and what it answers is sent. */
export function responseFor(request: IncomingMessage, socket: Duplex): ServerResponse {
  if (!(socket instanceof Socket)) return new ConnectResponse(request, socket);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.end());
  return response;
}

/**
 * Takes the socket back from a response that nobody wrote to. Its head is asked for all the same: middleware that sets
 * a cookie at the last moment, as express-session does, waits for `writeHead`.
 */
export function releaseSocket(response: ServerResponse, socket: Duplex): void {
  if (socket instanceof Socket) response.detachSocket(socket);
  response.writeHead(101);
}
