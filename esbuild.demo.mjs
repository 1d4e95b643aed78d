/** The demo, run from `dist/demo`: it loads the built package by its name, as an application would. */
import { cp } from 'node:fs/promises';
import { build } from 'esbuild';

const assets = /\.(html|css|svg|ico|png|webmanifest)$/;

/** @param {string} outdir */
export async function buildDemo(outdir) {
  await Promise.all([
    build({
      entryPoints: ['demo/server.ts'],
      outfile: `${outdir}/server.mjs`,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      // The package is one to its demo too; tsconfig's paths would lead to the sources.
      tsconfigRaw: {},
      sourcemap: true,
      logLevel: 'warning',
    }),
    build({
      entryPoints: ['demo/page/main.ts'],
      outfile: `${outdir}/page/main.js`,
      bundle: true,
      format: 'esm',
      platform: 'browser',
      conditions: ['browser'],
      target: 'es2022',
      sourcemap: true,
      logLevel: 'warning',
      // The package's own name leads to dist, which is written at the same time as this.
      alias: { 'throughline/client': './client/index.ts', throughline: './client/index.ts' },
    }),
    cp('demo/page', `${outdir}/page`, {
      recursive: true,
      filter: (from) => !/\.[^/]+$/.test(from) || assets.test(from),
    }),
  ]);
}
