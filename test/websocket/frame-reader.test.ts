import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FrameReader } from '../../shared/websocket/frame-reader.ts';
import type { FrameSink } from '../../shared/websocket/frame-reader.ts';
import { framesRead } from './frame-events.ts';
import { cutAt, hex } from './hex.ts';
import { closePayload, maskedFrame, rawFrame } from './raw-frames.ts';
import type { RawFrame } from './raw-frames.ts';

const silent: FrameSink = { message() {}, compressed() {}, ping() {}, pong() {}, close() {}, fail() {} };

const EMPTY_MASK = '00 00 00 00';

describe('a FrameReader on a server', () => {
  it.each([
    // RFC 6455 §5.7
    ['a masked text', '81 85 37 fa 21 3d 7f 9f 4d 51 58', [{ message: 'Hello', isBinary: false }]],
    ['an empty text', `81 80 ${EMPTY_MASK}`, [{ message: '', isBinary: false }]],
    ['a binary', `82 82 ${EMPTY_MASK} 00 ff`, [{ message: '\0\xff', isBinary: true }]],
    [
      'a text in fragments',
      `01 81 ${EMPTY_MASK} 61 00 80 ${EMPTY_MASK} 80 81 ${EMPTY_MASK} 62`,
      [{ message: 'ab', isBinary: false }],
    ],
    ['a letter cut by fragments', `01 81 ${EMPTY_MASK} c3 80 81 ${EMPTY_MASK} a4`, [{ message: 'ä', isBinary: false }]],
    [
      'a ping between fragments',
      `01 81 ${EMPTY_MASK} 61 89 81 ${EMPTY_MASK} 70 80 81 ${EMPTY_MASK} 62`,
      [{ ping: 'p' }, { message: 'ab', isBinary: false }],
    ],
    ['a pong', `8a 80 ${EMPTY_MASK}`, [{ pong: '' }]],
    ['a Close without a code', `88 80 ${EMPTY_MASK}`, [{ close: 1005, reason: '' }]],
    ['a Close with a reason', `88 84 ${EMPTY_MASK} 03 e8 6f 6b`, [{ close: 1000, reason: 'ok' }]],
    ['nothing behind a Close', `88 80 ${EMPTY_MASK} 81 80 ${EMPTY_MASK}`, [{ close: 1005, reason: '' }]],
  ])('tells %s', (_what, bytes, events) => {
    expect(framesRead([hex(bytes)])).toEqual(events);
  });

  it.each([
    [1002, 'a client frame has no mask', '81 00'],
    [1002, 'RSV1 is set', 'c1 80'],
    [1002, 'RSV2 is set', 'a1 80'],
    [1002, 'RSV3 is set', '91 80'],
    [1002, 'RSV1 is set on a ping', 'c9 80'],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
      (opcode) => [1002, `the opcode is ${opcode}`, (0x80 | opcode).toString(16)] as [number, string, string],
    ),
    [1002, 'a ping is fragmented', '09 80'],
    [1002, 'a Close is fragmented', '08 80'],
    [1002, 'a ping has 126 bytes', '89 fe'],
    [1002, 'a pong has a length of eight bytes', '8a ff'],
    [1002, 'a continuation continues nothing', '80 80'],
    [1002, 'a text begins inside a text', `01 80 ${EMPTY_MASK} 81`],
    [1002, 'a binary begins inside a text', `01 80 ${EMPTY_MASK} 82`],
    [1002, 'a length has its highest bit set', '82 ff 80'],
    [1002, 'a length of two bytes says 125', '82 fe 00 7d'],
    [1002, 'a length of eight bytes says 65,535', '82 ff 00 00 00 00 00 00 ff ff'],
    [1002, 'a Close has one byte', `88 81 ${EMPTY_MASK} 03`],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
      (code) =>
        [1002, `a Close says ${code}`, `88 82 ${EMPTY_MASK} ${code.toString(16).padStart(4, '0')}`] as [
          number,
          string,
          string,
        ],
    ),
    [1007, "a Close's reason is not UTF-8", `88 83 ${EMPTY_MASK} 03 e8 ff`],
    [1007, "a Close's reason ends inside a letter", `88 83 ${EMPTY_MASK} 03 e8 c3`],
    [1007, 'a text is not UTF-8', `81 81 ${EMPTY_MASK} ff`],
    [1007, 'a text ends inside a letter', `81 81 ${EMPTY_MASK} c3`],
    [1007, 'the last fragment ends inside a letter', `01 81 ${EMPTY_MASK} 61 80 81 ${EMPTY_MASK} c3`],
    [1007, 'a text is overlong', `81 82 ${EMPTY_MASK} c0 af`],
    [1007, 'a text has a surrogate', `81 83 ${EMPTY_MASK} ed a0 80`],
    [1007, 'a text goes past U+10FFFF', `81 84 ${EMPTY_MASK} f4 90 80 80`],
    [1009, 'a message is too long', '82 fe 01 01'],
    [1009, 'a length is 2³¹', '82 ff 00 00 00 00 80 00 00 00'],
    [1009, 'a length is 2³²', '82 ff 00 00 00 01 00 00 00 00'],
    [1009, 'a length is 2⁵³', '82 ff 00 20 00 00 00 00 00 00'],
    [1009, 'a length is 2⁵³−1', '82 ff 00 1f ff ff ff ff ff ff'],
    [1009, 'a length is 2⁵³+1', '82 ff 00 20 00 00 00 00 00 01'],
    [1009, 'a length is 2⁶³−1', '82 ff 7f ff ff ff ff ff ff ff'],
    [1002, 'a length is 2⁶³', '82 ff 80 00 00 00 00 00 00 00'],
    [1002, 'a length is 2⁶⁴−1', '82 ff ff ff ff ff ff ff ff ff'],
    [1009, 'the sum over fragments is too long', `02 fe 01 00 ${EMPTY_MASK} ${'00'.repeat(256)} 80 81`],
  ])('fails with %i when %s', (code, _when, bytes) => {
    expect(framesRead([hex(bytes)], { maxMessageBytes: 256 })).toEqual([{ fail: code }]);
  });

  it('fails by a length alone where any length that can be held is allowed', () => {
    const most = { maxMessageBytes: 2 ** 31 - 1 };
    for (const length of [2n ** 31n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n])
      expect(framesRead([maskedFrame({ opcode: 2, length }).subarray(0, 10)], most)).toEqual([{ fail: 1009 }]);
    expect(framesRead([maskedFrame({ opcode: 2, length: 2n ** 31n - 1n })], most)).toEqual([]);
  });

  it('takes every code that may stand on the wire', () => {
    for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
      expect(framesRead([maskedFrame({ opcode: 8, payload: closePayload(code) })])).toEqual([
        { close: code, reason: '' },
      ]);
  });

  it('fails at the byte that is no UTF-8, although the frame goes on', () => {
    const start = hex(`81 fe 01 00 ${EMPTY_MASK} 61 62`);
    expect(framesRead([start])).toEqual([]);
    expect(framesRead([start, hex('ff')])).toEqual([{ fail: 1007 }]);
  });

  it('fails at the very byte that no text can have there, wherever frames and chunks are cut', () => {
    // The byte that spoils each of these is its last.
    for (const bad of [
      '80',
      'c0',
      'c1',
      'f5',
      'ff',
      'c328',
      'e080',
      'eda0',
      'e28228',
      'f080',
      'f09f28',
      'f490',
      'f09f9828',
    ]) {
      const text = Buffer.concat([Buffer.from('κ😀'), hex(bad)]);
      for (let cut = 0; cut < text.length; cut++) {
        const fragment = maskedFrame({ opcode: 1, fin: false, payload: text.subarray(0, cut) });
        // It says that more will come than does.
        const rest = maskedFrame({ opcode: 0, payload: text.subarray(cut), length: 100n });
        for (const chunks of [
          [Buffer.concat([fragment, rest])],
          [fragment, rest],
          cutAt(Buffer.concat([fragment, rest]), [cut]),
        ]) {
          expect(framesRead(chunks.map((chunk) => Buffer.from(chunk)))).toEqual([{ fail: 1007 }]);
          const all = Buffer.concat(chunks);
          expect(framesRead([Buffer.from(all.subarray(0, -1))])).toEqual([]);
        }
      }
    }
  });

  it('fails at the first fragment that is no UTF-8, although the message goes on', () => {
    expect(framesRead([hex(`01 82 ${EMPTY_MASK} 61 80`)])).toEqual([{ fail: 1007 }]);
  });

  it('takes a message as long as the limit, whole and in fragments', () => {
    const limit = { maxMessageBytes: 256 };
    const message = 'x'.repeat(256);
    expect(framesRead([maskedFrame({ opcode: 2, payload: message })], limit)).toEqual([{ message, isBinary: true }]);
    const fragments = [...message].map((payload, at) =>
      maskedFrame({ opcode: at === 0 ? 2 : 0, fin: at === 255, payload }),
    );
    expect(framesRead(fragments, limit)).toEqual([{ message, isBinary: true }]);
  });

  it('counts fragments only where a limit is set', () => {
    const fragments = ['a', 'b', 'c'].map((payload, at) =>
      maskedFrame({ opcode: at === 0 ? 1 : 0, fin: at === 2, payload }),
    );
    expect(framesRead(fragments, { maxFragments: 3 })).toEqual([{ message: 'abc', isBinary: false }]);
    expect(framesRead(fragments, { maxFragments: 2 })).toEqual([{ fail: 1008 }]);
  });

  it('tells compressed messages only where compression was agreed on', () => {
    const bytes = maskedFrame({ opcode: 1, rsv: 4, payload: 'z' });
    expect(framesRead([bytes], { deflate: true })).toEqual([{ compressed: 'z', isBinary: false }]);
    expect(framesRead([bytes])).toEqual([{ fail: 1002 }]);
  });

  it.each([
    ['a continuation', `41 81 ${EMPTY_MASK} 00 c0`],
    ['a ping', 'c9'],
  ])('fails when RSV1 is set on %s, even where compression was agreed on', (_what, bytes) => {
    expect(framesRead([hex(bytes)], { deflate: true })).toEqual([{ fail: 1002 }]);
  });
});

