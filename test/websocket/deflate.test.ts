import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { resolveDeflate } from '../../shared/websocket/deflate-options.ts';
import { Deflater } from '../../shared/websocket/deflater.ts';
import { InflateWindow } from '../../shared/websocket/inflate-window.ts';
import { Inflater } from '../../shared/websocket/inflater.ts';
import { MAX_LIVE_CONTEXTS } from '../../shared/websocket/live-contexts.ts';
import type * as LiveContexts from '../../shared/websocket/live-contexts.ts';
import { OutputTooBig } from '../../shared/websocket/zlib-stream.ts';
import { runInTurn } from '../../shared/websocket/zlib-turns.ts';
import { bytesHeld } from './garbage.ts';
import { hex } from './hex.ts';

const settings = resolveDeflate(true, true)!;
const LIMIT = 1_000_000;

function deflate(deflater: Deflater, data: Uint8Array | string, isLast = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflater.deflate(Buffer.from(data as string), isLast, (error, output) => (error ? reject(error) : resolve(output)));
  });
}

function inflate(inflater: Inflater, data: Uint8Array, limit = LIMIT): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    inflater.inflate(data, limit, (error, output) => (error ? reject(error) : resolve(output)));
  });
}

/** What each of some messages becomes on the way through both ends. */
async function through(
  messages: readonly (Uint8Array | string)[],
  windowBits: number,
  isFresh: boolean,
  restEvery = 0,
): Promise<Buffer[]> {
  const deflater = new Deflater(windowBits, isFresh, settings);
  const inflater = new Inflater(windowBits, isFresh, 10);
  const results: Buffer[] = [];
  for (const [at, message] of messages.entries()) {
    results.push(await inflate(inflater, await deflate(deflater, message)));
    if (restEvery > 0 && at % restEvery === 0) deflater.rest();
    if (restEvery > 0 && at % (restEvery + 1) === 0) inflater.rest();
  }
  deflater.rest();
  inflater.rest();
  return results;
}

const documents = Array.from({ length: 40 }, (_none, at) =>
  JSON.stringify({
    at,
    name: `name ${at % 7}`,
    list: Array.from({ length: at * 3 }, (_item, index) => ({ index, value: `${at * index}` })),
  }),
);

