/**
 * Runs the exam from its sources: `node test/middleboxes/exam.mjs [--faults 1000] [--messages 10000] [--seed n]
 * [--way 'WebSocket only'|'polling only'|both|'WebSocket blocked'] [--official]`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, stop } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
// Inside the checkout, so that the packages which stay outside of the bundle are found.
const folder = await mkdtemp(path.join(here, '../../node_modules/.exam-'));
try {
  const outfile = path.join(folder, 'exam.mjs');
  await build({
    entryPoints: [path.join(here, 'exam-command.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  await stop();
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true });
}
