import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { Distribution } from '../../server/engine/histogram.ts';

it('counts a value with the first bound that it does not pass, and with all that follow', () => {
  const lasted = new Distribution([0.01, 1, 300]);
  for (const value of [0, 0.01, 0.011, 1, 300, 301]) lasted.add(value);
  const { buckets, count } = lasted.snapshot();
  expect(Object.entries(buckets)).toEqual([
    ['0.01', 2],
    ['1.0', 4],
    ['300.0', 5],
    ['+Inf', 6],
  ]);
  expect(count).toBe(6);
});

it('has as many at each bound as there are values up to it', () => {
  const bounds = [0.5, 1, 2, 5, 10];
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), (values) => {
      const all = new Distribution(bounds);
      for (const value of values) all.add(value);
      const { count, sum, buckets } = all.snapshot();
      expect(count).toBe(values.length);
      expect(sum).toBeCloseTo(values.reduce((total, value) => total + value, 0));
      for (const [bound, upTo] of Object.entries(buckets)) {
        const most = bound === '+Inf' ? Infinity : Number(bound);
        expect(upTo).toBe(values.filter((value) => value <= most).length);
      }
    }),
  );
});
