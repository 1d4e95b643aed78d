/** Upgrades that are not for us. With a listener for upgrades, Node hands all of them to listeners and answers none. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { isHttp2Stream } from './http2-connect.ts';

/** Leaves an upgrade to other listeners; one that nobody answers within `timeoutMs` is ended. */
export function endUnanswered(stream: Duplex, timeoutMs: number): void {
  const before = answered(stream);
  const timer = setTimeout(() => {
    if (stream.writable && answered(stream) === before) stream.destroy();
  }, timeoutMs).unref();
  stream.once('close', () => clearTimeout(timer));
}

/** What grows when something is answered: NaN, which is never what it was, where that can't be seen. */
function answered(stream: Duplex): number {
  if (isHttp2Stream(stream)) return Number(stream.headersSent);
  return stream instanceof Socket ? stream.bytesWritten : NaN;
}
