/** Answers a request to upgrade: with a Connection, or with a refusal. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import debug from 'debug';

import { Connection } from '../../shared/websocket/connection.ts';
import type { AgreedDeflate } from '../../shared/websocket/connection.ts';
import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { chooseOffer } from '../../shared/websocket/deflate-agreement.ts';
import type { DeflateSettings } from '../../shared/websocket/deflate-options.ts';
import { formatExtension } from '../../shared/websocket/extension-header.ts';
import { acceptFor, isHeaderLine } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { checkUpgrade } from './check-upgrade.ts';
import type { UpgradeRequest } from './check-upgrade.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

const log = debug('throughline:websocket:accept');

export interface AcceptOptions {
  readonly limits: Limits;
  /** How messages are compressed, where the client offers that. Default: not. */
  readonly deflate?: DeflateSettings | undefined;
  /** The subprotocol agreed on. Must be one that the client asked for: another is left out, as the client would fail. */
  readonly protocol?: string | undefined;
  /** Is given the answer's lines and may add to them (`Name: value`). A line that holds CR, LF or NUL is left out and logged. */
  readonly headers?: ((headers: string[]) => void) | undefined;
  /** See {@link Connection}. Default false. */
  readonly textAsBytes?: boolean | undefined;
  /** See {@link Connection}. Default true. */
  readonly autoPong?: boolean | undefined;
}

/**
 * Takes over the socket of an `upgrade` event.
 *
 * Set the connection's sink in the tick in which this returns. The answer leaves at the end of that tick, in one write
 * with what is sent until then.
 *
 * @returns undefined where the request was refused: answered with its status, and the TCP connection closed
 */
export function acceptUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: AcceptOptions,
): Connection | undefined {
  const checked = checkUpgrade(request);
  if ('status' in checked) {
    log('refused with %d: %s', checked.status, checked.body);
    refuseUpgrade(socket, checked, options.limits);
    return undefined;
  }
  return completeUpgrade(checked, socket, head, options);
}

/** What {@link acceptUpgrade} does with a request that has been checked. */
export function completeUpgrade(
  asked: UpgradeRequest,
  socket: Duplex,
  head: Buffer,
  options: AcceptOptions,
): Connection {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptFor(asked.key)}`,
  ];
  if (options.protocol !== undefined && asked.protocols.has(options.protocol))
    lines.push(`Sec-WebSocket-Protocol: ${options.protocol}`);
  const deflate = options.deflate === undefined ? undefined : agreeOnDeflate(asked, options.deflate);
  if (deflate !== undefined) lines.push(`Sec-WebSocket-Extensions: ${deflate.extension}`);
  const answer = options.headers === undefined ? lines : withAdded(lines, options.headers);
  if (socket instanceof Socket) {
    socket.setTimeout(0);
    socket.setNoDelay(true);
  }
  const { limits, textAsBytes, autoPong } = options;
  const greeting = Buffer.from(`${answer.join('\r\n')}\r\n\r\n`, 'latin1');
  const settings = connectionSettings({ role: 'server', limits, textAsBytes, autoPong });
  return new Connection(socket, settings, { head, greeting, deflate });
}

function agreeOnDeflate({ extensions }: UpgradeRequest, settings: DeflateSettings): AgreedDeflate | undefined {
  const chosen = chooseOffer(extensions, settings);
  return chosen && { agreement: chosen.agreement, settings, extension: formatExtension(chosen.answer) };
}

function withAdded(lines: string[], add: (headers: string[]) => void): string[] {
  const status = lines[0]!;
  add(lines);
  const safe = lines.filter((line) => line === status || isHeaderLine(line));
  if (safe.length < lines.length) log('left out %d headers that are no single line', lines.length - safe.length);
  return safe;
}
