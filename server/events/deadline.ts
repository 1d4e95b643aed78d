/** Questions to other servers that may never be answered, because what carries them is down: they end all the same. */
import { timedOut } from './timed-out.ts';

/**
 * How long answers of other servers are waited for where the application didn't say (ms). Adapters have shorter times of
 * their own, and errors that say more.
 */
const PATIENCE_MS = 10_000;

/** Adapters that keep the time themselves are let be first (ms). */
const GRACE_MS = 100;

/**
 * @param partial - what can be told without the others; goes with the error as `responses`
 * @returns what `answer` resolves with; rejects when it doesn't in time
 */
export function withDeadline<T>(answer: Promise<T>, partial: () => Promise<T>, timeoutMs = PATIENCE_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      partial().then((responses) => reject(Object.assign(timedOut(), { responses })), reject);
    }, timeoutMs + GRACE_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
