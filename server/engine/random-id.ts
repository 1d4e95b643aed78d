/** Ids that nobody can guess: random, without a counter, in characters that need no escape in a URL. */
import { randomFillSync } from 'node:crypto';

/** One call for many ids: a call costs 20 times what a slice does. */
const pool = Buffer.allocUnsafeSlow(4_096);
let used = pool.length;

/** @param bytes - of randomness; three make four characters */
export function randomId(bytes: number): string {
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
