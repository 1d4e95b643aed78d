/**
 * What browsers load: ESM bundles for the `browser` condition, and the files of the script tag. What differs from Node is
 * chosen by the `browser` condition of package.json's `imports`, never by an `if` in the code.
 */
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

const { version } = JSON.parse(await readFile('package.json', 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const browser = {
  bundle: true,
  platform: 'browser',
  conditions: ['browser'],
  target: 'es2020',
  legalComments: 'none',
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
      contents: 'const silent = () => {}; silent.enabled = false; export default () => silent;',
    }));
  },
};

/** The script tag's file: global `io`, or whatever CommonJS and AMD make of it. */
const script = {
  contents: `import * as client from './client/index.ts';
const io = Object.assign(client.io, client);
if (typeof module === 'object' && module.exports) module.exports = io;
else if (typeof define === 'function' && define.amd) define(() => io);
else globalThis.io = io;`,
  resolveDir: process.cwd(),
  sourcefile: 'throughline.js',
};

/**
 * @param {string} outdir
 * @param {readonly import('./esbuild.entries.mjs').Entry[]} entries those that browsers get
 */
export async function buildBrowser(outdir, entries) {
  if (entries.length === 0) return;
  const banner = { js: `/*! Throughline ${version} | MIT */` };
  const small = { ...browser, minify: true, plugins: [withoutDebug], banner };
  await Promise.all([
    build({
      ...browser,
      entryPoints: entries.map(({ name, source }) => ({ in: source, out: name })),
      outdir: `${outdir}/browser`,
      chunkNames: 'chunk-[hash]',
      format: 'esm',
      splitting: true,
    }),
    build({ ...browser, banner, stdin: script, format: 'iife', outfile: `${outdir}/throughline.js` }),
    build({ ...small, stdin: script, format: 'iife', outfile: `${outdir}/throughline.min.js` }),
    build({ ...small, entryPoints: ['client/index.ts'], format: 'esm', outfile: `${outdir}/throughline.esm.min.js` }),
  ]);
}
