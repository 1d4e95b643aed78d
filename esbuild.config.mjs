/**
 * The build, all of it: `node esbuild.config.mjs`.
 *
 * It is written beside `dist` and takes its place when it is whole, so that whoever reads `dist` meanwhile, or after a build
 * that failed, sees the old one.
 */
import { rename, rm } from 'node:fs/promises';
import { buildBrowser } from './esbuild.browser.mjs';
import { buildDemo } from './esbuild.demo.mjs';
import { entries } from './esbuild.entries.mjs';
import { buildNode } from './esbuild.node.mjs';
import { buildTypes } from './esbuild.types.mjs';

// As deep in the tree as dist: source maps name their sources by relative paths.
const outdir = `.dist-${process.pid}`;
const outdated = `.dist-${process.pid}-old`;

/** What fails is told; the rest is built all the same, so that all that is wrong is told at once. */
async function part(name, build) {
  await build.catch((error) => {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  });
}

const forBrowsers = entries.filter(({ browser }) => browser);
const types = part('types', buildTypes(`${outdir}/types`, entries));
await Promise.all([
  types,
  part('node', buildNode(`${outdir}/node`, entries)),
  // The small builds keep the names that are declared.
  types.then(() => part('browser', buildBrowser(outdir, forBrowsers))),
  part('demo', buildDemo(`${outdir}/demo`)),
]);

if (process.exitCode) {
  await rm(outdir, { recursive: true, force: true });
} else {
  await rename('dist', outdated).catch(() => undefined); // there is none in a fresh clone
  await rename(outdir, 'dist');
  await rm(outdated, { recursive: true, force: true });
}
