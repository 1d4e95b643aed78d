import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuickEncoder } from '../../server/events/quick-encoder.ts';
import { LONG_FROM, quote } from '../../server/events/quote.ts';
import { Encoder } from '../../shared/events/encoder.ts';
import { PacketType } from '../../shared/events/packet.ts';

const long = 'x'.repeat(LONG_FROM);

describe('quote', () => {
  it.each(['', 'x', long, 'x'.repeat(65_535), 'x'.repeat(65_536), 'x'.repeat(65_537), 'x'.repeat(200_001)])(
    'says what JSON.stringify says, and of any character at any place too: %#',
    (text) => {
      expect(quote(text)).toBe(JSON.stringify(text));
      for (const character of [
        '"',
        '\\',
        '\0',
        '\x1f',
        '\n',
        '\x7f',
        '\x80',
        'é',
        '€',
        '\u2028',
        '\ud800',
        '😀',
        ' ',
      ]) {
        for (const at of [0, 1, 2, 3, text.length >> 1, text.length - 1, text.length]) {
          const other = text.slice(0, at) + character + text.slice(at);
          expect(quote(other) === JSON.stringify(other)).toBe(true);
        }
      }
    },
  );

  it('says what JSON.stringify says of any text', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary-ascii' }), fc.string());
    fc.assert(
      fc.property(texts, fc.nat(9), (text, times) => {
        const repeated = text.repeat(times);
        expect(quote(repeated)).toBe(JSON.stringify(repeated));
      }),
      { numRuns: 500 },
    );
  });

  it('remembers nothing of the text before', () => {
    expect(quote('\n'.repeat(300))).toBe(JSON.stringify('\n'.repeat(300)));
    for (let length = 0; length < 9; length++) expect(quote('x'.repeat(length))).toBe(`"${'x'.repeat(length)}"`);
  });
});

describe('the quick encoder', () => {
  const values = fc.oneof(
    fc.jsonValue(),
    fc.string().map((text) => long + text),
    fc.constantFrom<unknown>(undefined, null, () => {}, Symbol('x'), NaN, new Date(0), Buffer.from([1]), {
      toJSON: () => long,
    }),
  );

  it('writes what the plain one does', () => {
    fc.assert(
      fc.property(fc.array(values), fc.boolean(), (args, isAck) => {
        const packet = isAck
          ? { type: PacketType.ACK, nsp: '/', data: args, id: 1 }
          : { type: PacketType.EVENT, nsp: '/', data: ['e', ...args] };
        expect(new QuickEncoder().encode({ ...packet })).toEqual(new Encoder().encode({ ...packet }));
      }),
      { numRuns: 500 },
    );
  });
});
