/**
 * The acknowledgements that a socket awaits.
 *
 * Each callback is called at most once, whatever the server sends, and nothing stays behind once it was called.
 */
import type { Clock } from '../../shared/clock.ts';
import { callListener } from '../../shared/emitter.ts';

/** Given what came of an event: an error, or `null` and the answer. */
export type Settle = (error: Error | null, ...answer: unknown[]) => void;

export type Acknowledgements = ReturnType<typeof createAcknowledgements>;

export function createAcknowledgements(clock: Clock) {
  const pending = new Map<number, Settle>();

  /** What came of an event; where nobody awaits that, it is ignored. */
  const settle = (id: number, ...outcome: Parameters<Settle>): void => {
    const awaiting = pending.get(id);
    pending.delete(id);
    awaiting?.(...outcome);
  };

  return {
    settle,

    /**
     * Awaits the answer to a packet.
     *
     * @param timeoutMs - after which there is an error instead of an answer
     * @param expired - called before `callback` when that happens
     */
    expect(id: number, callback: Settle, timeoutMs: number | undefined, expired: () => void): void {
      const expire = (): void => {
        expired();
        settle(id, new Error('operation has timed out'));
      };
      const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, expire);
      pending.set(id, (...outcome) => {
        timer?.cancel();
        callListener(undefined, callback, outcome);
      });
    },

    /** No answer can come any more, save to what is still to be sent. */
    disconnected(isBuffered: (id: number) => boolean): void {
      for (const id of pending.keys()) {
        if (!isBuffered(id)) settle(id, new Error('socket has been disconnected'));
      }
    },
  };
}
