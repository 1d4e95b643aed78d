/** Answers a request to upgrade: with a Connection, or with a refusal. */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import debug from 'debug';

import { Connection } from '../../shared/websocket/connection.ts';
import { connectionSettings } from '../../shared/websocket/connection-settings.ts';
import { acceptFor } from '../../shared/websocket/handshake.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { agree } from './agree.ts';
import type { AcceptOptions } from './agree.ts';
import { isRefusal } from './bid.ts';
import type { Bid } from './bid.ts';
import { checkUpgrade } from './check-upgrade.ts';
import type { UpgradeOffers } from './check-upgrade.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

const log = debug('throughline:websocket:accept');

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
  const offers = checkUpgrade(request);
  if (!isRefusal(offers)) return completeUpgrade(offers, socket, head, options);
  log('refused with %d: %s', offers.status, offers.body);
  refuseUpgrade(socket, offers, options.limits);
  return undefined;
}

/** The same, for an application to decide in between. */
export function upgradeBid(request: IncomingMessage, socket: Duplex, head: Buffer, limits: Limits): Bid {
  const offers = checkUpgrade(request);
  return {
    request,
    stream: socket,
    offers,
    // Only what was not refused is accepted.
    accept: (options) => completeUpgrade(offers as UpgradeOffers, socket, head, options),
    refuse: (refusal) => refuseUpgrade(socket, refusal, limits),
  };
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
