import { afterEach, describe, expect, it, vi } from 'vitest';

import {
  afterTurn,
  beginTurn,
  endTurn,
  flushOpening,
  flushTogether,
  flushWithOthers,
} from '../../shared/websocket/turn.ts';

/** Answers of so many connections, and the numbers of those that have left. */
function answers(count: number): { ready: (() => void)[]; left: number[] } {
  const left: number[] = [];
  const ready = Array.from(
    { length: count },
    (_none, at) => () => flushWithOthers({ flush: () => void left.push(at) }),
  );
  return { ready, left };
}

/** As it was before a test stopped it. */
const { setImmediate: afterRound } = globalThis;
const nextTurn = (): Promise<void> => new Promise((resolve) => afterRound(resolve));

afterEach(() => vi.useRealTimers());

it('answers leave in order once the loop has read what came', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { ready, left } = answers(3);
  for (const answer of ready) answer();
  expect(left).toEqual([]);
  await nextTurn();
  expect(left).toEqual([0, 1, 2]);
});

it('not more than 64 of them wait', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { ready, left } = answers(70);
  for (const answer of ready) answer();
  expect(left).toHaveLength(64);
  await nextTurn();
  expect(left).toEqual(Array.from({ length: 70 }, (_none, at) => at));
});

it('none waits for more than one slow listener', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { ready, left } = answers(3);
  ready[0]!();
  vi.advanceTimersByTime(1);
  ready[1]!();
  expect(left).toEqual([0, 1]);
  ready[2]!();
  await nextTurn();
  expect(left).toEqual([0, 1, 2]);
});

it('who is alone does not wait a second time', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let left = 0;
  const alone = { flush: () => void left++ };
  flushWithOthers(alone);
  await nextTurn();
  expect(left).toBe(1);
  flushWithOthers(alone);
  expect(left).toBe(2);
});

it('who comes once waits with the others, also a second time', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let left = 0;
  const once = { flush: () => void left++ };
  for (let time = 0; time < 2; time++) {
    flushTogether(once);
    expect(left).toBe(time);
    await nextTurn();
    expect(left).toBe(time + 1);
  }
});

it('what opens a connection waits for a round in which none opens, and others with it', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const left: string[] = [];
  const task = (name: string) => ({ flush: () => void left.push(name) });
  flushOpening(task('first'));
  await nextTurn();
  flushOpening(task('second'));
  flushWithOthers(task('answer'));
  await nextTurn();
  expect(left).toEqual([]);
  await nextTurn();
  expect(left).toEqual(['first', 'second', 'answer']);
});

it('what opens a connection waits no round more once a millisecond has passed', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let left = 0;
  flushOpening({ flush: () => void left++ });
  vi.advanceTimersByTime(1);
  await nextTurn();
  expect(left).toBe(1);
});

it('answers leave while an application holds the clock', async () => {
  vi.useFakeTimers();
  let left = 0;
  flushOpening({ flush: () => void left++ });
  flushWithOthers({ flush: () => void left++ });
  await nextTurn();
  await nextTurn();
  expect(left).toBe(2);
});

describe('what is put off', () => {
  const deeds: string[] = [];
  const later = (deed: string) => (): void => void deeds.push(deed);

  afterEach(() => void deeds.splice(0));

  it('is done when the turn is over, in order', () => {
    beginTurn();
    afterTurn(later('first'));
    afterTurn(later('second'));
    expect(deeds).toEqual([]);
    endTurn();
    expect(deeds).toEqual(['first', 'second']);
  });

  it('waits for the turn around its own', () => {
    beginTurn();
    beginTurn();
    afterTurn(later('deed'));
    endTurn();
    expect(deeds).toEqual([]);
    endTurn();
    expect(deeds).toEqual(['deed']);
  });

  it.each([
    ['outside of a turn', (): void => afterTurn(later('deed'))],
    [
      'by what was put off itself',
      (): void => {
        beginTurn();
        afterTurn(() => afterTurn(later('deed')));
        endTurn();
      },
    ],
  ])('%s is done with the tick', async (_when, putOff) => {
    putOff();
    expect(deeds).toEqual([]);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(deeds).toEqual(['deed']);
  });
});
