/**
 * WebSockets over HTTP/2 (RFC 8441): a stream opened by an extended CONNECT carries the same frames as a TCP connection.
 *
 * The server has to be made with `settings: { enableConnectProtocol: true }`: only then do browsers try.
 */
import { Http2ServerRequest } from 'node:http2';
import type {
  Http2SecureServer,
  Http2Server,
  Http2ServerResponse,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { Connection } from '../../shared/websocket/connection.ts';
import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { isHeaderLine } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { endGently } from '../../shared/websocket/linger.ts';
import { agree } from './agree.ts';
import type { AcceptOptions } from './agree.ts';
import { badRequest, offerHeaders, readOffers } from './bid.ts';
import type { Offers, Refusal } from './bid.ts';
import type { RequestHead } from './plain-request.ts';

type Http2AnyServer = Http2Server | Http2SecureServer;

/** The servers whose CONNECTs are told already, by how many. */
const told = new WeakMap<Http2AnyServer, { users: number; readonly stop: () => void }>();

/**
 * Has `server`, if it is one of HTTP/2, tell each CONNECT for a WebSocket as an `upgrade`, with the stream in the place of the
 * socket: whoever takes upgrades takes these too.
 *
 * @returns what ends this, once all who asked for it have ended it
 */
export function tellConnects(server: object): () => void {
  if (!isHttp2Server(server)) return () => {};
  const entry = told.get(server) ?? { users: 0, stop: startTelling(server) };
  told.set(server, entry);
  entry.users++;
  let isEnded = false;
  return () => {
    if (isEnded) return;
    isEnded = true;
    if (--entry.users > 0) return;
    told.delete(server);
    entry.stop();
  };
}

/** Whether what was handed over is not a socket but a stream of HTTP/2. */
export function isHttp2Stream(stream: Duplex): stream is ServerHttp2Stream {
  // Most are sockets, and a property that is not there is looked for in all of their prototypes.
  return !(stream instanceof Socket) && 'respond' in stream;
}

/** RFC 8441 §4, §5: the pseudo-headers of a request, and no key. */
export function checkConnect({ headers }: RequestHead): Offers | Refusal {
  for (const name of [':scheme', ':path', ':authority'])
    if (headers[name] === undefined) return badRequest(`${name} is missing.`);
  return readOffers(offerHeaders(headers));
}

export function completeConnect(offers: Offers, stream: ServerHttp2Stream, options: AcceptOptions): Connection {
  const { head, deflate } = agree(':status: 200', offers, options);
  stream.respond(toHeaders(head.split('\r\n')));
  const settings = connectionSettings({ role: 'server', ...options });
  return new Connection(stream, settings, { head: Buffer.alloc(0), deflate });
}

export function refuseConnect(stream: ServerHttp2Stream, refusal: Refusal, limits: Limits): void {
  const lines = [`:status: ${refusal.status}`];
  for (const [name, value] of Object.entries(refusal.headers ?? {})) {
    const line = `${name}: ${String(value)}`;
    // RFC 9113 §8.2.2: a header that is about the connection makes a message malformed.
    const isOfConnection = /^(connection|upgrade|keep-alive|transfer-encoding)$/i.test(name);
    if (value !== undefined && !isOfConnection && isHeaderLine(line)) lines.push(line);
  }
  stream.respond(toHeaders(lines));
  endGently(stream, refusal.body ?? '', limits);
}

function isHttp2Server(server: object): server is Http2AnyServer {
  return 'updateSettings' in server;
}

function startTelling(server: Http2AnyServer): () => void {
  const taken = new WeakSet<ServerHttp2Stream>();
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    if (headers[':method'] !== 'CONNECT' || headers[':protocol'] !== 'websocket') return;
    const request = new Http2ServerRequest(stream, headers, {}, raw);
    if (server.emit('upgrade', request, stream, Buffer.alloc(0))) taken.add(stream);
  };
  // Where an application handles requests, Node answers with 405 each CONNECT that nobody listens to.
  const onConnect = ({ stream }: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (taken.has(stream) || server.listenerCount('connect') > 1) return;
    response.statusCode = 405;
    response.end();
  };
  server.prependListener('stream', onStream);
  server.on('connect', onConnect);
  return () => void server.off('stream', onStream).off('connect', onConnect);
}

function toHeaders(lines: readonly string[]): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const line of lines) {
    const colon = line.indexOf(':', 1);
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return headers;
}
