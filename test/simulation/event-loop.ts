/**
 * Time in a simulation: tasks by their due time, run as fast as the machine can. Stands in for every timer of the code under
 * test, so that nothing waits and the same seed runs the same way.
 */
import type { SharedClock, Timer } from '../../shared/clock.ts';

/** A task that waits. Cancelled ones stay in the heap until their time comes; that is cheaper than to look for them. */
export class Task implements Timer {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }

  // What Node's timers can and browsers' can't; nothing here keeps a process alive.
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }
}

const isEarlier = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Many times what a simulation needs: whoever gets there runs in circles. */
const MOST_TASKS = 100_000;

export class EventLoop implements SharedClock {
  private ran = 0;
  private time = 0;
  private order = 0;
  /** A binary heap, the earliest task first. */
  private readonly heap: Task[] = [];
  private soon: (() => void)[] = [];

  readonly now = (): number => this.time;

  /** How many tasks wait. */
  get pending(): number {
    let count = 0;
    for (const task of this.heap) if (task.run !== undefined) count++;
    return count;
  }

  after(delayMs: number, run: () => void): Task {
    const task = new Task(this.time + Math.max(0, delayMs), this.order++, run);
    const { heap } = this;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(task, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = task;
    return task;
  }

  afterFor<Owner>(delayMs: number, task: (owner: Owner) => void, owner: Owner): Task {
    return this.after(delayMs, () => task(owner));
  }

  /** Runs `run` when the task at hand is done, before any other: a microtask. */
  afterThis(run: () => void): void {
    this.soon.push(run);
  }

  /** Runs what is due up to `end`, each at its own time. Stops early where `done` says so. */
  runUntil(end: number, done: () => boolean = () => false): void {
    this.runSoon();
    for (let task = this.heap[0]; task !== undefined && task.at <= end && !done(); task = this.heap[0]) {
      this.removeFirst();
      if (task.run === undefined) continue;
      const { run } = task;
      task.run = undefined;
      // A jump may have left it behind.
      if (task.at > this.time) this.time = task.at;
      if (++this.ran > MOST_TASKS) throw new Error('runs in circles');
      run();
      this.runSoon();
    }
    if (!done() && end > this.time) this.time = end;
  }

  /** Time passes and nothing runs: a process that sleeps, or a clock that is set forward. */
  jump(ms: number): void {
    this.time += ms;
  }

  private runSoon(): void {
    while (this.soon.length > 0) {
      const { soon } = this;
      this.soon = [];
      for (const run of soon) run();
    }
  }

  private removeFirst(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child++;
      if (!isEarlier(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
