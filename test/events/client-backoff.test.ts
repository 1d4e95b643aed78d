import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../client/engine/backoff.ts';
import { Backoff } from '../../client/events/backoff.ts';

describe('the wait before an attempt', () => {
  it.each([
    [0, 500, 1_500],
    [1, 1_000, 3_000],
    [2, 2_000, 5_000],
    [3, 2_500, 5_000],
    [2_000, 2_500, 5_000],
  ])('number %i is between %i and %i ms by default', (attempts, least, most) => {
    expect(backoffMs(1_000, 5_000, 0.5, attempts, 0)).toBe(least);
    expect(backoffMs(1_000, 5_000, 0.5, attempts, 1)).toBe(most);
  });

  it('doubles without jitter, up to its bound', () => {
    expect([0, 1, 2, 3, 4].map((attempts) => backoffMs(10, 100, 0, attempts, 0.9))).toEqual([10, 20, 40, 80, 100]);
  });

  it('grows even from nothing', () => {
    expect([0, 1, 2, 3].map((attempts) => backoffMs(0, 5, 0, attempts, 0.5))).toEqual([1, 2, 4, 5]);
  });

  it('is never below nothing nor above the bound', () =>
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.nat(100_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(2_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (delayMs, maxMs, jitter, attempts, random) => {
          const waitMs = backoffMs(delayMs, maxMs, jitter, attempts, random);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(maxMs);
        },
      ),
    ));
});

it('counts the waits, asks anew how long they are, and starts again when it is reset', () => {
  let delayMs = 10;
  const backoff = new Backoff({
    reconnectionDelay: () => delayMs,
    reconnectionDelayMax: () => 1_000,
    randomizationFactor: () => 0,
  });
  expect([backoff.duration(), backoff.duration(), backoff.attempts]).toEqual([10, 20, 2]);
  delayMs = 50;
  expect(backoff.duration()).toBe(200);
  backoff.reset();
  expect([backoff.attempts, backoff.duration()]).toEqual([0, 50]);
});
