/** The clock of a connection: its timers honour `autoUnref` and `useNativeTimers`, and it notices that the machine slept. */
import type { Clock } from '../../shared/clock.ts';
import type { SocketOptions } from './options.ts';

/** Functions by which timers are set and cleared. */
type Timers = Pick<typeof globalThis, 'setTimeout' | 'clearTimeout'>;

/** As they were before a test's mock clock replaced them. */
const { setTimeout, clearTimeout } = globalThis;
const native: Timers = { setTimeout, clearTimeout };

const timersFor = ({ useNativeTimers }: Partial<SocketOptions>): Timers => (useNativeTimers ? native : globalThis);

/** By how much the wall clock must have run ahead for that to have been a sleep (ms). */
const SLEPT_MS = 1_000;

/** Gives `target` the timer functions that `options.useNativeTimers` asks for. */
export function installTimerFunctions(
  target: { setTimeoutFn?: typeof setTimeout; clearTimeoutFn?: typeof clearTimeout },
  options: Partial<SocketOptions>,
): void {
  const timers = timersFor(options);
  // Called as methods of the target, browsers' own would find a `this` that is not theirs.
  target.setTimeoutFn = timers.setTimeout.bind(globalThis) as typeof setTimeout;
  target.clearTimeoutFn = timers.clearTimeout.bind(globalThis);
}

/** What the two clocks of the machine said last, and by how much one ran ahead of the other: when first asked, since 1970. */
let wall = 0;
let running = 0;
let sleptMs = 0;

/** `performance.now` may stand still while the machine sleeps, and `Date.now` may be set back: neither will do alone. */
function now(): number {
  const wallMs = Date.now() - wall;
  const runMs = performance.now() - running;
  wall += wallMs;
  running += runMs;
  if (wallMs > runMs + SLEPT_MS) sleptMs += wallMs - runMs;
  return running + sleptMs;
}

export function clockFor(options: SocketOptions): Clock {
  const { setTimeout: set, clearTimeout: clear } = timersFor(options);
  return {
    now,
    after(delayMs, task) {
      const timer = set(task, delayMs);
      if (options.autoUnref) timer.unref?.();
      return { cancel: () => clear(timer) };
    },
  };
}
