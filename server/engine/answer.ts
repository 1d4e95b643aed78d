/**
 * Answers to HTTP requests: one `writeHead` and one `end` each, with headers that forbid caching and sniffing, and with
 * what listeners of `initial_headers` and `headers` add. Those of sessions that go on leave together (see {@link PendingAnswer}),
 * all others at once.
 */
import type { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { deflate, gzip } from 'node:zlib';

import debug from 'debug';
import { serialize } from 'cookie';

import type { Packet } from '../../shared/engine/packet.ts';
import { flushTogether } from '../../shared/websocket/turn.ts';
import { headerOf } from '../websocket/index.ts';
import { preferredEncoding } from './accept-encoding.ts';
import type { Counts } from './counts.ts';
import { jsonpIndex, jsonpScript } from './jsonp.ts';
import type { Settings } from './options.ts';
import { PendingAnswer } from './pending-answer.ts';
import { errors, refusalBody } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { messageOf, queryOf } from './request.ts';
import type { AnyRequest } from './request.ts';
import { SEPARATOR } from './revision-4.ts';
import { codecFor, revisionOf } from './revisions.ts';

const log = debug('throughline:engine:answer');

/** Names and values in turns, as `writeHead` takes them. */
export type HeaderList = readonly string[];

const NOTHING: HeaderList = [];

const LAST: Manner = { mayCompress: false, isLast: true };

/** For Internet Explorer, whose filter of cross-site scripting could be made to break pages. */
const UNFILTERED: HeaderList = ['X-XSS-Protection', '0'];

/** On every answer. Vary, because what an Origin may have another may not. */
const always: HeaderList = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'Vary', 'Origin'];
const polled: HeaderList = ['Content-Type', 'text/plain; charset=UTF-8', ...always];
const polledBinary: HeaderList = ['Content-Type', 'application/octet-stream', ...always];
const scripted: HeaderList = ['Content-Type', 'text/javascript; charset=UTF-8', ...always];
/** No proxy may hold a stream back to compress or to change it; nginx has a header of its own for that. */
const streamed: HeaderList = [
  'Cache-Control',
  'no-store, no-transform',
  'X-Accel-Buffering',
  'no',
  'X-Content-Type-Options',
  'nosniff',
  'Vary',
  'Origin',
];
const posted: HeaderList = ['Content-Type', 'text/html', 'Content-Length', '2', ...always];
const refused: HeaderList = ['Content-Type', 'application/json', ...always];

/** How a poll is answered. */
export interface Manner {
  /** Whether the payload may be compressed, where it is large and the peer agrees. */
  readonly mayCompress: boolean;
  /** Whether it ends the session. */
  readonly isLast: boolean;
}

type HeaderBag = Record<string, string | string[] | number>;

export class Answers {
  private readonly server: EventEmitter;
  private readonly settings: Settings;
  private readonly counts: Counts;

  constructor(server: EventEmitter, settings: Settings, counts: Counts) {
    this.server = server;
    this.settings = settings;
    this.counts = counts;
  }

  /** The headers that the application adds to the first answer of session `id`. */
  initialHeaders(request: AnyRequest, id: string): HeaderList {
    const { server, settings } = this;
    if (settings.cookie === false && server.listenerCount('initial_headers') === 0) return this.laterHeaders(request);
    const bag: HeaderBag = {};
    // A list, to which listeners add theirs.
    const cookie = sessionCookie(settings, request, id);
    if (cookie !== undefined) bag['Set-Cookie'] = [cookie];
    server.emit('initial_headers', bag, messageOf(request));
    server.emit('headers', bag, messageOf(request));
    return [...filterHeaders(request), ...listOf(bag)];
  }

  /** The headers that the application adds to any other answer. */
  laterHeaders(request: AnyRequest): HeaderList {
    if (this.server.listenerCount('headers') === 0) return filterHeaders(request);
    const bag: HeaderBag = {};
    this.server.emit('headers', bag, messageOf(request));
    return [...filterHeaders(request), ...listOf(bag)];
  }

  /** Answers a poll with a payload. */
  poll(response: ServerResponse, payload: string | Buffer, { mayCompress, isLast }: Manner, added: HeaderList): void {
    const { httpCompression, allowEIO3 } = this.settings;
    const index = allowEIO3 && typeof payload === 'string' ? jsonpIndex(response.req) : undefined;
    const body = index === undefined ? payload : jsonpScript(index, payload as string);
    const type = index !== undefined ? scripted : typeof payload === 'string' ? polled : polledBinary;
    const size = Buffer.byteLength(body);
    if (mayCompress && httpCompression !== undefined && size >= httpCompression.threshold) {
      const encoding = preferredEncoding(response.req.headers['accept-encoding'], ['gzip', 'deflate']);
      if (encoding !== undefined) return this.compress(response, body, encoding, joined(type, added));
    }
    this.counts.bytes.sent += size;
    const answer = new PendingAnswer(response, joined([...type, 'Content-Length', String(size)], added), body);
    // What ends a session ends a server or a process, too: nothing may come of a later turn.
    if (isLast) answer.flush();
    else flushTogether(answer);
  }

