import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatExtension, parseExtensions } from '../../shared/websocket/extension-header.ts';
import { holdsToken, isKey, parseProtocols } from '../../shared/websocket/handshake.ts';

describe('Sec-WebSocket-Extensions', () => {
  it.each([
    [undefined, []],
    ['a', [{ name: 'a', parameters: [] }]],
    [
      'a, b;c',
      [
        { name: 'a', parameters: [] },
        { name: 'b', parameters: [['c', true]] },
      ],
    ],
    [
      'a;b=1;b="2"',
      [
        {
          name: 'a',
          parameters: [
            ['b', '1'],
            ['b', '2'],
          ],
        },
      ],
    ],
    ['a ; b = c', [{ name: 'a', parameters: [['b', 'c']] }]],
    ['a;b="\\c"', [{ name: 'a', parameters: [['b', 'c']] }]],
    ['__proto__;constructor', [{ name: '__proto__', parameters: [['constructor', true]] }]],
  ])('%j is read', (header, extensions) => {
    expect(parseExtensions(header)).toEqual(extensions);
  });

  it.each([
    '',
    ',',
    'a,',
    ',a',
    'a,,b',
    ';',
    'a;',
    'a;;b',
    'a b',
    'a;b c',
    'a;=1',
    'a;b=',
    'a;b="',
    'a;b="c',
    'a;b="c"d',
    'a;b="c d"',
    'a;b=""',
    'ä',
    'a;b="\\',
  ])('%j is none', (header) => {
    expect(parseExtensions(header)).toBeUndefined();
  });

  it('is written as it is read', () => {
    const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.!'), minLength: 1, maxLength: 8 });
    const extension = fc.record({
      name: token,
      parameters: fc.array(fc.tuple(token, fc.oneof(token, fc.constant(true as const))), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(extension, { minLength: 1, maxLength: 4 }), (extensions) => {
        expect(parseExtensions(extensions.map(formatExtension).join(', '))).toEqual(extensions);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a,;="\\ \t') }), (header) => void parseExtensions(header)),
    );
  });
});

describe.each([
  ['extensions', parseExtensions],
  ['protocols', parseProtocols],
  ['tokens', (header: string) => holdsToken(header, 'upgrade')],
  ['a key', isKey],
] as const)('64 kB in a header of %s', (_what, read) => {
  it.each([' ', '"', ',', ';', '="', '\\', ', ', '" ', 'a;', 'a,', 'a=b;', '"a",', '\t', 'a b'])(
    'of nothing but %j costs at most 5 ms',
    (filling) => {
      const header = `x${filling.repeat(65_536 / filling.length)}x`;
      const times = Array.from({ length: 7 }, () => {
        const before = performance.now();
        read(header);
        return performance.now() - before;
      });
      // The best of some: a busy machine must not fail what is quick.
      expect(Math.min(...times)).toBeLessThan(5);
    },
  );
});
