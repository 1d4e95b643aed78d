/** A clock that stands still until it is turned, for everything that takes its time from outside. */
import type { SharedClock, Timer } from '../shared/clock.ts';

interface Waiting extends Timer {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

export class VirtualClock implements SharedClock {
  private time = 0;
  private order = 0;
  private waiting: Waiting[] = [];

  /** How many timers wait: none may be left when a test is done. */
  get pending(): number {
    return this.waiting.length;
  }

  now(): number {
    return this.time;
  }

  after(delayMs: number, task: () => void): Timer {
    const timer: Waiting = {
      at: this.time + delayMs,
      order: this.order++,
      task,
      cancel: () => {
        this.waiting = this.waiting.filter((other) => other !== timer);
      },
    };
    this.waiting.push(timer);
    return timer;
  }

  afterFor<Owner>(delayMs: number, task: (owner: Owner) => void, owner: Owner): Timer {
    return this.after(delayMs, () => task(owner));
  }

  /** Lets `ms` pass; whatever falls due runs at its own time, in order. */
  turn(ms: number): void {
    const end = this.time + ms;
    for (let next = this.earliest(end); next !== undefined; next = this.earliest(end)) {
      this.time = Math.max(this.time, next.at);
      next.cancel();
      next.task();
    }
    this.time = end;
  }

  /** The process sleeps: time passes, and what fell due meanwhile runs late, at the end. */
  sleep(ms: number): void {
    this.time += ms;
    this.turn(0);
  }

  private earliest(end: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const timer of this.waiting) {
      if (timer.at > end) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
