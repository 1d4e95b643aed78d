/**
 * Every number that bounds something on this floor: name, unit, least, most, default, and what happens at it.
 *
 * | limit                  | what happens at it                                                             |
 * | ---------------------- | ------------------------------------------------------------------------------ |
 * | `maxMessageBytes`      | 1009 where the sum over all fragments passes it, inflated bytes included       |
 * | `maxFragments`         | 1008 at the fragment that is one too many; 0: no limit                         |
 * | `maxHeaderBytes`       | client: the answer's head is refused; server: Node's own `maxHeaderSize`, 431  |
 * | `handshakeTimeoutMs`   | the opening handshake is given up; 0: never                                    |
 * | `foreignUpgradeTimeoutMs` | an upgrade for another path that no other listener took is cut               |
 * | `closeTimeoutMs`       | a closing handshake that is not done is cut, however silent the peer           |
 * | `maxDrainBytes`        | after a failure, most bytes read and thrown away before the connection is cut  |
 * | `maxPendingPongs`      | while the peer doesn't read, only the newest ping is answered (§5.5.3)         |
 * | `highWaterBytes`       | `drain` is told once more than this had been queued and all of it left         |
 * | `maxQueuedBytes`       | the connection is cut: a slow consumer                                         |
 * | `stalledQueueBytes`    | so much queued, and not a byte leaving for `stalledTimeoutMs`: likewise        |
 */
import { resolveOptions, whole } from '../options.ts';
import type { Resolved } from '../options.ts';

const MOST = 2 ** 31 - 1;

const table = {
  maxMessageBytes: whole(1, MOST, 100 * 2 ** 20),
  maxFragments: whole(0, MOST, 0),
  maxHeaderBytes: whole(1_024, 2 ** 20, 16_384),
  handshakeTimeoutMs: whole(0, MOST, 10_000),
  foreignUpgradeTimeoutMs: whole(0, MOST, 1_000),
  closeTimeoutMs: whole(0, MOST, 5_000),
  maxDrainBytes: whole(0, MOST, 65_536),
  maxPendingPongs: whole(1, 65_536, 64),
  highWaterBytes: whole(1, MOST, 65_536),
  maxQueuedBytes: whole(1, Number.MAX_SAFE_INTEGER, 128 * 2 ** 20),
  stalledQueueBytes: whole(1, Number.MAX_SAFE_INTEGER, 16 * 2 ** 20),
  stalledTimeoutMs: whole(1, MOST, 10_000),
};

/** All limits, none left out. */
export type Limits = Resolved<typeof table>;

/**
 * Returns a complete, frozen copy.
 *
 * @throws {@link OptionError} `ERR_OPTION_RANGE`, naming the limit, its value and its range
 */
export function resolveLimits(given: { readonly [Name in keyof Limits]?: number | undefined } = {}): Limits {
  return resolveOptions(table, given);
}

/** The limit that the option `maxPayload` stands for: 0 is as much as there can be. */
export function messageLimit(maxPayload: number | undefined): number | undefined {
  return maxPayload === 0 ? MOST : maxPayload;
}
