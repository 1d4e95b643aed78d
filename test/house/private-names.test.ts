import { describe, expect, it } from 'vitest';
import { privateNames } from '../../esbuild.private-names.mjs';

const mine = 'class A { private secret = 1; see() { return this.secret; } }';

describe('names that a minifier may shorten', () => {
  it.each([
    ['alone', mine, ''],
    ['beside a local variable', mine, 'const secret = 1; use(secret + 1);'],
    ['in two classes', mine, 'class B { private secret(): void {} call() { this.secret(); } }'],
    ['that are only spoken of', mine, "// a.secret\nconst text = 'secret';"],
    ['with modifiers', mine.replace('private', 'private static readonly'), ''],
  ])('are private ones, %s', (_how, one, other) => {
    expect(privateNames([one, other])).toEqual(['secret']);
  });

  it.each([
    ['a public member elsewhere', mine, 'class B { secret = 1; }'],
    ['read from something else', mine, 'use(event.secret);'],
    ['read from something else in the same file', `${mine} use(other.secret);`, ''],
    ['asked for by ?.', mine, 'use(event?.secret);'],
    ['a key', mine, 'send({ secret: 1 });'],
    ['a key in short', mine, 'send({ secret });'],
    ['a key in a list', mine, 'send({ a, secret, b });'],
    ['taken apart', mine, 'const { secret } = answer;'],
    ['part of an interface', mine, 'interface Wire { readonly secret?: number }'],
    ['a method', mine, 'class B { secret() {} }'],
  ])('are not those that are also %s', (_what, one, other) => {
    expect(privateNames([one, other])).toEqual([]);
  });
});
