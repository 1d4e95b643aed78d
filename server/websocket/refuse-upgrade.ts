/** Answers a request to upgrade with an HTTP refusal. The connection is closed: nothing behind it is read as HTTP. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import { isHeaderLine } from '../../shared/websocket/handshake.ts';
import { resolveLimits } from '../../shared/websocket/limits.ts';
import type { Limits } from '../../shared/websocket/limits.ts';
import { endGently } from '../../shared/websocket/linger.ts';
import type { Refusal } from './bid.ts';
import { isHttp2Stream, refuseConnect } from './http2-connect.ts';

const defaultLimits = resolveLimits();

/**
 * Writes `refusal` on the raw socket of an `upgrade` event, or on the stream of HTTP/2 in its place, and closes it: within
 * `closeTimeoutMs`, whatever the peer does.
 */
export function refuseUpgrade(socket: Duplex, refusal: Refusal, limits: Limits = defaultLimits): void {
  const body = refusal.body ?? STATUS_CODES[refusal.status] ?? '';
  const headers: Refusal['headers'] = {
    Connection: 'close',
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...refusal.headers,
    'Content-Length': Buffer.byteLength(body),
  };
  if (isHttp2Stream(socket)) return refuseConnect(socket, { ...refusal, body, headers }, limits);
  const lines = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const line = `${name}: ${String(one)}`;
      if (one !== undefined && isHeaderLine(line)) lines.push(line);
    }
  }
  endGently(socket, `${lines.join('\r\n')}\r\n\r\n${body}`, limits);
}
