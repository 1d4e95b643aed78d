/**
 * Closes the clients that opened a session and then joined no namespace in time.
 *
 * All wait equally long, so that who came first is due first: one timer serves any number of them.
 */

/** Who is waited for. */
export interface Waiting {
  /** Called when its time is up. */
  connectTimedOut(): void;
}

export class ConnectDeadlines {
  private readonly delayMs: () => number;
  /** In the order of their coming; each with its time (ms on the clock of `performance.now`). */
  private readonly dueAt = new Map<Waiting, number>();
  private timer: NodeJS.Timeout | undefined;

  /** @param delayMs - asked each time, since `Server#connectTimeout` may change it */
  constructor(delayMs: () => number) {
    this.delayMs = delayMs;
  }

  /** How many are waited for. */
  get size(): number {
    return this.dueAt.size;
  }

  add(one: Waiting): void {
    const delayMs = this.delayMs();
    this.dueAt.set(one, performance.now() + delayMs);
    this.timer ??= setTimeout(this.check, delayMs);
  }

  /** Harmless for one who isn't waited for. */
  delete(one: Waiting): void {
    if (this.dueAt.delete(one) && this.dueAt.size === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
  }

  private readonly check = (): void => {
    this.timer = undefined;
    const now = performance.now();
    for (const [one, due] of this.dueAt) {
      if (due > now) {
        this.timer = setTimeout(this.check, Math.ceil(due - now));
        return;
      }
      this.dueAt.delete(one);
      one.connectTimedOut();
    }
  };
}
