import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { applyMask, maskBytes, turnMask } from '../../shared/websocket/mask.ts';
import { PayloadCollector } from '../../shared/websocket/payload-collector.ts';
import { Utf8Checker } from '../../shared/websocket/utf8-checker.ts';
import { cutAt } from './hex.ts';

const keys = fc.integer();

describe('masking', () => {
  it('by words does what masking by bytes does, wherever the bytes lie', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(7), fc.nat(7), keys, (size, lead, rear, key) => {
        const bytes = Buffer.from(Array.from({ length: lead + size + rear }, (_none, at) => (at * 7) & 0xff));
        const plain = Buffer.from(bytes);
        const seen = applyMask(bytes, lead, lead + size, key);
        expect(maskBytes(plain, lead, lead + size, key)).toBe(seen);
        expect(bytes.equals(plain)).toBe(true);
      }),
    );
  });

  it('is its own reverse, in pieces too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(2_000), keys, (given, cut, key) => {
        const bytes = Uint8Array.from(given);
        const at = Math.min(cut, bytes.length);
        applyMask(bytes, 0, bytes.length, key);
        applyMask(bytes, 0, at, key);
        applyMask(bytes, at, bytes.length, turnMask(key, at));
        expect(bytes).toEqual(given);
      }),
    );
  });

  it.each([3, 64, 127, 128, 200, 5_000])('says of %i bytes whether they are ASCII', (size) => {
    for (const odd of [0, 1, size >> 1, size - 1]) {
      const bytes = Buffer.alloc(size, 'a');
      expect(applyMask(bytes, 0, size, 0)).toBeLessThan(0x80);
      bytes[odd] = 0xc3;
      expect(applyMask(bytes, 0, size, 0)).toBeGreaterThanOrEqual(0x80);
    }
  });
});

describe('UTF-8 as it comes', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const isUtf8 = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const check = (pieces: readonly Uint8Array[]): boolean => {
    const checker = new Utf8Checker();
    return pieces.every((piece) => checker.push(piece, 0, piece.length)) && checker.finish();
  };
  const almostText = fc
    .tuple(fc.string({ unit: 'binary', maxLength: 120 }), fc.option(fc.tuple(fc.nat(), fc.nat(255))))
    .map(([text, spoilt]) => {
      const bytes = Buffer.from(text);
      if (spoilt !== null && bytes.length > 0) bytes[spoilt[0] % bytes.length] = spoilt[1];
      return bytes;
    });

  it('is judged as a decoder judges it, however it is cut', () => {
    fc.assert(
      fc.property(almostText, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
        expect(check(cutAt(bytes, cuts))).toBe(isUtf8(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused at the first byte that no letter can have there', () => {
    // RFC 3629 §4 by the table: each lead with each second byte.
    for (let lead = 0x80; lead <= 0xff; lead++) {
      for (let second = 0; second <= 0xff; second++) {
        const checker = new Utf8Checker();
        const isStart = checker.push(Uint8Array.of(lead, second), 0, 2);
        const rest = lead < 0xe0 ? [] : lead < 0xf0 ? [0x80] : [0x80, 0x80];
        expect(isStart).toBe(isUtf8(Uint8Array.of(lead, second, ...rest)));
      }
    }
  });
});

describe('a message that comes in pieces', () => {
  it('is put together', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 20 }), fc.boolean(), (given, isKnown) => {
        const pieces = given.map((piece) => Buffer.from(piece));
        const whole = Buffer.concat(pieces);
        const collector = new PayloadCollector();
        for (const piece of pieces) collector.push(piece, 0, piece.length, isKnown ? whole.length : Infinity);
        expect(collector.take().equals(whole)).toBe(true);
        expect(collector.size).toBe(0);
      }),
    );
  });

  it('never pins more than twice its bytes and a little, whatever length is declared', () => {
    const collector = new PayloadCollector();
    for (let size = 1; size <= 100_000; size++) {
      collector.push(Buffer.from('x'), 0, 1, 2 ** 31 - 1);
      if (size % 997 === 0) expect(collector.pinnedBytes).toBeLessThanOrEqual(2 * size + 16_384);
    }
  });
});
