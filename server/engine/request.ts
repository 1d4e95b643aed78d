/** What the engine reads from a request beside its headers. */
import type { IncomingMessage } from 'node:http';
import { parse } from 'node:querystring';
import type { ParsedUrlQuery } from 'node:querystring';

import { readCount } from '../../shared/engine/count.ts';

/** A request whose query may have been read. Middleware written for Engine.IO looks for it under this name. */
interface Queried extends IncomingMessage {
  _query?: ParsedUrlQuery;
}

/** Without a prototype, and yet of a class: so V8 gives it a shape. */
class ShapedQuery implements ParsedUrlQuery {
  [name: string]: string | string[] | undefined;
}
Object.setPrototypeOf(ShapedQuery.prototype, null);

/** The parameters of a request's URL, read once. */
export function queryOf(request: Queried): ParsedUrlQuery {
  const url = request.url ?? '';
  // oxlint-disable-next-line no-underscore-dangle
  return (request._query ??= parse(url.slice(url.indexOf('?') + 1 || url.length)));
}

/** For a request that is kept: its query is a map as `parse` makes it, and takes 200 bytes less with a shape. */
export function shapeQuery(request: Queried): void {
  // oxlint-disable-next-line no-underscore-dangle
  request._query = Object.assign(new ShapedQuery(), queryOf(request));
}

/** The number of a request among those of its session, where the peer numbers them. */
export function turnOf(request: IncomingMessage): number | undefined {
  return readCount(queryOf(request)['turn']);
}
