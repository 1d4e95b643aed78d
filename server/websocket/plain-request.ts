/**
 * A request for a WebSocket that came without HTTP's parser. It keeps the text that came and makes the rest of it when asked: an
 * idle connection whose application never looks at its request holds no headers, no query and no stream for a body.
 */
import { IncomingMessage } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

import { UpgradeHead } from './upgrade-head.ts';

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

  /** @returns undefined where `text` is not as plain as {@link UpgradeHead} wants it */
  static read(socket: Socket, text: string): PlainRequest | undefined {
    const head = UpgradeHead.read(text);
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
    return this.parsed.rawHeaders;
  }

  /** What Node would have made of it, for the application: the same object each time. */
  get message(): IncomingMessage {
    return (this.full ??= new PlainMessage(this.socket, this.parsed));
  }

  /** Keeps nothing but the text. */
  forget(): void {
    this.head = undefined;
  }

  /** What was read. */
  get parsed(): UpgradeHead {
    // It was plain before.
    return (this.head ??= UpgradeHead.read(this.text)!);
  }
}

const HEAD = Symbol('head');

/** As Node's parser leaves a request, save that its headers are put in order only when asked for. */
class PlainMessage extends IncomingMessage {
  readonly [HEAD]: UpgradeHead;
  declare upgrade: boolean;

  constructor(socket: Socket, head: UpgradeHead) {
    super(socket);
    this[HEAD] = head;
    this.method = 'GET';
    this.url = head.url;
    this.httpVersion = '1.1';
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.rawHeaders = head.rawHeaders;
    this.complete = true;
    this.upgrade = true;
  }
}

/** What is made of the head when it is asked for, unless somebody has put something else in its place. */
function madeOnce<Made>(make: (head: UpgradeHead) => Made): PropertyDescriptor {
  const made = Symbol('made');
  type Holder = PlainMessage & { [made]?: Made };
  return {
    get(this: Holder) {
      return (this[made] ??= make(this[HEAD]));
    },
    set(this: Holder, value: Made) {
      this[made] = value;
    },
  };
}

// To TypeScript they are properties, which an accessor can't override; with Node too they are accessors.
Object.defineProperties(PlainMessage.prototype, {
  headers: madeOnce((head) => head.headers),
  headersDistinct: madeOnce((head) => head.headersDistinct),
});

/** One header of `request`, without having all of them put in order. */
export function headerOf(
  request: RequestHead,
  name: 'origin' | 'user-agent' | 'sec-websocket-protocol',
): string | undefined {
  const head = plainHeadOf(request);
  return head === undefined ? request.headers[name] : head.header(name);
}

/** What was read of `request`, where it came without HTTP's parser. */
export function plainHeadOf(request: RequestHead): UpgradeHead | undefined {
  if (request instanceof PlainRequest) return request.parsed;
  return request instanceof PlainMessage ? request[HEAD] : undefined;
}
