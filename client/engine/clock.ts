/** The clock of a connection: its timers honour `autoUnref` and `useNativeTimers`, and it notices that the machine slept. */
import type { Clock } from '../../shared/clock.ts';
import type { SocketOptions } from './options.ts';

/** Functions by which timers are set and cleared. */
interface TimerFunctions {
  setTimeoutFn: typeof setTimeout;
  clearTimeoutFn: typeof clearTimeout;
}

/** As they were before a test's mock clock replaced them. */
const { setTimeout: nativeSet, clearTimeout: nativeClear } = globalThis;

/** By how much the wall clock must have run ahead for that to have been a sleep (ms). */
const SLEPT_MS = 1_000;

/** Gives `target` the timer functions that `options.useNativeTimers` asks for. */
export function installTimerFunctions(target: Partial<TimerFunctions>, options: Partial<SocketOptions>): void {
  const native = options.useNativeTimers;
  target.setTimeoutFn = (native ? nativeSet : globalThis.setTimeout).bind(globalThis) as typeof setTimeout;
  target.clearTimeoutFn = (native ? nativeClear : globalThis.clearTimeout).bind(globalThis);
}

export function clockFor(options: SocketOptions): Clock {
  const timers = {} as TimerFunctions;
  installTimerFunctions(timers, options);
  let wall = Date.now();
  let running = performance.now();
  let passedMs = 0;
  return {
    // `performance.now` may stand still while the machine sleeps, and `Date.now` may be set back: neither will do alone.
    now() {
      const wallMs = Date.now() - wall;
      const runMs = performance.now() - running;
      wall += wallMs;
      running += runMs;
      return (passedMs += wallMs > runMs + SLEPT_MS ? wallMs : runMs);
    },
    after(delayMs, task) {
      const timer = timers.setTimeoutFn(task, delayMs);
      if (options.autoUnref) timer.unref?.();
      return { cancel: () => timers.clearTimeoutFn(timer) };
    },
  };
}

/** Calls `task` when the code at hand is done, before anything else happens. */
export function nextTick(task: () => void): void {
  queueMicrotask(task);
}