  /** Begins an answer that does not end. */
  stream(response: ServerResponse, isEventStream: boolean, added: HeaderList): void {
    const type = isEventStream ? 'text/event-stream' : 'text/plain; charset=UTF-8';
    response.writeHead(200, joined(['Content-Type', type, ...streamed], added));
    response.flushHeaders();
  }

  /** Answers a POST whose packets were taken. */
  post(response: ServerResponse, added: HeaderList): void {
    flushTogether(new PendingAnswer(response, joined(posted, added), 'ok'));
  }

  /** Tells a peer of the end of its session. What is left of a body is not read. */
  farewell(response: ServerResponse, packets: readonly Packet[]): void {
    const codec = codecFor(revisionOf(response.req, this.settings.allowEIO3) ?? 4, response.req);
    // On a stream each packet is followed by it; the last one would be taken for cut short.
    const end = queryOf(response.req)['transport'] === 'streaming' ? SEPARATOR : '';
    this.poll(response, codec.writePayload(packets) + end, LAST, lastHeaders(response));
  }

  /** Answers a POST that comes after the end as if it had been taken. What is left of its body is not read. */
  postInVain(response: ServerResponse): void {
    this.post(response, [...this.laterHeaders(response.req), ...lastHeaders(response)]);
  }

  /** @param isLast - whether the TCP connection ends with it: then what is left of the request's body is not read */
  refuse(response: ServerResponse, why: Refusal, isLast = false): void {
    if (response.headersSent) return;
    // What one Origin may do is nobody else's business.
    if (why.code === errors.FORBIDDEN)
      for (const name of response.getHeaderNames()) if (name.startsWith('access-control-')) response.removeHeader(name);
    const body = refusalBody(why);
    const headers = [...refused, 'Content-Length', String(Buffer.byteLength(body))];
    if (why.retryAfter !== undefined) headers.push('Retry-After', String(why.retryAfter));
    // Over HTTP/2 a stream ends by itself, and that header is not allowed.
    if ((isLast || why.retryAfter !== undefined) && response.req.httpVersionMajor < 2)
      headers.push('Connection', 'close');
    response.writeHead(why.status, headers).end(body);
  }

  private compress(
    response: ServerResponse,
    body: string | Buffer,
    encoding: 'gzip' | 'deflate',
    given: HeaderList,
  ): void {
    const pack = encoding === 'gzip' ? gzip : deflate;
    pack(body, (error, packed) => {
      if (response.destroyed) return;
      if (error) return void response.destroy(error);
      this.counts.bytes.sent += packed.length;
      const headers = [...given, 'Content-Encoding', encoding, 'Content-Length', String(packed.length)];
      response.writeHead(200, headers).end(packed);
    });
  }
}

/** For an answer that comes before the whole of the request's body: the connection ends with it. */
function lastHeaders({ req }: ServerResponse): HeaderList {
  return req.complete || req.httpVersionMajor >= 2 ? NOTHING : ['Connection', 'close'];
}

function filterHeaders(request: AnyRequest): HeaderList {
  const agent = headerOf(request, 'user-agent');
  return agent !== undefined && (agent.includes('MSIE ') || agent.includes('Trident/')) ? UNFILTERED : NOTHING;
}

function sessionCookie({ cookie }: Settings, request: AnyRequest, id: string): string | undefined {
  if (cookie === false) return undefined;
  const { name = 'io', ...given } = typeof cookie === 'object' ? cookie : {};
  const isSecure = 'encrypted' in request.socket;
  try {
    return serialize(name, id, { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure, ...given });
  } catch (error) {
    // The options were checked, but an `encode` of the application's can make anything of an id.
    log('cookie left out: %s', error);
    return undefined;
  }
}

/** Our headers, and in the place of some of them those that listeners set. What varies with the Origin does so whatever they say. */
function joined(ours: HeaderList, added: HeaderList): string[] {
  // `writeHead` changes nothing of it.
  if (added.length === 0) return ours as string[];
  const replaced = new Set(added.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  replaced.delete('vary');
  return [...ours.filter((_, index) => !replaced.has(ours[index - (index % 2)]!.toLowerCase())), ...added];
}

/** What listeners put into the bag, as a list. A header that could break out of its line is left out. */
function listOf(bag: HeaderBag): HeaderList {
  const list: string[] = [];
  for (const [name, given] of Object.entries(bag)) {
    for (const value of Array.isArray(given) ? given : [String(given)]) {
      try {
        validateHeaderName(name);
        validateHeaderValue(name, value);
        list.push(name, value);
      } catch {
        log('header %j left out: not allowed in HTTP', name);
      }
    }
  }
  return list;
}
