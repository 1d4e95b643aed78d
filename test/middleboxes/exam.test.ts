/** A short exam on every way, and the official ends in it: that shows that it finds what it looks for. */
import { describe, expect, it } from 'vitest';
import { official, ours } from './ends.ts';
import { runExam, ways, type Way } from './exam.ts';
import { flawless } from './ledger.ts';

const seed = 2026;

const short = { faults: 40, messages: 1_500, seed };

describe(`the exam with seed ${seed}`, () => {
  it.each(Object.keys(ways) as Way[])(
    'all messages and acks arrive once and in order, without a disconnect: %s',
    async (way) => {
      const { up, down, disconnects, faults } = await runExam({ ends: ours, way, ...short });
      expect({ up, down, disconnects }, `--way '${way}' --faults 40 --messages 1500 --seed ${seed}`).toEqual({
        up: flawless,
        down: flawless,
        disconnects: [],
      });
      expect(Object.values(faults).reduce((sum, count) => sum + count)).toBe(short.faults);
    },
    60_000,
  );

  it('finds what the official ends lose', async () => {
    const result = await runExam({ ends: official, way: 'both', faults: 12, messages: 300, seed, quietMs: 1_000 });
    expect(result.up.lost + result.down.lost).toBeGreaterThan(0);
    expect(result.disconnects.length).toBeGreaterThan(0);
  });
});
