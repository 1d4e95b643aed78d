/** What adapters do in their own time. */
import createDebug from 'debug';

const debug = createDebug('throughline:events:adapter');

/**
 * Takes what an adapter returned and nobody waits for. Those of servers in a group return promises, whatever the contract
 * says; one that rejects because the bus is down is logged, and the process goes on.
 */
export function unwatched(work: unknown): void {
  if (work instanceof Promise) work.catch((error: unknown) => debug('not done by the adapter: %s', error));
}
