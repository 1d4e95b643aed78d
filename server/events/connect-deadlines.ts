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
  /** When it fires. */
  private timerAt = Infinity;

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
    const due = performance.now() + delayMs;
    this.dueAt.set(one, due);
    if (due < this.timerAt) this.arm(due, delayMs);
  }

  /** Harmless for one who isn't waited for. */
  delete(one: Waiting): void {
    // The timer goes on: mostly the next client is there before it fires.
    this.dueAt.delete(one);
  }

  private arm(due: number, delayMs: number): void {
    clearTimeout(this.timer);
    this.timerAt = due;
    // Who is waited for keeps the process alive, not the waiting.
    this.timer = setTimeout(this.check, Math.ceil(delayMs)).unref();
  }

  private readonly check = (): void => {
    this.timerAt = Infinity;
    const now = performance.now();
    for (const [one, due] of this.dueAt) {
      if (due > now) {
        this.arm(due, due - now);
        return;
      }
      this.dueAt.delete(one);
      one.connectTimedOut();
    }
  };
}
