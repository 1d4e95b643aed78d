/**
 * A request for a WebSocket that came without HTTP's parser. It keeps the text that came and makes the rest of it when asked: an
 * idle connection whose application never looks at its request holds no headers, no query and no stream for a body.
 */
import { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

import { readRawHeaders, readUpgradeHead } from './upgrade-head.ts';
import type { UpgradeHead } from './upgrade-head.ts';

/** What is read of a request, however it came. */
export type RequestHead = Pick<
  IncomingMessage,
  'method' | 'url' | 'headers' | 'rawHeaders' | 'httpVersionMajor' | 'httpVersionMinor' | 'socket'
>;

export class PlainRequest implements RequestHead {
  readonly socket: Socket;
  private readonly text: string;
  /** What {@link forget} lets go of. */
  private head: UpgradeHead | undefined;
  private full: IncomingMessage | undefined = undefined;

  private constructor(socket: Socket, text: string, head: UpgradeHead) {
    this.socket = socket;
    this.text = text;
    this.head = head;
  }

  /** @returns undefined where `text` is not as plain as {@link readUpgradeHead} wants it */
  static read(socket: Socket, text: string): PlainRequest | undefined {
    const head = readUpgradeHead(text);
    return head && new PlainRequest(socket, text, head);
  }

  get method(): string {
    return 'GET';
  }

  get httpVersionMajor(): number {
    return 1;
  }

  get httpVersionMinor(): number {
    return 1;
  }

  get url(): string {
    return this.parsed.url;
  }

  get headers(): IncomingHttpHeaders {
    return this.parsed.headers;
  }

  get rawHeaders(): string[] {
    return readRawHeaders(this.text);
  }

  /** What Node would have made of it, for the application: the same object each time. */
  get message(): IncomingMessage {
    return (this.full ??= messageOf(this));
  }

  /** Keeps nothing but the text. */
  forget(): void {
    this.head = undefined;
  }

  private get parsed(): UpgradeHead {
    // It was read before.
    return (this.head ??= readUpgradeHead(this.text)!);
  }
}

/** Node's parser calls it; `headersDistinct` is made of what it is given. No promise of Node's, so it may be gone one day. */
interface Parsed extends IncomingMessage {
  upgrade: boolean;
  _addHeaderLines?(namesAndValues: string[], count: number): void;
}

function messageOf({ socket, method, url, headers, rawHeaders }: PlainRequest): IncomingMessage {
  const message = new IncomingMessage(socket) as Parsed;
  message.method = method;
  message.url = url;
  message.httpVersion = '1.1';
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  // oxlint-disable-next-line no-underscore-dangle
  message._addHeaderLines?.(rawHeaders, rawHeaders.length);
  // Read already: Node needn't do it again.
  message.rawHeaders = rawHeaders;
  message.headers = headers;
  message.complete = true;
  message.upgrade = true;
  return message;
}
