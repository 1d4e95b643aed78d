/**
 * What browsers load: bundles for the `browser` condition, and the files of the script tag. What differs from Node is chosen
 * by the `browser` condition of package.json's `imports`, never by an `if` in the code.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';
import { faceOf } from './esbuild.entries.mjs';
import { declarationsFrom, internalNames, platformDeclarations } from './esbuild.internal-names.mjs';

const { version } = JSON.parse(await readFile('package.json', 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const browser = {
  bundle: true,
  platform: 'browser',
  conditions: ['browser'],
  target: 'es2020',
  legalComments: 'none',
  // A field is an assignment then, not a call of defineProperty: a tenth smaller for a target that has no fields.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
  sourcemap: true,
  logLevel: 'warning',
};

/** Logging costs a fifth of the small builds, and nobody reads it there: `throughline.js` logs. */
const withoutDebug = {
  name: 'without-debug',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^debug$/ }, () => ({ path: 'debug', namespace: 'without-debug' }));
    onLoad({ filter: /.*/, namespace: 'without-debug' }, () => ({
      contents: 'export default () => () => {};',
    }));
  },
};

/** Sentences for people cost as much as a room of code: there is a code beside each, and `throughline.js` has the sentences. */
const withoutProse = {
  name: 'without-prose',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]meanings\.ts$/ }, () => ({
      contents: 'export const meaningOf = (why) => `${why}: throughline.js says what that means`;',
    }));
    onLoad({ filter: /[\\/]malformed\.ts$/ }, () => ({
      contents: "export const malformed = () => new Error('malformed packet: throughline.js says why');",
    }));
  },
};

/**
 * No browser that reads the JavaScript of the small builds is without a `fetch` whose answers stream. `throughline.js` and the
 * bundles, which others load as well (React Native, jsdom), have `XMLHttpRequest` beside it.
 */
const withoutXhr = {
  name: 'without-xhr',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]http-browser\.ts$/ }, ({ path: file }) => ({
      contents: "export { requestByFetch as request } from './http-fetch.ts';",
      resolveDir: path.dirname(file),
    }));
  },
};

/** The script tag's file: what it gives is one function, with everything else as its properties. */
const script = {
  contents: `import { connect, io, Manager, protocol, Socket } from './client/index.ts';
export default Object.assign(io, { connect, io, Manager, protocol, Socket });`,
  resolveDir: process.cwd(),
  sourcefile: 'throughline.js',
};

/** The same as a module: by name, and for `import io from …`. */
const module = { ...script, contents: `export * from './client/index.ts';\n${script.contents}` };

/**
 * An entry with the default export that its users expect and the sources don't have.
 *
 * @param {import('./esbuild.entries.mjs').Entry} entry
 */
const moduleOf = ({ source, face }) => `import * as entry from './${source}';
export * from './${source}';
export default ((exports) => Object.assign(${face}, exports))(entry);`;

/** @param {readonly import('./esbuild.entries.mjs').Entry[]} entries */
const withFaces = (entries) => ({
  name: 'with-faces',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^face:/ }, ({ path: name }) => ({ path: name.slice(5), namespace: 'face' }));
    onLoad({ filter: /.*/, namespace: 'face' }, ({ path: name }) => ({
      contents: moduleOf(entries.find((entry) => entry.name === name)),
      resolveDir: process.cwd(),
    }));
  },
});

/** In place of our own parser, for the servers that have this one: as Socket.IO's `socket.io.msgpack.min.js`. */
const withMsgpack = {
  name: 'with-msgpack',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onResolve, resolve }) {
    onResolve({ filter: /\/events\/(encoder|decoder)\.ts$/ }, ({ kind, resolveDir }) =>
      resolve('socket.io-msgpack-parser', { kind, resolveDir }),
    );
  },
};

const banner = `/*! Throughline ${version} | MIT */`;
const msgpackBanner = banner.replace(' |', ' with socket.io-msgpack-parser and notepack.io |');

/**
 * What a script tag loads sees no modules: it makes the global `io`, or whatever CommonJS and AMD make of it. esbuild's own
 * format for scripts would wrap each file of ours in a function, were CommonJS named in one of them.
 */