describe('a FrameReader on a client', () => {
  it('takes frames without mask', () => {
    const bytes = rawFrame({ opcode: 1, payload: 'grüß dich' });
    expect(framesRead([bytes], { role: 'client' })).toEqual([{ message: 'grüß dich', isBinary: false }]);
  });

  it('fails when a frame has a mask, at its second byte', () => {
    expect(framesRead([hex('81 80')], { role: 'client' })).toEqual([{ fail: 1002 }]);
  });
});

describe('a FrameReader that was told to hold', () => {
  const sent = ['a', 'b', 'c', 'd'].map((payload) => maskedFrame({ opcode: 1, payload }));

  it('keeps what comes, even the rest of the chunk at hand, and goes on in order', () => {
    const seen: unknown[] = [];
    const reader: FrameReader = new FrameReader(
      { ...silent, message: (data) => (seen.push(data), reader.hold()) },
      { role: 'server', maxMessageBytes: 100, maxFragments: 0 },
    );
    reader.read(Buffer.concat(sent.slice(0, 3)));
    reader.read(sent[3]!);
    expect(seen).toEqual(['a']);
    expect(reader.isBehind).toBe(true);
    for (const last of ['b', 'c', 'd']) {
      reader.release();
      expect(seen.at(-1)).toBe(last);
    }
    expect(reader.isBehind).toBe(false);
  });

  it('tells nothing once it was stopped in the middle of a chunk', () => {
    const seen: unknown[] = [];
    const reader: FrameReader = new FrameReader(
      { ...silent, message: (data) => (seen.push(data), reader.stop()) },
      { role: 'server', maxMessageBytes: 100, maxFragments: 0 },
    );
    reader.read(Buffer.concat(sent));
    expect(seen).toEqual(['a']);
  });

  it('waits for nothing once it was stopped, told to hold or not', () => {
    const reader: FrameReader = new FrameReader(
      { ...silent, message: () => (reader.hold(), reader.stop()) },
      { role: 'server', maxMessageBytes: 100, maxFragments: 0 },
    );
    reader.read(Buffer.concat(sent));
    expect(reader.isBehind).toBe(false);
  });
});

