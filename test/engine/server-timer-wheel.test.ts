/** The one clock of all sessions. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { TimerWheel } from '../../server/engine/timer-wheel.ts';

describe('the timer wheel', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('runs tasks in the order in which they fall due, whatever their delays', () => {
    const wheel = new TimerWheel();
    const ran: string[] = [];
    for (const [delayMs, name] of [
      [30, 'c'],
      [10, 'a'],
      [20, 'b'],
      [10, 'a2'],
    ] as const)
      wheel.after(delayMs, () => void ran.push(name));
    vi.advanceTimersByTime(9);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(40);
    expect(ran).toEqual(['a', 'a2', 'b', 'c']);
  });

  it('tells one task of many whose time has come', () => {
    const wheel = new TimerWheel();
    const due: string[] = [];
    const task = (owner: string): void => void due.push(owner);
    wheel.afterFor(10, task, 'a');
    wheel.afterFor(10, task, 'b').cancel();
    wheel.afterFor(20, task, 'c');
    vi.advanceTimersByTime(30);
    expect(due).toEqual(['a', 'c']);
  });

  it('holds one timer for ten thousand tasks, and none when all are done or cancelled', () => {
    const wheel = new TimerWheel();
    const timers = Array.from({ length: 10_000 }, () => wheel.after(25_000, () => {}));
    expect(vi.getTimerCount()).toBe(1);
    for (const timer of timers.slice(1)) timer.cancel();
    vi.advanceTimersByTime(25_100);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never runs what was cancelled, before or while others run', () => {
    const wheel = new TimerWheel();
    const ran: string[] = [];
    const later = wheel.after(10, () => void ran.push('later'));
    const early = wheel.after(5, () => {
      ran.push('early');
      later.cancel();
      early.cancel();
      later.cancel();
    });
    wheel.after(10, () => void ran.push('last'));
    vi.advanceTimersByTime(50);
    expect(ran).toEqual(['early', 'last']);
  });

  it('runs the others when one throws', () => {
    const wheel = new TimerWheel();
    const ran: string[] = [];
    wheel.after(5, () => {
      throw new Error('broken');
    });
    wheel.after(5, () => void ran.push('second'));
    wheel.after(7, () => void ran.push('third'));
    expect(() => vi.advanceTimersByTime(50)).toThrow('broken');
    vi.advanceTimersByTime(50);
    expect(ran).toEqual(['second', 'third']);
  });

  it('takes a task set by a task', () => {
    const wheel = new TimerWheel();
    let count = 0;
    const again = (): void => void (++count < 5 && wheel.after(10, again));
    again();
    vi.advanceTimersByTime(200);
    expect(count).toBe(5);
  });
});