const asScript = {
  open: `(make=>"object"==typeof module&&module.exports?module.exports=make():"function"==typeof define&&define.amd?define(make):globalThis.io=make())(()=>{"use strict";`,
  /** @param {string} code */
  close: (code) => code.replace(/export\s*\{\s*(\S+) as default\s*\};?\s*$/, 'return $1});\n'),
};

/**
 * Writes one bundle and its map.
 *
 * @param {string} outfile
 * @param {{ script?: boolean; small?: readonly string[]; msgpack?: boolean }} kind `small` has the declarations whose names
 *   are left as they are
 */
async function buildFile(outfile, { script: isScript = false, small, msgpack = false }) {
  const head = `${msgpack ? msgpackBanner : banner}\n${isScript ? asScript.open : ''}`;
  const source = {
    ...browser,
    stdin: isScript ? script : module,
    plugins: [...(small ? [withoutDebug, withoutProse, withoutXhr] : []), ...(msgpack ? [withMsgpack] : [])],
  };
  const { outputFiles } = await build({
    ...source,
    ...(small && { minify: true, mangleProps: await internalProps(source, small) }),
    format: 'esm',
    sourcemap: 'external',
    banner: small ? {} : { js: head },
    outfile,
    write: false,
  });
  const [map, bundle] = outputFiles.map(({ text }) => text);
  const result = small ? await squeeze(path.basename(outfile), head, bundle, map) : { code: bundle, map };
  const code = isScript ? asScript.close(result.code) : result.code;
  await mkdir(path.dirname(outfile), { recursive: true });
  await writeFile(outfile, `${code.trimEnd()}\n//# sourceMappingURL=${path.basename(outfile)}.map\n`);
  await writeFile(`${outfile}.map`, result.map);
}

/**
/**
 * Matches what a small build may rename.
 *
 * @param {import('esbuild').BuildOptions} source
 * @param {readonly string[]} declarations
 */
async function internalProps(source, declarations) {
  const { metafile } = await build({ ...source, outfile: 'unwritten.js', write: false, metafile: true });
  const files = Object.keys(metafile.inputs).filter((file) => existsSync(file));
  const read = (file) => readFile(file, 'utf8');
  const isOurs = (file) => file.endsWith('.ts');
  const ours = await Promise.all(files.filter(isOurs).map(read));
  const others = await Promise.all(files.filter((file) => !isOurs(file)).map(read));
  const names = await internalNames(ours, [...declarations, ...others]);
  return new RegExp(`^(?:${names.join('|')})$`);
}

/** What esbuild leaves, terser makes a twentieth smaller yet, gzipped: it looks across statements, several times. */
async function squeeze(name, head, bundle, map) {
  return minify(
    { [name]: bundle },
    {
      module: true,
      ecma: 2020,
      // Of our getters only `volatile` does more than get, and we don't ask for it ourselves.
      compress: { passes: 5, pure_getters: true },
      format: { comments: false, preamble: head },
      sourceMap: { content: map, filename: name, includeSources: true },
    },
  );
}

/**
 * @param {string} outdir with our declarations in it
 * @param {readonly import('./esbuild.entries.mjs').Entry[]} entries those that browsers get
 */
export async function buildBrowser(outdir, entries) {
  const published = await declarationsFrom(`${outdir}/types/esm/client/index.d.ts`);
  const small = [...(await platformDeclarations()), ...published.values()];
  await Promise.all([
    build({
      ...browser,
      entryPoints: entries.map(({ name, source, face }) => ({ in: face ? `face:${name}` : source, out: name })),
      plugins: [withFaces(entries)],
      outdir: `${outdir}/browser`,
      chunkNames: 'chunk-[hash]',
      format: 'esm',
      splitting: true,
    }),
    // Where modules are no choice: `require` in what runs for a browser, as under Jest with jsdom.
    ...entries.map((entry) =>
      build({
        ...browser,
        entryPoints: [entry.source],
        outfile: `${outdir}/browser/${entry.name}.cjs`,
        format: 'cjs',
        footer: entry.face ? { js: faceOf(entry) } : {},
      }),
    ),
    buildFile(`${outdir}/throughline.js`, { script: true }),
    buildFile(`${outdir}/throughline.min.js`, { script: true, small }),
    buildFile(`${outdir}/throughline.esm.min.js`, { small }),
    buildFile(`${outdir}/throughline.msgpack.min.js`, { script: true, small, msgpack: true }),
  ]);
}
