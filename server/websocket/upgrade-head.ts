/**
 * The head of a plain request to upgrade, read without HTTP's whole grammar. Whatever is not as plain as every client's request
 * is left to Node's parser: this one never refuses, it only declines to read.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { holdsToken } from '../../shared/websocket/handshake.ts';

export interface UpgradeHead {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A target and values of printable ASCII, and names that are tokens (RFC 9110 §5.6.2). */
const PLAIN = /^GET (\/[\x21-\x7e]*) HTTP\/1\.1(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*)+$/;

/** More headers than any client has. */
const MOST_HEADERS = 64;

/** Headers with which a body comes, an answer is waited for, or a list is made. */
const special = new Set(['content-length', 'transfer-encoding', 'expect', 'te', 'trailer', 'set-cookie']);

/** @param text the request's lines, without the CR LF of the last one */
export function readUpgradeHead(text: string): UpgradeHead | undefined {
  const url = PLAIN.exec(text)?.[1];
  if (url === undefined) return undefined;
  const headers: IncomingHttpHeaders = {};
  let count = 0;
  for (let start = text.indexOf('\r\n'); start >= 0;) {
    const colon = text.indexOf(':', start);
    const end = text.indexOf('\r\n', colon);
    const name = text.slice(start + 2, colon).toLowerCase();
    // A header that comes twice, or has the name of something that every object has, is for a real parser.
    if (name in headers || special.has(name) || ++count > MOST_HEADERS) return undefined;
    headers[name] = text.slice(colon + 1, end < 0 ? text.length : end).trim();
    start = end;
  }
  const isUpgrade = holdsToken(headers.upgrade, 'websocket') && holdsToken(headers.connection, 'upgrade');
  return isUpgrade && headers.host !== undefined ? { url, headers } : undefined;
}

/** The names and values in turn, as they came, of a text that {@link readUpgradeHead} has read. */
export function readRawHeaders(text: string): string[] {
  const list: string[] = [];
  for (let start = text.indexOf('\r\n'); start >= 0;) {
    const colon = text.indexOf(':', start);
    const end = text.indexOf('\r\n', colon);
    list.push(text.slice(start + 2, colon), text.slice(colon + 1, end < 0 ? text.length : end).trim());
    start = end;
  }
  return list;
}
