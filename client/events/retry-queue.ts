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

export class RetryQueue {
  /** Each sends its event. */
  private readonly queue: (() => void)[] = [];
  /** Whether the first one's acknowledgement is awaited. */
  private isPending = false;
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
    let triesLeft = this.retries;
    const answered: Settle = (...outcome) => {
      this.isPending = false;
      if (!outcome[0] || !triesLeft--) {
        this.queue.shift();
        if (callback) callListener(undefined, callback, outcome);
      }
      this.drain();
    };
    this.queue.push(() => this.send([...args, answered], { ...flags, takesError: true }));
    this.drain();
  }

  /** Sends the first event, unless its acknowledgement is awaited already. */
  drain(): void {
    const [send] = this.queue;
    if (!send || this.isPending || !this.isReady()) return;
    this.isPending = true;
    try {
      send();
    } catch (error) {
      // It will never be sent, and must not hold up the rest.
      this.isPending = false;
      this.queue.shift();
      throw error;
    }
  }
}
