/**
 * What browsers load: ESM bundles for the `browser` condition, and the files of the script tag. What differs from Node is
 * chosen by the `browser` condition of package.json's `imports`, never by an `if` in the code.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

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
      contents: 'const silent = () => {}; silent.enabled = false; export default () => silent;',
    }));
  },
};

/** The script tag's file: what it gives is one function, with everything else as its properties. */
const script = {
  contents: `import * as client from './client/index.ts';
export default Object.assign(client.io, client);`,
  resolveDir: process.cwd(),
  sourcefile: 'throughline.js',
};

const banner = `/*! Throughline ${version} | MIT */`;

/**
 * Bundles the script as ESM and makes a function of the module: global `io`, or whatever CommonJS and AMD make of it.
 * esbuild's own format for scripts would wrap every file of ours in a function, were CommonJS named in one of them.
 *
 * @param {string} outfile
 * @param {import('esbuild').BuildOptions} options
 */
async function buildScript(outfile, options) {
  const open = `${banner}
((make)=>{typeof module=="object"&&module.exports?module.exports=make():typeof define=="function"&&define.amd?define(make):globalThis.io=make()})(()=>{"use strict";`;
  const { outputFiles } = await build({
    ...options,
    stdin: script,
    format: 'esm',
    banner: { js: open },
    outfile,
    write: false,
  });
  await mkdir(path.dirname(outfile), { recursive: true });
  for (const { path: file, text } of outputFiles) {
    await writeFile(
      file,
      file.endsWith('.map') ? text : text.replace(/export\s*\{\s*(\S+) as default\s*\};?/, 'return $1});'),
    );
  }
}

/**
 * @param {string} outdir
 * @param {readonly import('./esbuild.entries.mjs').Entry[]} entries those that browsers get
 */
export async function buildBrowser(outdir, entries) {
  if (entries.length === 0) return;
  const small = { ...browser, minify: true, plugins: [withoutDebug] };
  await Promise.all([
    build({
      ...browser,
      entryPoints: entries.map(({ name, source }) => ({ in: source, out: name })),
      outdir: `${outdir}/browser`,
      chunkNames: 'chunk-[hash]',
      format: 'esm',
      splitting: true,
    }),
    buildScript(`${outdir}/throughline.js`, browser),
    buildScript(`${outdir}/throughline.min.js`, small),
    build({
      ...small,
      entryPoints: ['client/index.ts'],
      format: 'esm',
      banner: { js: banner },
      outfile: `${outdir}/throughline.esm.min.js`,
    }),
  ]);
}
