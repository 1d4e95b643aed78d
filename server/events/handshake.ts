/** What is known of a client from the request that opened its session. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ParsedUrlQuery } from 'node:querystring';
import type { TLSSocket } from 'node:tls';

import type { Session } from '../engine/index.ts';

/** The handshake details. */
export interface Handshake {
  /** The headers of the request. */
  headers: IncomingHttpHeaders;
  /** When the socket was made, for people. */
  time: string;
  /** The client's address. */
  address: string;
  /** Whether the request came from a page of another origin. */
  xdomain: boolean;
  /** Whether the connection is encrypted. */
  secure: boolean;
  /** When the socket was made (ms since 1970). */
  issued: number;
  /** The URL of the request. */
  url: string;
  /** The query in it. */
  query: ParsedUrlQuery;
  /** What the client sent along to connect to the namespace. */
  // The application's own data.
  // oxlint-disable-next-line no-explicit-any
  auth: { [key: string]: any };
}

/** The engine leaves the parsed query with the request. */
type EngineRequest = IncomingMessage & { readonly _query?: ParsedUrlQuery };

/** @param issued - ms since 1970 */
export function buildHandshake(session: Session, auth: Record<string, unknown> | undefined, issued: number): Handshake {
  const request: EngineRequest = session.request;
  return {
    headers: request.headers,
    time: new Date(issued).toString(),
    address: session.remoteAddress,
    xdomain: Boolean(request.headers.origin),
    // The connection may be gone already, and on plain HTTP it has no such field.
    secure: Boolean((request.socket as Partial<TLSSocket> | null)?.encrypted),
    issued,
    url: request.url ?? '',
    query: request._query ?? {},
    auth: auth ?? {},
  };
}
