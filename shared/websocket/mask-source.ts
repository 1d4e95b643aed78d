/** Masks from the system's random numbers (RFC 6455 §10.3), drawn many at a time because each draw is a call to the system. */
import { randomFillSync } from 'node:crypto';

const pool = new Int32Array(1_024);
let next = pool.length;

/** A fresh mask: 32 bits that nobody can foretell. */
export function randomMask(): number {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  return pool[next++]!;
}
