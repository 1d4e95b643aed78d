/** Whether a 101 is the answer to what was asked (RFC 6455 §4.1, "If the response …"). */
import type { IncomingMessage } from 'node:http';

import type { AgreedDeflate } from '../../shared/websocket/agreed-deflate.ts';
import { CloseCode } from '../../shared/websocket/close-code.ts';
import { EXTENSION_NAME, readAnswer } from '../../shared/websocket/deflate-agreement.ts';
import type { DeflateSettings } from '../../shared/websocket/deflate-options.ts';
import { formatExtension, parseExtensions } from '../../shared/websocket/extension-header.ts';
import { acceptFor, holdsToken } from '../../shared/websocket/handshake.ts';

/** What was asked for. */
export interface Asked {
  readonly key: string;
  readonly protocols: readonly string[];
  /** Present where permessage-deflate was offered. */
  readonly deflate: DeflateSettings | undefined;
}

/** What both sides agreed on. */
export interface Agreed {
  readonly protocol: string;
  readonly deflate: AgreedDeflate | undefined;
}

/** What is wrong with an answer. */
export interface Mismatch {
  readonly why: string;
  /** What the server is told, where it must take the connection for open: 1010 (RFC 6455 §7.4.1). */
  readonly closeCode?: CloseCode;
}

export function checkAnswer(answer: IncomingMessage, asked: Asked): Agreed | Mismatch {
  const { headers } = answer;
  // §4.2.2, item 5.1. HTTP/1.0 has no upgrades.
  if (answer.httpVersion === '1.0') return { why: 'the answer is of HTTP/1.0' };
  if (!holdsToken(headers.upgrade, 'websocket')) return { why: 'the answer has no Upgrade: websocket' };
  if (!holdsToken(headers.connection, 'upgrade')) return { why: 'the answer has no Connection: Upgrade' };
  if (headers['sec-websocket-accept'] !== acceptFor(asked.key)) return { why: 'Sec-WebSocket-Accept is wrong' };
  const protocol = headers['sec-websocket-protocol'];
  // RFC 6455 lets a server take none of them; WHATWG fails then, and so does ws.
  if (protocol === undefined && asked.protocols.length > 0) return { why: 'the server takes none of the subprotocols' };
  if (protocol !== undefined && !asked.protocols.includes(protocol))
    return { why: 'the server takes a subprotocol not asked for' };
  const deflate = checkExtensions(headers['sec-websocket-extensions'], asked.deflate);
  return typeof deflate === 'string'
    ? { why: deflate, closeCode: CloseCode.ExtensionMissing }
    : { protocol: protocol ?? '', deflate };
}

function checkExtensions(
  header: string | undefined,
  settings: DeflateSettings | undefined,
): AgreedDeflate | undefined | string {
  const extensions = parseExtensions(header);
  if (extensions === undefined) return 'Sec-WebSocket-Extensions is malformed';
  const [extension, second] = extensions;
  if (extension === undefined) return undefined;
  if (settings === undefined || extension.name !== EXTENSION_NAME || second !== undefined)
    return 'the server uses an extension not asked for';
  const agreement = readAnswer(extension, settings);
  return typeof agreement === 'string' ? agreement : { agreement, settings, extension: formatExtension(extension) };
}
