/** Session ids: secrets of 128 random bits, without a counter, in characters that need no escape in a URL. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;

/** Randomness is fetched for many ids at once: a call for each costs more than all else about it. */
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/** @param node - name of the server that holds the session, or empty */
export function newSessionId(node: string): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += ID_BYTES;
  const id = pool.toString('base64url', start, used);
  // What was given out must not be found in memory later.
  pool.fill(0, start, used);
  return node === '' ? id : `${id}.${node}`;
}

/** What a log may say of an id. */
export function shortId(id: string): string {
  return id.slice(0, 6);
}
