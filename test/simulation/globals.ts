/**
 * The globals that reach for time and chance, as the code under simulation gets them: the bundle of the simulation puts these
 * in their place.
 */
import type { EventLoop, Task } from './event-loop.ts';
import type { Random } from './random.ts';

let loop: EventLoop;
let chance: Random;

/** Everything that is run from here on lives in this world. */
export function enterWorld(newLoop: EventLoop, newChance: Random): void {
  loop = newLoop;
  chance = newChance;
}

type Callback = (...args: unknown[]) => void;

const after = (run: Callback, delayMs = 0, ...args: unknown[]): Task => loop.after(delayMs, () => run(...args));
const cancel = (task: Task | undefined): void => task?.cancel();

/** An interval's handle: each round is a task of its own. */
class Interval {
  private task: Task;

  constructor(run: () => void, everyMs: number) {
    const round = (): void => {
      this.task = loop.after(everyMs, round);
      run();
    };
    this.task = loop.after(everyMs, round);
  }

  cancel(): void {
    this.task.cancel();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

const every = (run: Callback, everyMs = 0, ...args: unknown[]): Interval => new Interval(() => run(...args), everyMs);
const next = (run: Callback, ...args: unknown[]): Task => loop.after(0, () => run(...args));
const afterThis = (run: Callback, ...args: unknown[]): void => loop.afterThis(() => run(...args));

export {
  after as setTimeout,
  cancel as clearTimeout,
  every as setInterval,
  cancel as clearInterval,
  next as setImmediate,
  cancel as clearImmediate,
  afterThis as queueMicrotask,
};
export const simulatedNextTick = afterThis;
export const simulatedNow = (): number => loop.now();
export const simulatedRandom = (): number => chance.unit();
/** In place of `node:perf_hooks`. */
export const performance = { now: simulatedNow };
