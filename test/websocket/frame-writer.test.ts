import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { frameMessage, FrameWriter } from '../../shared/websocket/frame-writer.ts';
import { framesRead } from './frame-events.ts';
import { rawFrame } from './raw-frames.ts';

const KEY = 0x37fa213d;
const sizes = [
  0, 1, 41, 42, 43, 62, 63, 124, 125, 126, 127, 1_000, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 200_000,
];

function taken(writer: FrameWriter): Buffer {
  const { bytes } = writer;
  const batch = Buffer.concat(writer.take());
  expect(batch.length).toBe(bytes);
  expect(writer.bytes).toBe(0);
  return batch;
}

describe('a FrameWriter', () => {
  it.each(sizes)('writes what RFC 6455 says of %i bytes, for either role', (size) => {
    const payload = Buffer.alloc(size, 'abc');
    const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
    for (const [source, expected] of [
      [undefined, undefined],
      [() => KEY, mask],
    ] as const) {
      const writer = new FrameWriter(source);
      writer.frame(2, payload);
      expect(taken(writer).equals(rawFrame({ opcode: 2, payload, mask: expected }))).toBe(true);
      writer.text(payload.toString());
      expect(taken(writer).equals(rawFrame({ opcode: 1, payload, mask: expected }))).toBe(true);
      writer.frame(2, payload, false, true);
      expect(taken(writer).equals(rawFrame({ opcode: 2, payload, fin: false, rsv: 4, mask: expected }))).toBe(true);
    }
    expect(payload.equals(Buffer.alloc(size, 'abc'))).toBe(true);
  });

  it.each(sizes)('writes %i letters of two and three bytes', (size) => {
    for (const letter of ['ä', '€', '😀']) {
      const writer = new FrameWriter();
      writer.text(letter.repeat(size));
      expect(taken(writer).equals(rawFrame({ opcode: 1, payload: letter.repeat(size) }))).toBe(true);
    }
  });

  it.each(sizes)('writes %i letters behind a lead as if they were one text, for either role', (size) => {
    for (const source of [undefined, () => KEY]) {
      for (const letter of ['a', 'ä', '€']) {
        const [led, whole] = [new FrameWriter(source), new FrameWriter(source)];
        led.text(letter.repeat(size), 0x34);
        whole.text(`4${letter.repeat(size)}`);
        expect(taken(led).equals(taken(whole))).toBe(true);
      }
    }
  });

  it.each(['ä', '€', '😀', '\ud800'])(
    'writes a long text in which only the last letter is none of ASCII: %j',
    (last) => {
      for (const size of [4_096, 4_097, 8_188, 65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 65_536]) {
        const text = 'a'.repeat(size) + last;
        for (const [source, mask] of [[undefined], [() => KEY, Buffer.from([0x37, 0xfa, 0x21, 0x3d])]] as const) {
          const writer = new FrameWriter(source);
          writer.text(text);
          expect(taken(writer).equals(rawFrame({ opcode: 1, payload: Buffer.from(text), mask }))).toBe(true);
        }
      }
    },
  );

  it('writes half a surrogate pair as U+FFFD', () => {
    const writer = new FrameWriter();
    writer.text('a\ud800b');
    expect(taken(writer)).toEqual(rawFrame({ opcode: 1, payload: 'a\ufffdb' }));
  });

  it('puts small frames into one buffer, and large payloads beside them uncopied', () => {
    const writer = new FrameWriter();
    const large = Buffer.alloc(100_000);
    writer.text('a');
    writer.frame(9, Buffer.from('b'));
    writer.text('c');
    expect(writer.take()).toHaveLength(1);
    writer.text('a');
    writer.frame(2, large);
    writer.text('b');
    const pieces = writer.take();
    expect(pieces).toHaveLength(3);
    expect(pieces[1]).toBe(large);
  });

  it('hands over ready frames as they are, and lays small ones behind others', () => {
    const writer = new FrameWriter();
    const frames = frameMessage('x');
    writer.raw(frames);
    expect(writer.take()).toEqual([frames]);
    writer.text('a');
    writer.raw(frames);
    expect(writer.take()).toHaveLength(1);
  });

  it('gives out no byte of the slab twice, however writers take turns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(5_000), fc.boolean()), { minLength: 1, maxLength: 60 }),
        (steps) => {
          const writers = [0, 1, 2, 3].map(() => new FrameWriter());
          const sent = writers.map((): string[] => []);
          const batches = writers.map((): Uint8Array[] => []);
          for (const [who, size, isTaken] of steps) {
            // Each writer has a letter of its own: another's would show.
            const text = String(who).repeat(size);
            writers[who]!.text(text);
            sent[who]!.push(text);
            if (isTaken) batches[who]!.push(...writers[who]!.take());
          }
          writers.forEach((writer, who) => {
            const wire = Buffer.concat([...batches[who]!, ...writer.take()]);
            const told = framesRead([Buffer.from(wire)], { role: 'client' });
            expect(told).toEqual(sent[who]!.map((message) => ({ message, isBinary: false })));
          });
        },
      ),
    );
  });

  it('masks every frame anew', () => {
    let key = 0;
    const writer = new FrameWriter(() => ++key);
    writer.text('a');
    writer.text('a');
    const wire = taken(writer);
    expect(wire.subarray(2, 6)).toEqual(Buffer.from([0, 0, 0, 1]));
    expect(wire.subarray(9, 13)).toEqual(Buffer.from([0, 0, 0, 2]));
  });
});

describe('a message framed once for many', () => {
  it.each(sizes)('of %i bytes is a server frame', (size) => {
    const payload = Buffer.alloc(size, 1);
    expect(frameMessage(payload).equals(rawFrame({ opcode: 2, payload }))).toBe(true);
    expect(frameMessage('ü'.repeat(size)).equals(rawFrame({ opcode: 1, payload: 'ü'.repeat(size) }))).toBe(true);
  });
});
