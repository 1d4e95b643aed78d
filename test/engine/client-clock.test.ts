/** The clock of a connection, while machines sleep and their clocks are set. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clockFor, installTimerFunctions } from '../../client/engine/clock.ts';

describe('now', () => {
  let wall = 0;
  let running = 0;

  beforeEach(() => {
    wall = 1_000_000;
    running = 5_000;
    vi.spyOn(Date, 'now').mockImplementation(() => wall);
    vi.spyOn(performance, 'now').mockImplementation(() => running);
  });

  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['counts what passes', [[100, 100]], 100],
    ['counts a sleep through which only the wall clock went on', [[28_800_000, 10]], 28_800_000],
    ['does not count a sleep twice where both clocks went on', [[28_800_000, 28_800_000]], 28_800_000],
    ['never runs back when the wall clock is set back', [[-3_600_000, 10]], 10],
    [
      'goes on after that as before',
      [
        [-3_600_000, 10],
        [50, 50],
      ],
      60,
    ],
    [
      'takes a wall clock that is set ahead for a sleep',
      [
        [3_600_000, 10],
        [50, 50],
      ],
      3_600_050,
    ],
    [
      'does not mind that the wall clock ticks in whole milliseconds',
      [
        [1, 0.2],
        [0, 0.2],
        [0, 0.2],
        [1, 0.4],
      ],
      1,
    ],
  ] as [string, [number, number][], number][])('%s', (_what, steps, expected) => {
    const clock = clockFor({});
    const start = clock.now();
    let last = start;
    for (const [onTheWall, inTheMachine] of steps) {
      wall += onTheWall;
      running += inTheMachine;
      expect(clock.now()).toBeGreaterThanOrEqual(last);
      last = clock.now();
    }
    expect(last - start).toBeCloseTo(expected, 5);
  });
});

describe('timers', () => {
  afterEach(() => vi.useRealTimers());

  it('are those of the test that replaced them, unless the native ones are asked for', async () => {
    vi.useFakeTimers();
    const fired: string[] = [];
    clockFor({}).after(10, () => fired.push('replaced'));
    await new Promise<void>((resolve) => clockFor({ useNativeTimers: true }).after(20, resolve));
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(10);
    expect(fired).toEqual(['replaced']);
  });

  it('can be cancelled, twice too, and after they ran', async () => {
    const clock = clockFor({});
    let count = 0;
    const never = clock.after(0, () => count++);
    never.cancel();
    never.cancel();
    const once = await new Promise<{ cancel(): void }>((resolve) => {
      const timer = clock.after(1, () => resolve(timer));
    });
    once.cancel();
    expect(count).toBe(0);
  });

  it('keep no process alive where they shall not', () => {
    const unref = vi.fn();
    vi.spyOn(globalThis, 'setTimeout').mockReturnValue({ unref } as never);
    clockFor({ autoUnref: true }).after(1, () => {});
    clockFor({}).after(1, () => {});
    vi.restoreAllMocks();
    expect(unref).toHaveBeenCalledTimes(1);
  });

  it('are installed under the names that users of engine.io-client know', async () => {
    const target: { setTimeoutFn?: typeof setTimeout; clearTimeoutFn?: typeof clearTimeout } = {};
    installTimerFunctions(target, { useNativeTimers: true });
    await new Promise<void>((resolve) => target.setTimeoutFn!(resolve, 1));
    target.clearTimeoutFn!(undefined);
  });
});
