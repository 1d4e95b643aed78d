/**
 * Events that are sent one by one, each again until the server has acknowledged it: the option `retries`.
 *
 * So they arrive in order and at least once; the server may see one twice.
 */
import { callListener } from '../../shared/emitter.ts';
import type { Settle } from './acknowledgements.ts';

/** How one event is to be sent. */
export interface Flags {
  compress?: boolean;
  volatile?: boolean;
  /** ms to wait for the acknowledgement. */
  timeout?: number;
  /** The callback takes an error, or `null`, before the acknowledgement. */
  takesError?: boolean;
}

export type RetryQueue = ReturnType<typeof createRetryQueue>;

/**
 * @param retries - tries after the first one; then the event is dropped and its callback given the error
 * @param isReady - whether sending makes sense
 * @param send - sends an event, whose callback is given the acknowledgement or the error
 */
export function createRetryQueue(
  retries: number,
  isReady: () => boolean,
  send: (data: unknown[], flags: Flags, callback: Settle) => void,
) {
  /** Each sends its event. */
  const queue: (() => void)[] = [];
  /** Whether the first one's acknowledgement is awaited. */
  let isPending = false;

  /** Sends the first event, unless its acknowledgement is awaited already. */
  const drain = (): void => {
    const [sendFirst] = queue;
    if (!sendFirst || isPending || !isReady()) return;
    isPending = true;
    try {
      sendFirst();
    } catch (error) {
      // It will never be sent, and must not hold up the rest.
      isPending = false;
      queue.shift();
      throw error;
    }
  };

  return {
    drain,

    /** Puts an event at the end and sends it when its turn comes. */
    add(data: unknown[], flags: Flags, callback: Settle | undefined): void {
      let triesLeft = retries;
      const answered: Settle = (...outcome) => {
        isPending = false;
        if (!outcome[0] || !triesLeft--) {
          queue.shift();
          if (callback) callListener(undefined, callback, outcome);
        }
        drain();
      };
      queue.push(() => send(data, { ...flags, takesError: true }, answered));
      drain();
    },
  };
}
