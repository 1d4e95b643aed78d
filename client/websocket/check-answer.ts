/** Whether a 101 is the answer to what was asked (RFC 6455 §4.1, "If the response …"). */
import type { IncomingMessage } from 'node:http';

import { acceptFor, holdsToken } from '../../shared/websocket/handshake.ts';

/** What was asked for. */
export interface Asked {
  readonly key: string;
  readonly protocols: readonly string[];
}

/** What both sides agreed on. */
export interface Agreed {
  readonly protocol: string;
}

/** Returns what was agreed on, or a sentence that says what is wrong with the answer. */
export function checkAnswer(answer: IncomingMessage, asked: Asked): Agreed | string {
  const { headers } = answer;
  if (!holdsToken(headers.upgrade, 'websocket')) return 'the answer has no Upgrade: websocket';
  if (!holdsToken(headers.connection, 'upgrade')) return 'the answer has no Connection: Upgrade';
  if (headers['sec-websocket-accept'] !== acceptFor(asked.key)) return 'Sec-WebSocket-Accept is wrong';
  const protocol = headers['sec-websocket-protocol'];
  // RFC 6455 lets a server take none of them; WHATWG fails then, and so does ws.
  if (protocol === undefined && asked.protocols.length > 0) return 'the server takes none of the subprotocols';
  if (protocol !== undefined && !asked.protocols.includes(protocol))
    return 'the server takes a subprotocol not asked for';
  if (headers['sec-websocket-extensions'] !== undefined) return 'the server uses an extension not asked for';
  return { protocol: protocol ?? '' };
}
