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

const SPACE = 0x20;
const TAB = 0x09;
/** What capitals lack of small letters. */
const SMALL = 0x20;

/** What stands in the head. Each header is there once. */
export class UpgradeHead {
  readonly url: string;
  private readonly text: string;
  /** Of each header, where its name begins and ends, and its value: most are never looked at, and need be no strings. */
  private readonly places: readonly number[];
  private list: string[] | undefined = undefined;
  private asObject: IncomingHttpHeaders | undefined = undefined;

  private constructor(text: string, places: readonly number[]) {
    this.url = text.slice(METHOD.length, text.indexOf(' ', METHOD.length));
    this.text = text;
    this.places = places;
  }

  /**
   * @param text the request's lines, without the CR LF of the last one
   * @returns undefined where it is no plain request to upgrade to a WebSocket
   */
  static read(text: string): UpgradeHead | undefined {
    if (!PLAIN.test(text) || SPECIAL.test(text)) return undefined;
    const places = findHeaders(text);
    if (places.length > MOST_HEADERS * 4 || isTwice(text, places)) return undefined;
    const head = new UpgradeHead(text, places);
    const isUpgrade =
      holdsToken(head.header('upgrade'), 'websocket') && holdsToken(head.header('connection'), 'upgrade');
    return isUpgrade && head.header('host') !== undefined ? head : undefined;
  }

  /** One header, without making {@link headers}. @param name in lower case, of letters and hyphens */
  header(name: string): string | undefined {
    const { text, places, asObject } = this;
    // Who has asked for the object may have changed it.
    if (asObject !== undefined) return asObject[name]?.toString();
    const { length } = name;
    for (let at = 0; at < places.length; at += 4)
      if (places[at + 1]! - places[at]! === length && isName(text, places[at]!, name, 0, length))
        return text.slice(places[at + 2], places[at + 3]);
    return undefined;
  }

  /** The names and values in turn, as they came. */
  get rawHeaders(): string[] {
    return (this.list ??= listOf(this.text, this.places));
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

function findHeaders(text: string): number[] {
  const places: number[] = [];
  for (let lineEnd = text.indexOf('\r'); lineEnd >= 0;) {
    const name = lineEnd + 2;
    const colon = text.indexOf(':', name);
    lineEnd = text.indexOf('\r', colon);
    let value = colon + 1;
    let end = lineEnd < 0 ? text.length : lineEnd;
    while (value < end && isBlank(text.charCodeAt(value))) value++;
    while (value < end && isBlank(text.charCodeAt(end - 1))) end--;
    places.push(name, colon, value, end);
  }
  return places;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Whether two headers have the same name: what that means depends on the name, and a real parser knows. */
function isTwice(text: string, places: readonly number[]): boolean {
  for (let at = 4; at < places.length; at += 4) {
    const name = places[at]!;
    const length = places[at + 1]! - name;
    for (let before = 0; before < at; before += 4) {
      const other = places[before]!;
      // By length first: few have the same.
      if (places[before + 1]! - other === length && isName(text, name, text, other, length)) return true;
    }
  }
  return false;
}

/**
 * Whether a name in the head is another, in any case.
 *
 * Of the characters in tokens `^` and `~` are one here, as are capitals and small letters: a head with two such names is left
 * to the real parser.
 */
function isName(text: string, at: number, other: string, from: number, length: number): boolean {
  for (let index = 0; index < length; index++)
    if ((text.charCodeAt(at + index) | SMALL) !== (other.charCodeAt(from + index) | SMALL)) return false;
  return true;
}

function listOf(text: string, places: readonly number[]): string[] {
  const list: string[] = [];
  for (let at = 0; at < places.length; at += 2) list.push(text.slice(places[at], places[at + 1]));
  return list;
}

function objectOf(rawHeaders: readonly string[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at]!.toLowerCase()] = rawHeaders[at + 1];
  return headers;
}
