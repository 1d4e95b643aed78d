/**
 * One clock for all sessions of a server, on a single timer of Node's: ten thousand idle sessions cost ten thousand small
 * entries in a few lists, and no timers of their own.
 *
 * Delays come from options, so there are few different ones. Each has a queue in the order in which its entries fall due.
 * A turn's tasks run after what has arrived by then was read, so that a process that was blocked hears its peers out
 * before it counts them as silent. That takes it a few rounds of the event loop: connections are accepted in one, and what they
 * say is read in the next.
 */
import type { SharedClock, Timer } from '../../shared/clock.ts';

/** Delays from here on (ms) are rounded up to whole ticks, so that the timers of many sessions share a wake-up. */
const COARSE_FROM_MS = 1_000;
const TICK_MS = 20;

/** A wake-up so late (ms) says that the process was blocked: then its tasks wait for so many rounds of the event loop. */
const BLOCKED_MS = 100;
const ROUNDS_TO_READ = 3;

/** A doubly linked list; its own ends are the entry that stands for it. */
class Entry implements Timer {
  due = Infinity;
  task: ((owner: unknown) => void) | undefined = undefined;
  owner: unknown = undefined;
  before: Entry = this;
  behind: Entry = this;

  insertBefore(other: Entry): void {
    this.before = other.before;
    this.behind = other;
    other.before.behind = this;
    other.before = this;
  }

  cancel(): void {
    this.task = undefined;
    this.owner = undefined;
    this.before.behind = this.behind;
    this.behind.before = this.before;
    this.before = this;
    this.behind = this;
  }
}

export class TimerWheel implements SharedClock {
  private readonly queues = new Map<number, Entry>();
  private wake: NodeJS.Timeout | undefined;
  private wakeAt = Infinity;
  private lateMs = 0;
  /** Rounds of the event loop before the tasks that are due. */
  private rounds = 0;

  /** How late the last wake-up came (ms): what else runs in this process takes that long. */
  get lagMs(): number {
    return this.lateMs;
  }

  now(): number {
    return performance.now();
  }

  after(delayMs: number, task: () => void): Timer {
    return this.afterFor(delayMs, task, undefined);
  }

  afterFor<Owner>(delayMs: number, task: (owner: Owner) => void, owner: Owner): Timer {
    let queue = this.queues.get(delayMs);
    if (queue === undefined) {
      queue = new Entry();
      this.queues.set(delayMs, queue);
    }
    const entry = new Entry();
    entry.due = this.now() + delayMs;
    if (delayMs >= COARSE_FROM_MS) entry.due = Math.ceil(entry.due / TICK_MS) * TICK_MS;
    // Called with this very owner.
    entry.task = task as (owner: unknown) => void;
    entry.owner = owner;
    entry.insertBefore(queue);
    if (entry.due < this.wakeAt) this.arm(entry.due);
    return entry;
  }

  private arm(due: number): void {
    clearTimeout(this.wake);
    this.wakeAt = due;
    // Never keeps a process alive: what has sessions has sockets.
    this.wake = setTimeout(this.onWake, Math.max(1, Math.ceil(due - this.now()))).unref();
  }

  private readonly onWake = (): void => {
    this.lateMs = Math.max(0, this.now() - this.wakeAt);
    this.rounds = this.lateMs < BLOCKED_MS ? 1 : ROUNDS_TO_READ;
    setImmediate(this.turn);
  };

  private readonly turn = (): void => {
    if (--this.rounds > 0) return void setImmediate(this.turn);
    try {
      const now = this.now();
      for (const queue of this.queues.values()) this.runDue(queue, now);
    } finally {
      // Also where a task threw: the others must still have their turn.
      this.wakeAt = Infinity;
      let earliest = Infinity;
      for (const queue of this.queues.values()) earliest = Math.min(earliest, queue.behind.due);
      if (earliest < Infinity) this.arm(earliest);
    }
  };

  private runDue(queue: Entry, now: number): void {
    for (let first = queue.behind; first.due <= now; first = queue.behind) {
      const { task, owner } = first;
      first.cancel();
      task?.(owner);
    }
  }
}
