/** A request for a WebSocket, whichever HTTP it came by: what it asks for, and how it is answered. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { parseExtensions } from '../../shared/websocket/extension-header.ts';
import type { Extension } from '../../shared/websocket/extension-header.ts';
import { parseProtocols, VERSION } from '../../shared/websocket/handshake.ts';

/** An HTTP answer other than a WebSocket. */
export interface Refusal {
  readonly status: number;
  /** Further headers. One that holds CR, LF or NUL is left out. */
  readonly headers?: Readonly<Record<string, string | number | readonly string[] | undefined>> | undefined;
  /** Default: the status' name. Never put the peer's own words here. */
  readonly body?: string;
}

/** What a client asks for. */
export interface Offers {
  /** Its subprotocols, in its order of preference. */
  readonly protocols: ReadonlySet<string>;
  /** Its offers of extensions, likewise. */
  readonly extensions: readonly Extension[];
}

export interface Bid {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  /** What came right behind the request. */
  readonly head: Buffer;
  /** Or the refusal that it gets. */
  readonly offers: Offers | Refusal;
}

/** The headers `Sec-WebSocket-…` that both ways in have in common (RFC 6455 §4.2.1, items 6 to 9). */
export interface OfferHeaders {
  readonly version: string | undefined;
  readonly protocol: string | undefined;
  readonly extensions: string | undefined;
}

export function offerHeaders(headers: IncomingHttpHeaders): OfferHeaders {
  return {
    version: headers['sec-websocket-version'],
    protocol: headers['sec-websocket-protocol'],
    extensions: headers['sec-websocket-extensions'],
  };
}

/** What they ask for. */
export function readOffers({ version, protocol, extensions: offered }: OfferHeaders): Offers | Refusal {
  if (version !== VERSION) {
    // §4.4: say which version would do.
    return {
      status: version === undefined ? 400 : 426,
      headers: { 'Sec-WebSocket-Version': VERSION, Upgrade: 'websocket', Connection: 'Upgrade, close' },
      body: `Sec-WebSocket-Version must be ${VERSION}.`,
    };
  }
  const protocols = parseProtocols(protocol);
  if (protocols === undefined) return badRequest('Sec-WebSocket-Protocol must be a list of tokens, each once.');
  const extensions = parseExtensions(offered);
  if (extensions === undefined) return badRequest('Sec-WebSocket-Extensions is malformed.');
  return { protocols, extensions };
}

/** By its own property: an application may have given Object.prototype a `status`. */
export function isRefusal(offers: Offers | Refusal): offers is Refusal {
  return Object.hasOwn(offers, 'status');
}

export function badRequest(body: string): Refusal {
  return { status: 400, body };
}
