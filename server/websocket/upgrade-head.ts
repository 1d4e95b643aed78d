/**
 * The head of a plain request to upgrade, read without HTTP's whole grammar. Whatever is not as plain as every client's request
 * is left to Node's parser: this one never refuses, it only declines to read.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { holdsToken } from '../../shared/websocket/handshake.ts';

/** A target and values of printable ASCII, and names that are tokens (RFC 9110 §5.6.2). */
const PLAIN = /^GET \/[\x21-\x7e]* HTTP\/1\.1(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*)+$/;

/** Headers with which a body comes, an answer is waited for, or a list is made; and names of what every object has. */
const SPECIAL = /\r\n(?:content-length|transfer-encoding|expect|te|trailer|set-cookie|constructor|__proto__):/i;

/** More headers than any client has. */
const MOST_HEADERS = 64;

const METHOD = 'GET ';

const SPACE = 32;

/** What stands in the head. Each header is there once. */
export class UpgradeHead {
  readonly url: string;
  /** The names and values in turn, as they came. */
  readonly rawHeaders: string[];
  private asObject: IncomingHttpHeaders | undefined = undefined;

  private constructor(url: string, rawHeaders: string[]) {
    this.url = url;
    this.rawHeaders = rawHeaders;
  }

  /**
   * @param text the request's lines, without the CR LF of the last one
   * @returns undefined where it is no plain request to upgrade to a WebSocket
   */
  static read(text: string): UpgradeHead | undefined {
    if (!PLAIN.test(text) || SPECIAL.test(text)) return undefined;
    const url = text.slice(METHOD.length, text.indexOf(' ', METHOD.length));
    const rawHeaders = readRawHeaders(text);
    if (rawHeaders.length > MOST_HEADERS * 2 || isTwice(rawHeaders)) return undefined;
    const head = new UpgradeHead(url, rawHeaders);
    const isUpgrade =
      holdsToken(head.header('upgrade'), 'websocket') && holdsToken(head.header('connection'), 'upgrade');
    return isUpgrade && head.header('host') !== undefined ? head : undefined;
  }

  /** One header, without making {@link headers}. @param name in lower case */
  header(name: string): string | undefined {
    const { rawHeaders, asObject } = this;
    // Who has asked for the object may have changed it.
    if (asObject !== undefined) return asObject[name]?.toString();
    for (let at = 0; at < rawHeaders.length; at += 2) if (isName(rawHeaders[at]!, name)) return rawHeaders[at + 1];
    return undefined;
  }

  /** All of them, with names in lower case. Made when asked for: most who open a WebSocket never look. */
  get headers(): IncomingHttpHeaders {
    return (this.asObject ??= objectOf(this.rawHeaders));
  }

  /** As Node has them: lists of values, on an object without a prototype. */
  get headersDistinct(): NodeJS.Dict<string[]> {
    const lists = Object.create(null) as NodeJS.Dict<string[]>;
    for (const [name, value] of Object.entries(this.headers)) lists[name] = [String(value)];
    return lists;
  }
}

function readRawHeaders(text: string): string[] {
  const list: string[] = [];
  for (let start = text.indexOf('\r\n'); start >= 0;) {
    const colon = text.indexOf(':', start);
    const end = text.indexOf('\r\n', colon);
    // The one blank that everybody puts there is passed here, so that `trim` has nothing to copy.
    const valueAt = text.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1;
    list.push(text.slice(start + 2, colon), text.slice(valueAt, end < 0 ? text.length : end).trim());
    start = end;
  }
  return list;
}

/** Whether two headers have the same name: what that means depends on the name, and a real parser knows. */
function isTwice(rawHeaders: readonly string[]): boolean {
  for (let at = 2; at < rawHeaders.length; at += 2)
    for (let before = 0; before < at; before += 2) {
      const name = rawHeaders[at]!;
      // By length first: few have the same.
      if (name.length === rawHeaders[before]!.length && isName(rawHeaders[before]!, name.toLowerCase())) return true;
    }
  return false;
}

function isName(raw: string, name: string): boolean {
  return raw.length === name.length && raw.toLowerCase() === name;
}

function objectOf(rawHeaders: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at]!.toLowerCase()] = rawHeaders[at + 1];
  return headers;
}
