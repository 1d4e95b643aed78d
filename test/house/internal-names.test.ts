import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { declarationsFrom, internalNames, platformDeclarations } from '../../esbuild.internal-names.mjs';

const mine = 'class A { private secret = 1; see() { return this.secret; } }';

describe('names that a minifier may shorten', () => {
  it.each([
    ['private members', mine, ''],
    ['members of whatever nobody declares to others', mine.replace('private', ''), ''],
    ['keys of an object that stays here', mine, 'use({ secret: 1 }.secret);'],
    ['only spoken of, in the sources', `${mine} // "secret"`, ''],
    ['only spoken of, in a sentence', mine, 'use("the secret");'],
    ['only spoken of, in a declaration', mine, '', '/** A secret. */\n// secret\nexport {};'],
    ['declared as private', mine, '', 'declare class A {\n    private secret;\n}'],
  ])('are those that are %s', async (_what, one, other, declared = '') => {
    expect(await internalNames([one, other], [declared])).toContain('secret');
  });

  it.each([
    ['what an application may know', mine, '', 'interface B { readonly secret?: string }'],
    ['what a text may name', mine, "use(box['secret']);"],
    ['what one word of a list may name', mine, 'for (const name of ["secret"]) use(box[name]);'],
  ])('are not %s', async (_what, one, other, declared = '') => {
    expect(await internalNames([one, other], [declared])).not.toContain('secret');
  });

  it('are none of the platform’s, and none that we publish', async () => {
    const published = await declarationsFrom('dist/types/esm/client/index.d.ts');
    const sources = [
      'x.addEventListener; x.hasOwn; x.emitWithAck; x.reconnectionDelayMax; x.unconfirmed; x._placeholder; x.own',
    ];
    const names = await internalNames(sources, [...(await platformDeclarations()), ...published.values()]);
    expect(names).toEqual(['own']);
  });

  it('are shortened in the small builds, and the others are there', async () => {
    const script = await readFile('dist/throughline.min.js', 'utf8');
    for (const name of ['emitWithAck', 'reconnectionDelayMax', 'randomizationFactor', 'pingInterval', '_placeholder']) {
      expect(script).toContain(name);
    }
    expect(script).not.toContain('lastOffset');
  });
});
