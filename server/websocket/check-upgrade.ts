/** Whether a request may become a WebSocket (RFC 6455 §4.2.1), and if not, with which status it is refused. */
import { holdsToken, isKey } from '../../shared/websocket/handshake.ts';
import { badRequest, isRefusal, readOffers } from './bid.ts';
import type { Offers, Refusal } from './bid.ts';
import { PlainRequest } from './plain-request.ts';
import type { RequestHead } from './plain-request.ts';

/** What a client asks for by an upgrade. */
export interface UpgradeOffers extends Offers {
  readonly key: string;
}

/** Returns what the client asks for, or the refusal that it gets. */
export function checkUpgrade(request: RequestHead): UpgradeOffers | Refusal {
  const { headers } = request;
  if (request.method !== 'GET') return badRequest('A WebSocket is opened with GET.');
  if (request.httpVersionMajor < 1 || (request.httpVersionMajor === 1 && request.httpVersionMinor < 1))
    return badRequest('A WebSocket needs HTTP/1.1.');
  // RFC 9112 §3.2. Node keeps the first of two: a proxy before us may have gone by the second. A plain one has each once.
  if (!(request instanceof PlainRequest) && countOf('host', request.rawHeaders) !== 1)
    return badRequest('The Host header must stand there once.');
  if (!holdsToken(headers.upgrade, 'websocket')) return badRequest('The Upgrade header must say websocket.');
  if (!holdsToken(headers.connection, 'upgrade')) return badRequest('The Connection header must say Upgrade.');
  const offers = readOffers(headers);
  if (isRefusal(offers)) return offers;
  const key = headers['sec-websocket-key'];
  if (key === undefined || !isKey(key)) return badRequest('Sec-WebSocket-Key must be 16 bytes in base64.');
  return { ...offers, key };
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
