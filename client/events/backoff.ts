/** How long to wait before connecting again. */

/** The shape of a back-off, from the manager's options of the same names. */
export interface Backoff {
  readonly reconnectionDelay: number;
  readonly reconnectionDelayMax: number;
  readonly randomizationFactor: number;
}

/**
 * The milliseconds to wait before an attempt: twice as long as before the last one, up to a bound, and then that many
 * per cent more or less, so that a thousand clients that lost one server don't all come back in the same moment. The
 * bound itself is never passed; at the bound half of the clients come early.
 *
 * @param attempt - how many were made already
 * @param random - from 0 to 1
 */
export function backoffMs(
  { reconnectionDelay, reconnectionDelayMax, randomizationFactor }: Backoff,
  attempt: number,
  random: number,
): number {
  const middle = Math.min(reconnectionDelayMax, reconnectionDelay * 2 ** attempt);
  return Math.min(reconnectionDelayMax, middle * (1 + randomizationFactor * (2 * random - 1)));
}
