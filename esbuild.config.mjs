/**
 * The build, all of it: `node esbuild.config.mjs`.
 *
 * It is written beside `dist` and takes its place when it is whole, so that whoever reads `dist` meanwhile sees the old one.
 * A part whose sources are missing is left out and named, so that a checkout in the making builds what it has.
 */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { buildBrowser } from './esbuild.browser.mjs';
import { buildDemo } from './esbuild.demo.mjs';
import { entries } from './esbuild.entries.mjs';
import { buildNode } from './esbuild.node.mjs';
import { buildTypes } from './esbuild.types.mjs';

// As deep in the tree as dist: source maps name their sources by relative paths.
const outdir = `.dist-${process.pid}`;

const present = entries.filter(({ source }) => existsSync(source));
const missing = entries.filter((entry) => !present.includes(entry)).map(({ source }) => source);
for (const source of ['demo/server.ts', 'demo/page/main.ts']) if (!existsSync(source)) missing.push(source);
if (missing.length > 0) console.warn(`not there yet, left out: ${missing.join(', ')}`);

/** What fails is told, and the rest is built all the same. */
async function part(name, build) {
  await build.catch((error) => {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  });
}

const forBrowsers = present.filter(({ browser }) => browser);
await Promise.all([
  part('node', buildNode(`${outdir}/node`, present)),
  part('browser', buildBrowser(outdir, forBrowsers)),
  part('types', buildTypes(`${outdir}/types`, present)),
  part('demo', buildDemo(`${outdir}/demo`)),
]);

await rm('dist', { recursive: true, force: true });
await rename(outdir, 'dist');
