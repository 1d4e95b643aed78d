/**
 * WebSockets over HTTP/2 (RFC 8441): a stream opened by an extended CONNECT carries the same frames as a TCP connection.
 *
 * The server has to be made with `settings: { enableConnectProtocol: true }`: only then do browsers try.
 */
import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerResponse,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';

import debug from 'debug';

import { Connection } from '../../shared/websocket/connection.ts';
import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { isHeaderLine } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { endGently } from '../../shared/websocket/linger.ts';
import { agree } from './agree.ts';
import type { AcceptOptions } from './agree.ts';
import { badRequest, isRefusal, readOffers } from './bid.ts';
import type { Bid, Offers } from './bid.ts';
import type { Refusal } from './refuse-upgrade.ts';

const log = debug('throughline:websocket:accept');

export type Http2AnyServer = Http2Server | Http2SecureServer;

export function isHttp2Server(server: object): server is Http2AnyServer {
  return 'updateSettings' in server;
}

/**
 * Tells each CONNECT for a WebSocket that comes to `server`.
 *
 * @param onConnect says whether it took the stream; another listener may otherwise
 * @returns what ends this
 */
export function listenForConnect(
  server: Http2AnyServer,
  onConnect: (request: IncomingMessage, stream: ServerHttp2Stream) => boolean,
): () => void {
  const taken = new WeakSet<ServerHttp2Stream>();
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    if (headers[':method'] !== 'CONNECT' || headers[':protocol'] !== 'websocket') return;
    const request = new Http2ServerRequest(stream, headers, {}, raw);
    // Node's own class with the names of IncomingMessage, as handlers of requests get it over HTTP/2 as well.
    if (onConnect(request as unknown as IncomingMessage, stream)) taken.add(stream);
  };
  // Where an application handles requests, Node answers with 405 each CONNECT that nobody listens to.
  const onCompatible = ({ stream }: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (taken.has(stream) || server.listenerCount('connect') > 1) return;
    response.statusCode = 405;
    response.end();
  };
  server.prependListener('stream', onStream);
  server.on('connect', onCompatible);
  return () => void server.off('stream', onStream).off('connect', onCompatible);
}

/**
 * Takes over the stream of an extended CONNECT. Set the connection's sink in the tick in which this returns.
 *
 * @returns undefined where it was refused, and the stream closed
 */
export function acceptConnect(
  request: IncomingMessage,
  stream: ServerHttp2Stream,
  options: AcceptOptions,
): Connection | undefined {
  const offers = checkConnect(request);
  if (!isRefusal(offers)) return completeConnect(offers, stream, options);
  log('refused with %d: %s', offers.status, offers.body);
  refuseConnect(stream, offers, options.limits);
  return undefined;
}

/** The same, for an application to decide in between. */
export function connectBid(request: IncomingMessage, stream: ServerHttp2Stream, limits: Limits): Bid {
  const offers = checkConnect(request);
  return {
    request,
    stream,
    offers,
    // Only what was not refused is accepted.
    accept: (options) => completeConnect(offers as Offers, stream, options),
    refuse: (refusal) => refuseConnect(stream, refusal, limits),
  };
}

/** RFC 8441 §4, §5: the pseudo-headers of a request, no key. */
function checkConnect({ headers }: IncomingMessage): Offers | Refusal {
  for (const name of [':scheme', ':path', ':authority'])
    if (headers[name] === undefined) return badRequest(`${name} is missing.`);
  return readOffers(headers);
}

function completeConnect(offers: Offers, stream: ServerHttp2Stream, options: AcceptOptions): Connection {
  const { lines, deflate } = agree([':status: 200'], offers, options);
  stream.respond(toHeaders(lines));
  const settings = connectionSettings({ role: 'server', ...options });
  return new Connection(stream, settings, { head: Buffer.alloc(0), deflate });
}

function refuseConnect(stream: ServerHttp2Stream, refusal: Refusal, limits: Limits): void {
  const headers: OutgoingHttpHeaders = { ':status': refusal.status, 'content-type': 'text/plain; charset=utf-8' };
  for (const [name, value] of Object.entries(refusal.headers ?? {})) {
    // RFC 9113 §8.2.2: a header that is about the connection makes a message malformed.
    const isOfConnection = /^(connection|upgrade|keep-alive|transfer-encoding)$/i.test(name);
    if (value !== undefined && !isOfConnection && isHeaderLine(`${name}: ${String(value)}`))
      headers[name.toLowerCase()] = String(value);
  }
  stream.respond(headers);
  endGently(stream, refusal.body ?? '', limits);
}

function toHeaders(lines: readonly string[]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const line of lines) {
    const colon = line.indexOf(':', 1);
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}
