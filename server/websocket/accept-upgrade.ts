/** Answers a request for a WebSocket: with a Connection, or with a refusal. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import debug from 'debug';

import { Connection } from '../../shared/websocket/connection.ts';
import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { acceptFor } from '../../shared/websocket/handshake.ts';
import { agree } from './agree.ts';
import type { AcceptOptions } from './agree.ts';
import { isRefusal } from './bid.ts';
import type { Bid } from './bid.ts';
import { checkUpgrade } from './check-upgrade.ts';
import type { UpgradeOffers } from './check-upgrade.ts';
import { checkConnect, completeConnect, isHttp2Stream } from './http2-connect.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

const log = debug('throughline:websocket:accept');

/**
 * Takes over the socket of an `upgrade` event, or the stream of HTTP/2 that stands in its place (see {@link tellConnects}).
 *
 * Set the connection's sink in the tick in which this returns. The answer leaves at the end of that tick, in one write
 * with what is sent until then.
 *
 * @returns undefined where the request was refused: answered with its status, and the connection closed
 */
export function acceptUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: AcceptOptions,
): Connection | undefined {
  const bid = readBid(request, socket, head);
  if (!isRefusal(bid.offers)) return bid.accept(options);
  log('refused with %d: %s', bid.offers.status, bid.offers.body);
  refuseUpgrade(socket, bid.offers, options.limits);
  return undefined;
}

/** The same, for an application to decide in between. */
export function readBid(request: IncomingMessage, stream: Duplex, head: Buffer): Bid {
  if (isHttp2Stream(stream)) {
    const offers = checkConnect(request);
    return { request, stream, offers, accept: (options) => completeConnect(accepted(offers), stream, options) };
  }
  const offers = checkUpgrade(request);
  return { request, stream, offers, accept: (options) => completeUpgrade(accepted(offers), stream, head, options) };
}

/** Only what was not refused is accepted. */
function accepted<Kind extends object>(offers: Kind): Exclude<Kind, { readonly status: number }> {
  return offers as Exclude<Kind, { readonly status: number }>;
}

function completeUpgrade(offers: UpgradeOffers, socket: Duplex, head: Buffer, options: AcceptOptions): Connection {
  const first = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptFor(offers.key)}`,
  ];
  const { lines, deflate } = agree(first, offers, options);
  if (socket instanceof Socket) {
    socket.setTimeout(0);
    socket.setNoDelay(true);
  }
  const greeting = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return new Connection(socket, connectionSettings({ role: 'server', ...options }), { head, greeting, deflate });
}
