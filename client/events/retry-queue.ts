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

interface Queued {
  readonly args: unknown[];
  readonly flags: Flags;
  tries: number;
  isPending: boolean;
}

export class RetryQueue {
  private readonly queue: Queued[] = [];
  private readonly retries: number;
  private readonly isReady: () => boolean;
  private readonly send: (args: unknown[], flags: Flags) => void;

  /**
   * @param retries - tries after the first one; then the event is dropped and its callback given the error
   * @param isReady - whether sending makes sense
   * @param send - sends an event whose last argument takes the acknowledgement, or the error
   */
  constructor(retries: number, isReady: () => boolean, send: (args: unknown[], flags: Flags) => void) {
    this.retries = retries;
    this.isReady = isReady;
    this.send = send;
  }

  /** Puts an event at the end and sends it when its turn comes. */
  add(args: unknown[], flags: Flags): void {
    const callback = typeof args.at(-1) === 'function' ? (args.pop() as Settle) : undefined;
    const queued: Queued = { args, flags: { ...flags, takesError: true }, tries: 0, isPending: false };
    const answered: Settle = (error, ...answer) => {
      // What was answered may have been taken from the queue for an earlier try.
      if (queued !== this.queue[0]) return;
      queued.isPending = false;
      if (!error || queued.tries > this.retries) {
        this.queue.shift();
        if (callback) callListener(undefined, callback, [error, ...answer]);
      }
      this.drain();
    };
    args.push(answered);
    this.queue.push(queued);
    this.drain();
  }

  /** Sends the first event, unless its acknowledgement is awaited already. */
  drain(): void {
    const [first] = this.queue;
    if (!first || first.isPending || !this.isReady()) return;
    first.isPending = true;
    first.tries += 1;
    try {
      this.send([...first.args], first.flags);
    } catch (error) {
      // It will never be sent, and must not hold up the rest.
      this.queue.shift();
      throw error;
    }
  }
}
