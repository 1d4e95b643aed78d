/**
 * The acknowledgements that a socket awaits.
 *
 * Each callback is called at most once, whatever the server sends, and nothing stays behind once it was called.
 */
import type { Clock } from '../../shared/clock.ts';
import { callListener } from '../../shared/emitter.ts';

/** Given what came of an event: an error, or `null` and the answer. */
export type Settle = (error: Error | null, ...answer: unknown[]) => void;

export class Acknowledgements {
  private readonly clock: Clock;
  private readonly pending = new Map<number, Settle>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /**
   * Awaits the answer to a packet.
   *
   * @param timeoutMs - after which there is an error instead of an answer
   * @param expired - called before `settle` when that happens
   */
  expect(id: number, settle: Settle, timeoutMs: number | undefined, expired: () => void): void {
    const expire = (): void => {
      expired();
      this.settle(id, new Error('operation has timed out'));
    };
    const timer = timeoutMs === undefined ? undefined : this.clock.after(timeoutMs, expire);
    this.pending.set(id, (...outcome) => {
      timer?.cancel();
      callListener(undefined, settle, outcome);
    });
  }

  /** What came of an event; where nobody awaits that, it is ignored. */
  settle(id: number, ...outcome: Parameters<Settle>): void {
    const settle = this.pending.get(id);
    this.pending.delete(id);
    settle?.(...outcome);
  }

  /** No answer can come any more, save to what is still to be sent. */
  disconnected(isBuffered: (id: number) => boolean): void {
    for (const id of this.pending.keys()) {
      if (!isBuffered(id)) this.settle(id, new Error('socket has been disconnected'));
    }
  }
}
