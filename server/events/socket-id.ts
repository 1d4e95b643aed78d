/** Ids for sockets: random, without a counter. */
import { randomFillSync } from 'node:crypto';

/** 120 bits: the public id's length is Socket.IO's, 20 characters. */
const PUBLIC_BYTES = 15;

/** 144 bits: who knows a private id can recover its session, or carries it on. */
const PRIVATE_BYTES = 18;

/** One call for many ids: a call costs 20 times what a slice does. */
const pool = Buffer.allocUnsafeSlow(4_096);
let used = pool.length;

function take(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += bytes;
  const id = pool.toString('base64url', start, used);
  // What was given out must not be found in memory later.
  pool.fill(0, start, used);
  return id;
}

/** The id that everyone may know, and the room that the socket is in from birth. */
export const createSocketId = (): string => take(PUBLIC_BYTES);

/** The id that only its client may know: it recovers the session. */
export const createPrivateId = (): string => take(PRIVATE_BYTES);
