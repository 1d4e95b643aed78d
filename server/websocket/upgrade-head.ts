/**
 * The head of a plain request to upgrade, read without HTTP's whole grammar. Whatever is not as plain as every client's request
 * is left to Node's parser: this one never refuses, it only declines to read.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { holdsToken, isToken } from '../../shared/websocket/handshake.ts';

export interface UpgradeHead {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: string[];
}

/** A target of printable ASCII. */
const REQUEST_LINE = /^GET (\/[\x21-\x7e]*) HTTP\/1\.1$/;

/** What no line may hold: anything but printable ASCII and tabs. */
const NOT_PLAIN = /[^\t\x20-\x7e]/;

/** More headers than any client has. */
const MOST_HEADERS = 64;

/** Headers with which a body comes, an answer is waited for, or a list is made. */
const special = new Set(['content-length', 'transfer-encoding', 'expect', 'te', 'trailer', 'set-cookie']);

/** @param text the request's lines, without the CR LF of the last one */
export function readUpgradeHead(text: string): UpgradeHead | undefined {
  const lines = text.split('\r\n', MOST_HEADERS + 2);
  const url = REQUEST_LINE.exec(lines[0]!)?.[1];
  if (url === undefined || lines.length > MOST_HEADERS + 1) return undefined;
  const headers: IncomingHttpHeaders = {};
  const rawHeaders: string[] = [];
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at]!;
    const colon = line.indexOf(':');
    // Without a colon it has no name.
    const name = line.slice(0, Math.max(colon, 0));
    const folded = name.toLowerCase();
    // A header that comes twice, or has the name of something that every object has, is for a real parser.
    if (folded in headers || special.has(folded) || !isToken(name) || NOT_PLAIN.test(line)) return undefined;
    const value = line.slice(colon + 1).trim();
    headers[folded] = value;
    rawHeaders.push(name, value);
  }
  const isUpgrade = holdsToken(headers.upgrade, 'websocket') && holdsToken(headers.connection, 'upgrade');
  return isUpgrade && headers.host !== undefined ? { url, headers, rawHeaders } : undefined;
}
