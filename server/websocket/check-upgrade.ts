/** Whether a request may become a WebSocket (RFC 6455 §4.2.1), and if not, with which status it is refused. */
import type { IncomingMessage } from 'node:http';

import { parseExtensions } from '../../shared/websocket/extension-header.ts';
import type { Extension } from '../../shared/websocket/extension-header.ts';
import { holdsToken, isKey, parseProtocols, VERSION } from '../../shared/websocket/handshake.ts';
import type { Refusal } from './refuse-upgrade.ts';

/** What a client asked for. */
export interface UpgradeRequest {
  readonly key: string;
  /** Its subprotocols, in its order of preference. */
  readonly protocols: ReadonlySet<string>;
  /** Its offers of extensions, likewise. */
  readonly extensions: readonly Extension[];
}

/** Returns what the client asks for, or the refusal that it gets. */
export function checkUpgrade(request: IncomingMessage): UpgradeRequest | Refusal {
  const { headers } = request;
  if (request.method !== 'GET') return bad('A WebSocket is opened with GET.');
  if (request.httpVersionMajor < 1 || (request.httpVersionMajor === 1 && request.httpVersionMinor < 1))
    return bad('A WebSocket needs HTTP/1.1.');
  if (headers.host === undefined) return bad('The Host header is missing.');
  if (!holdsToken(headers.upgrade, 'websocket')) return bad('The Upgrade header must say websocket.');
  if (!holdsToken(headers.connection, 'upgrade')) return bad('The Connection header must say Upgrade.');
  const version = headers['sec-websocket-version'];
  if (version !== VERSION) {
    // §4.4: say which version would do.
    return {
      status: version === undefined ? 400 : 426,
      headers: { 'Sec-WebSocket-Version': VERSION, Upgrade: 'websocket', Connection: 'Upgrade, close' },
      body: `Sec-WebSocket-Version must be ${VERSION}.`,
    };
  }
  const key = headers['sec-websocket-key'];
  if (key === undefined || !isKey(key)) return bad('Sec-WebSocket-Key must be 16 bytes in base64.');
  const protocols = parseProtocols(headers['sec-websocket-protocol']);
  if (protocols === undefined) return bad('Sec-WebSocket-Protocol must be a list of tokens, each once.');
  const extensions = parseExtensions(headers['sec-websocket-extensions']);
  if (extensions === undefined) return bad('Sec-WebSocket-Extensions is malformed.');
  return { key, protocols, extensions };
}

function bad(body: string): Refusal {
  return { status: 400, body };
}
