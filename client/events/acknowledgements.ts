/**
 * The acknowledgements that a socket awaits.
 *
 * Each callback is called at most once, whatever the server sends, and nothing stays behind once it was called.
 */
import { callListener } from '../../shared/emitter.ts';

/** Takes the answer; where `withError` is set, behind an error or `null`. */
export interface AckCallback {
  (...args: unknown[]): void;
  withError?: boolean;
}

interface Pending {
  readonly callback: AckCallback;
  readonly withError: boolean;
  readonly timer: ReturnType<typeof setTimeout> | undefined;
}

export class Acknowledgements {
  private readonly pending = new Map<number, Pending>();
  private readonly self: unknown;

  /** @param self - `this` of the callbacks */
  constructor(self: unknown) {
    this.self = self;
  }

  /**
   * Awaits the answer to a packet.
   *
   * @param timeoutMs - after which the callback is given an error instead
   * @param expired - called when that happens, before the callback
   */
  expect(id: number, callback: AckCallback, timeoutMs: number | undefined, expired: () => void): void {
    const timed = timeoutMs !== undefined;
    const expire = (): void => {
      expired();
      this.fail(id, 'operation has timed out');
    };
    this.pending.set(id, {
      callback,
      withError: timed || !!callback.withError,
      timer: timed ? setTimeout(expire, timeoutMs) : undefined,
    });
  }

  /** Hands over an answer; one that nobody awaits is ignored. */
  answer(id: number, args: unknown[]): void {
    const taken = this.take(id);
    if (taken) callListener(this.self, taken.callback, taken.withError ? [null, ...args] : args);
  }

  /** No answer can come any more: tells those who asked to know, and forgets the others. */
  disconnected(stillBuffered: (id: number) => boolean): void {
    for (const id of this.pending.keys()) {
      if (!stillBuffered(id)) this.fail(id, 'socket has been disconnected');
    }
  }

  private fail(id: number, why: string): void {
    const taken = this.take(id);
    if (taken?.withError) callListener(this.self, taken.callback, [new Error(why)]);
  }

  private take(id: number): Pending | undefined {
    const taken = this.pending.get(id);
    this.pending.delete(id);
    clearTimeout(taken?.timer);
    return taken;
  }
}
