/** What a server agrees on with a client, and the lines of the answer that say so. */
import debug from 'debug';

import type { AgreedDeflate } from '../../shared/websocket/agreed-deflate.ts';
import { chooseOffer } from '../../shared/websocket/deflate-agreement.ts';
import type { DeflateSettings } from '../../shared/websocket/deflate-options.ts';
import { formatExtension } from '../../shared/websocket/extension-header.ts';
import { isHeaderLine } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import type { Offers } from './bid.ts';

const log = debug('throughline:websocket:accept');

export interface AcceptOptions {
  readonly limits: Limits;
  /** How messages are compressed, where the client offers that. Default: not. */
  readonly deflate?: DeflateSettings | undefined;
  /** The subprotocol agreed on. Must be one that the client asked for: another is left out, as the client would fail. */
  readonly protocol?: string | undefined;
  /** Is given the answer's lines and may add to them (`Name: value`). A line that holds CR, LF or NUL is left out and logged. */
  readonly headers?: ((headers: string[]) => void) | undefined;
  /** Whether texts are told as the bytes that they came in. Default false: as strings. */
  readonly textAsBytes?: boolean | undefined;
  /** Whether pings are answered by themselves. Default true. */
  readonly autoPong?: boolean | undefined;
}

/** What came of it. */
export interface Agreed {
  /** The answer's lines, with CR LF between them. */
  readonly head: string;
  readonly deflate: AgreedDeflate | undefined;
}

/**
 * Settles the extension, and says so.
 *
 * @param first the answer's first lines, with CR LF between them
 */
export function agree(first: string, offers: Offers, options: AcceptOptions): Agreed {
  let head = first;
  if (options.protocol !== undefined && offers.protocols.has(options.protocol))
    head += `\r\nSec-WebSocket-Protocol: ${options.protocol}`;
  const deflate = options.deflate === undefined ? undefined : agreeOnDeflate(offers, options.deflate);
  if (deflate !== undefined) head += `\r\nSec-WebSocket-Extensions: ${deflate.extension}`;
  if (options.headers !== undefined) head = addLines(head, options.headers);
  return { head, deflate };
}

/** Whatever is added, the answer stays one. */
function addLines(head: string, add: (lines: string[]) => void): string {
  const lines = head.split('\r\n');
  const [status] = lines;
  add(lines);
  const safe = lines.filter((line) => line === status || isHeaderLine(line));
  if (safe.length < lines.length) log('left out %d headers that are no single line', lines.length - safe.length);
  return safe.join('\r\n');
}

function agreeOnDeflate({ extensions }: Offers, settings: DeflateSettings): AgreedDeflate | undefined {
  const chosen = chooseOffer(extensions, settings);
  return chosen && { agreement: chosen.agreement, settings, extension: formatExtension(chosen.answer) };
}
