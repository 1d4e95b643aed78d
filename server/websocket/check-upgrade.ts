/** Whether a request may become a WebSocket (RFC 6455 §4.2.1), and if not, with which status it is refused. */
import { holdsToken, isKey } from '../../shared/websocket/handshake.ts';
import { badRequest, isRefusal, offerHeaders, readOffers } from './bid.ts';
import type { OfferHeaders, Offers, Refusal } from './bid.ts';
import { plainHeadOf } from './plain-request.ts';
import type { RequestHead } from './plain-request.ts';

/** Those that decide on a handshake. In others, as Cookie, letters of Latin-1 are allowed (RFC 9110 §5.5), and in use. */
const handshakeHeaders = [
  'host',
  'origin',
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
] as const;

const NOT_ASCII = /[\x80-\xff]/;

/** What a client asks for by an upgrade. */
export interface UpgradeOffers extends Offers {
  readonly key: string;
}

/** Returns what the client asks for, or the refusal that it gets. */
export function checkUpgrade(request: RequestHead): UpgradeOffers | Refusal {
  const head = plainHeadOf(request);
  if (head !== undefined)
    return checkKey(head.header('sec-websocket-key'), {
      version: head.header('sec-websocket-version'),
      protocol: head.header('sec-websocket-protocol'),
      extensions: head.header('sec-websocket-extensions'),
    });
  const refusal = checkRequest(request);
  if (refusal !== undefined) return refusal;
  const { headers } = request;
  return checkKey(headers['sec-websocket-key'], offerHeaders(headers));
}

/** What holds for each plain head. */
function checkRequest({
  method,
  httpVersionMajor,
  httpVersionMinor,
  rawHeaders,
  headers,
}: RequestHead): Refusal | undefined {
  if (method !== 'GET') return badRequest('A WebSocket is opened with GET.');
  if (httpVersionMajor < 1 || (httpVersionMajor === 1 && httpVersionMinor < 1))
    return badRequest('A WebSocket needs HTTP/1.1.');
  // RFC 9112 §3.2. Node keeps the first of two: a proxy before us may have gone by the second.
  if (countOf('host', rawHeaders) !== 1) return badRequest('The Host header must stand there once.');
  // Two that say the same are nobody's handshake, and a proxy before us may have gone by either.
  if (countOf('upgrade', rawHeaders) !== 1 || !holdsToken(headers.upgrade, 'websocket'))
    return badRequest('The Upgrade header must stand there once and say websocket.');
  if (!holdsToken(headers.connection, 'upgrade')) return badRequest('The Connection header must say Upgrade.');
  if (handshakeHeaders.some((name) => NOT_ASCII.test(String(headers[name] ?? ''))))
    return badRequest('The headers of a handshake are ASCII.');
  return undefined;
}

function checkKey(key: string | undefined, asked: OfferHeaders): UpgradeOffers | Refusal {
  const offers = readOffers(asked);
  if (isRefusal(offers)) return offers;
  if (key === undefined || !isKey(key)) return badRequest('Sec-WebSocket-Key must be 16 bytes in base64.');
  return { protocols: offers.protocols, extensions: offers.extensions, key };
}

/** How often a header stands there. @param name in lower case */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const other = rawHeaders[at]!;
    if (other.length === name.length && other.toLowerCase() === name) count++;
  }
  return count;
}