describe('messages through both ends', () => {
  it.each(
    [8, 9, 10, 12, 15].flatMap(
      (bits) =>
        [
          [bits, false],
          [bits, true],
        ] as [number, boolean][],
    ),
  )('arrive with a window of %i bits (each alone: %s)', async (bits, isFresh) => {
    const messages = [...documents, '', 'a', 'ab', randomBytes(50_000), documents.join('')];
    expect(await through(messages, bits, isFresh)).toEqual(messages.map((message) => Buffer.from(message as string)));
  });

  it('arrive although both contexts rest now and then', async () => {
    for (const bits of [8, 11, 15])
      expect(await through(documents, bits, false, 3)).toEqual(documents.map((text) => Buffer.from(text)));
  });

  it('of any kind arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 8 }),
        fc.integer({ min: 8, max: 15 }),
        fc.boolean(),
        async (messages, bits, isFresh) => {
          expect(await through(messages, bits, isFresh, 2)).toEqual(messages.map((message) => Buffer.from(message)));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('arrive in fragments, empty ones too', async () => {
    const deflater = new Deflater(15, false, settings);
    const inflater = new Inflater(15, false, 10);
    for (const pieces of [
      ['a', 'b', 'c'],
      ['', 'x', ''],
      ['', ''],
      [documents[20]!, documents[21]!],
    ]) {
      const packed: Buffer[] = [];
      for (const [at, piece] of pieces.entries()) packed.push(await deflate(deflater, piece, at === pieces.length - 1));
      expect(String(await inflate(inflater, Buffer.concat(packed)))).toBe(pieces.join(''));
    }
    deflater.rest();
    inflater.rest();
  });

  it('20,000 in one context are, byte by byte, what zlib makes of them', async () => {
    const deflater = new Deflater(15, false, settings);
    const { level, memLevel, strategy } = settings;
    const reference = createDeflateRaw({ level, memLevel, strategy, windowBits: 15, flush: constants.Z_SYNC_FLUSH });
    const [own, zlibs] = [createHash('sha1'), createHash('sha1')];
    reference.on('data', (piece: Buffer) => zlibs.update(piece));
    for (let at = 0; at < 20_000; at++) {
      const text = `{"n":${at}}`;
      // Both at once, each on a thread of its own.
      const taken = reference.write(text) || once(reference, 'drain');
      own.update(await deflate(deflater, text)).update(hex('0000ffff'));
      await taken;
    }
    await new Promise((resolve) => reference.write('', resolve));
    expect(own.digest('hex')).toBe(zlibs.digest('hex'));
    reference.destroy();
    deflater.rest();
  }, 60_000);
});

describe('inflation', () => {
  it.each([
    ['of what is no DEFLATE', hex('ffffff'), 'Z_DATA_ERROR'],
    ['of a bad block', hex('07'), 'Z_DATA_ERROR'],
    [
      'of a distance too far back',
      deflateRawSync('x'.repeat(500), { dictionary: Buffer.from('x'.repeat(300)) }),
      'Z_DATA_ERROR',
    ],
  ])('%s fails', async (_what, bytes, code) => {
    await expect(inflate(new Inflater(15, false, 10), bytes)).rejects.toMatchObject({ code });
  });

  it('stops at its limit, and takes a message as long as that', async () => {
    const packed = deflateRawSync(Buffer.alloc(5_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    expect(await inflate(new Inflater(15, false, 10), packed, 5_000)).toHaveLength(5_000);
    await expect(inflate(new Inflater(15, false, 10), packed, 4_999)).rejects.toBeInstanceOf(OutputTooBig);
  });

  it('of a bomb costs no memory', async () => {
    // A megabyte of zeros, flushed so that it can stand any number of times: 500 MB in half a megabyte.
    const megabyte = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
    const bomb = Buffer.concat(Array.from({ length: 500 }, () => megabyte));
    for (const isFresh of [false, true]) {
      const before = process.memoryUsage.rss();
      await expect(inflate(new Inflater(15, isFresh, 10), bomb)).rejects.toBeInstanceOf(OutputTooBig);
      expect(process.memoryUsage.rss() - before).toBeLessThan(8 * 2 ** 20);
    }
  });

  it('that failed, or was given up at work, tells nothing more', async () => {
    const told: unknown[] = [];
    const inflater = new Inflater(15, false, 10);
    const megabyte = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
    // Over the limit, and behind it a bad block: only one of both is told.
    inflater.inflate(Buffer.concat([megabyte, megabyte, hex('ffff')]), 1_000, (error) => told.push(error?.constructor));
    const given = new Inflater(15, false, 10);
    given.inflate(megabyte, LIMIT, () => told.push('late'));
    given.rest();
    await inflate(new Inflater(15, false, 10), hex('00'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toEqual([OutputTooBig]);
  });

  it('takes only so many final blocks in one message', async () => {
    const final = hex('0300');
    await expect(
      inflate(new Inflater(15, false, 10), Buffer.concat(Array.from({ length: 60 }, () => final))),
    ).resolves.toHaveLength(0);
    await expect(
      inflate(new Inflater(15, false, 10), Buffer.concat(Array.from({ length: 1_000 }, () => final))),
    ).rejects.toThrow('final blocks');
  });
});

describe('the window that an idle inflater keeps', () => {
  it('is the last bytes, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 12 }), (pieces) => {
        const window = new InflateWindow(8);
        for (const piece of pieces) window.push(Buffer.from(piece));
        const all = Buffer.concat(pieces);
        expect(window.bytes()).toEqual(all.subarray(Math.max(0, all.length - 256)));
      }),
    );
  });
});

describe('zlib streams at work', () => {
  it('are never more than the limit', () => {
    let working = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    for (let at = 0; at < 20; at++)
      runInTurn(4, (finished) => {
        most = Math.max(most, ++working);
        ends.push(() => {
          working--;
          finished();
        });
      });
    expect(working).toBe(4);
    for (let end = ends.shift(); end !== undefined; end = ends.shift()) end();
    expect([most, working]).toEqual([4, 0]);
  });
});

describe('contexts that have nothing to do', () => {
  let live: typeof LiveContexts;

  beforeEach(async () => {
    // A copy of its own, in which nothing lives yet.
    vi.resetModules();
    live = await import('../../shared/websocket/live-contexts.ts');
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  const contexts = (count: number): { rest: ReturnType<typeof vi.fn<() => void>> }[] =>
    Array.from({ length: count }, () => ({ rest: vi.fn<() => void>() }));

  it('rest after a while, and no timer is left', () => {
    const { keepContext, IDLE_CONTEXT_MS } = live;
    const idle = { rest: vi.fn<() => void>() };
    const busy = { rest: vi.fn<() => void>() };
    keepContext(idle);
    keepContext(busy);
    for (let time = 0; time < 5; time++) {
      vi.advanceTimersByTime(IDLE_CONTEXT_MS - 1);
      keepContext(busy);
    }
    expect(idle.rest).toHaveBeenCalledOnce();
    expect(busy.rest).not.toHaveBeenCalled();
    vi.advanceTimersByTime(3 * IDLE_CONTEXT_MS);
    expect(busy.rest).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rest at once where there are too many: the one idle longest', () => {
    const { dropContext, IDLE_CONTEXT_MS, keepContext } = live;
    const many = contexts(MAX_LIVE_CONTEXTS + 1);
    for (const context of many) keepContext(context);
    expect(many.map(({ rest }) => rest.mock.calls.length)).toEqual([1, ...many.slice(1).map(() => 0)]);
    for (const context of many) dropContext(context);
    vi.advanceTimersByTime(3 * IDLE_CONTEXT_MS);
    expect(many.filter(({ rest }) => rest.mock.calls.length > 0)).toHaveLength(1);
  });

  it('give their memory back', async () => {
    vi.useRealTimers();
    const before = await bytesHeld();
    const deflaters = Array.from({ length: 1_000 }, () => new Deflater(15, false, settings));
    await Promise.all(deflaters.map((deflater) => deflate(deflater, documents[10]!)));
    // 1,000 contexts of 260 kB would be 260 MB.
    expect((await bytesHeld()) - before).toBeLessThan(MAX_LIVE_CONTEXTS * 300_000);
    for (const deflater of deflaters) deflater.rest();
    expect((await bytesHeld()) - before).toBeLessThan(5_000_000);
  });
});
