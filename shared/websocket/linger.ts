/**
 * Ends a raw stream so that what was written still arrives: a stream destroyed with unread input answers with a reset, and
 * that can overtake the last bytes. Bounded in time and in bytes, whatever the peer does.
 */
import type { Duplex } from 'node:stream';

import type { Limits } from './limits.ts';

/** Writes `last`, ends our direction, and throws away what still comes until the peer ends too or a limit is passed. */
export function endGently(socket: Duplex, last: string | Uint8Array, limits: Limits): void {
  const destroy = (): void => void socket.destroy();
  const timer = setTimeout(destroy, limits.closeTimeoutMs).unref();
  let drained = 0;
  socket.on('error', destroy);
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > limits.maxDrainBytes) destroy();
  });
  socket.resume();
  socket.end(last);
}
