/** What the engine reads from a request beside its headers. */
import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import type { ParsedUrlQuery } from 'node:querystring';

import { readCount } from '../../shared/engine/count.ts';
import { ShapedMap } from '../../shared/shaped-map.ts';
import { PlainRequest } from '../websocket/index.ts';

/** A request as Node tells it, or one that came without HTTP's parser and becomes such a one where the application looks. */
export type AnyRequest = IncomingMessage | PlainRequest;

/** A request whose query may have been read. Middleware written for Engine.IO looks for it under this name. */
interface Queried extends IncomingMessage {
  _query?: ParsedUrlQuery;
}

/** The last query that nobody but us sees: clients that open on a WebSocket mostly all have the same. */
let lastUrl = '';
let lastQuery = read(lastUrl);

/** The parameters of a request's URL, read once. */
export function queryOf(request: AnyRequest): Readonly<ParsedUrlQuery> {
  // oxlint-disable-next-line no-underscore-dangle
  if (!(request instanceof PlainRequest)) return ((request as Queried)._query ??= read(request.url ?? ''));
  const { url } = request;
  if (url !== lastUrl) lastQuery = read(url);
  // Also where it reads the same: to find out that it is the same takes less.
  lastUrl = url;
  return lastQuery;
}

/** A request as the application gets to see it. */
export function messageOf(request: AnyRequest): IncomingMessage {
  if (!(request instanceof PlainRequest)) return request;
  const { message } = request;
  // Applications look for it there.
  queryOf(message);
  return message;
}

function read(url: string): ParsedUrlQuery {
  const query = parse(url.slice(url.indexOf('?') + 1 || url.length));
  // As Engine.IO has it: an empty id is none, and of a parameter that is there twice the last counts. But who has a
  // session knows how to ask for it: then what is there twice stays a list, which fits nothing.
  if (query['sid'] === '') delete query['sid'];
  if (query['sid'] === undefined)
    for (const [name, value] of Object.entries(query)) if (Array.isArray(value)) query[name] = value.at(-1);
  return query;
}

/** For a request that is kept: it takes as little memory as can be. */
export function shrink(request: AnyRequest): void {
  if (request instanceof PlainRequest) return request.forget();
  // The query is a map as `parse` makes it, and takes 200 bytes less with a shape.
  // oxlint-disable-next-line no-underscore-dangle
  (request as Queried)._query = Object.assign(new ShapedMap() as ParsedUrlQuery, queryOf(request));
}

/** The number of a request among those of its session, where the peer numbers them. */
export function turnOf(request: AnyRequest): number | undefined {
  return readCount(queryOf(request)['turn']);
}
