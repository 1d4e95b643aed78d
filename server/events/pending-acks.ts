/** The callbacks of a socket that wait for an answer, by the id of the packet that asked. Adapters add theirs as to any map. */
import { timedOut } from './timed-out.ts';

// oxlint-disable-next-line no-explicit-any -- an acknowledgement carries what the application put in it
export type AckCallback = (...args: any[]) => unknown;

/** Calls a callback of the application's, so that what it throws goes no further. */
export type CallAck = (callback: AckCallback, args: readonly unknown[]) => void;

export class PendingAcks extends Map<number, AckCallback> {
  /** @param timeoutMs - after which the callback gets an error; in time it then gets `null` before the answer */
  wait(id: number, callback: AckCallback, timeoutMs: number | undefined, call: CallAck): void {
    if (timeoutMs === undefined) {
      this.set(id, callback);
      return;
    }
    const timer = setTimeout(() => {
      this.delete(id);
      call(callback, [timedOut()]);
    }, timeoutMs);
    this.set(id, function (this: unknown, ...args) {
      clearTimeout(timer);
      return Reflect.apply(callback, this, [null, ...args]);
    });
  }

  /** An answer came. One that nobody waits for, that comes twice or too late, is ignored. */
  settle(id: number, args: readonly unknown[], call: CallAck): void {
    const callback = this.get(id);
    if (callback === undefined) return;
    this.delete(id);
    call(callback, args);
  }
}