const shortTexts = fc.string({ unit: 'binary', maxLength: 200 });

/** Past 65,535 bytes and short of it. Drawing each letter of these took most of the test's time. */
const longTexts = fc
  .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.integer({ min: 60_000, max: 70_000 }))
  .map(([text, length]) => text.repeat(Math.ceil(length / Buffer.byteLength(text))));

const payloads = fc.oneof(shortTexts, longTexts);

const messages: fc.Arbitrary<RawFrame[]> = fc.oneof(
  payloads.map((payload) => [{ opcode: 1, payload }]),
  fc.uint8Array({ maxLength: 300 }).map((payload) => [{ opcode: 2, payload: Buffer.from(payload) }]),
  fc.constantFrom(9, 10).map((opcode) => [{ opcode, payload: 'p' }]),
  fc
    .tuple(fc.string({ unit: 'binary', maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 5 }))
    .map(([text, cuts]) => {
      const pieces = cutAt(Buffer.from(text), cuts);
      return pieces.map((payload, at) => ({ opcode: at === 0 ? 1 : 0, fin: at === pieces.length - 1, payload }));
    }),
);

const masks = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((mask) => Buffer.from(mask));

describe('any stream of frames', () => {
  it('gives one answer however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(messages, { maxLength: 8 }),
        masks,
        fc.array(fc.nat(), { maxLength: 12 }),
        (sent, mask, cuts) => {
          const wire = Buffer.concat(sent.flat().map((frame) => rawFrame({ ...frame, mask })));
          expect(framesRead(cutAt(wire, cuts))).toEqual(framesRead([Buffer.from(wire)]));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives one answer byte by byte', () => {
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 4 }), masks, (sent, mask) => {
        const wire = Buffer.concat(sent.flat().map((frame) => rawFrame({ ...frame, mask }))).subarray(0, 5_000);
        const bytes = Array.from(wire, (byte) => Buffer.from([byte]));
        expect(framesRead(bytes)).toEqual(framesRead([Buffer.from(wire)]));
      }),
      { numRuns: 50 },
    );
  });

  it('never throws at random bytes, and gives one answer however they are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.boolean(),
        (bytes, cuts, deflate) => {
          const wire = Buffer.from(bytes);
          expect(framesRead(cutAt(wire, cuts), { deflate })).toEqual(framesRead([Buffer.from(wire)], { deflate }));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
