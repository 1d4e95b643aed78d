/**
 * The milliseconds to wait before something is tried again: twice as long as the last time, up to a bound, and then by chance a
 * part more or less, so that a thousand clients that lost one server don't all come back in the same moment. The bound
 * itself is never passed; at the bound half of the clients come early.
 *
 * @param delayMs - before the first attempt
 * @param maxMs - the bound
 * @param jitter - the part, from 0 to 1
 * @param attempts - made already
 * @param random - from 0 to 1
 */
export function backoffMs(delayMs: number, maxMs: number, jitter: number, attempts: number, random: number): number {
  // Even who waits for nothing at first must not go on hammering.
  const middleMs = Math.min(maxMs, (delayMs || 1) * 2 ** attempts);
  return Math.min(maxMs, middleMs * (1 + jitter * (2 * random - 1)));
}
