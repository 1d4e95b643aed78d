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
import type { Bid, Offers, Refusal } from './bid.ts';
import { checkUpgrade } from './check-upgrade.ts';
import type { UpgradeOffers } from './check-upgrade.ts';
import { checkConnect, completeConnect, isHttp2Stream } from './http2-connect.ts';
import type { RequestHead } from './plain-request.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

const log = debug('throughline:websocket:accept');

const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ';

/**
 * Takes over the socket of an `upgrade` event, or the stream of HTTP/2 that stands in its place (see {@link tellConnects}).
 *
 * Set the connection's sink in the tick in which this returns. The answer leaves soon after that tick, in one write with
 * what is sent until then.
 *
 * @returns undefined where the request was refused: answered with its status, and the connection closed
 */
export function acceptUpgrade(
  request: RequestHead,
  socket: Duplex,
  head: Buffer,
  options: AcceptOptions,
): Connection | undefined {
  const offers = offersOf(request, socket);
  if (!isRefusal(offers)) return acceptBid({ stream: socket, head, offers }, options);
  log('refused with %d: %s', offers.status, offers.body);
  refuseUpgrade(socket, offers, options.limits);
  return undefined;
}

/** What is asked for, for an application to decide about. */
export function readBid(request: IncomingMessage, stream: Duplex, head: Buffer): Bid {
  return { request, stream, head, offers: offersOf(request, stream) };
}

/** Accepts what was not refused. */
export function acceptBid({ stream, head, offers }: Omit<Bid, 'request'>, options: AcceptOptions): Connection {
  if (isHttp2Stream(stream)) return completeConnect(offers as Offers, stream, options);
  return completeUpgrade(offers as UpgradeOffers, stream, head, options);
}

function offersOf(request: RequestHead, stream: Duplex): Offers | Refusal {
  return isHttp2Stream(stream) ? checkConnect(request) : checkUpgrade(request);
}

function completeUpgrade(offers: UpgradeOffers, socket: Duplex, head: Buffer, options: AcceptOptions): Connection {
  const { head: answer, deflate } = agree(`${SWITCHING}${acceptFor(offers.key)}`, offers, options);
  if (socket instanceof Socket) {
    if (socket.timeout) socket.setTimeout(0);
    socket.setNoDelay(true);
  }
  const { limits, textAsBytes, autoPong } = options;
  const settings = connectionSettings({ role: 'server', limits, textAsBytes, autoPong });
  return new Connection(socket, settings, { head, greeting: `${answer}\r\n\r\n`, deflate });
}
