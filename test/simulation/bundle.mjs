/**
 * Builds the simulation: our server's and client's own sources, with time, chance and the websocket room put aside for
 * simulated ones. `change` may alter a source on its way, which is how faults are planted.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');

/** What the code under test must not reach for, and what it gets. */
const define = {
  'Date.now': 'simulatedNow',
  'performance.now': 'simulatedNow',
  'Math.random': 'simulatedRandom',
  'process.nextTick': 'simulatedNextTick',
};

/**
 * @param {string} outfile
 * @param {(path: string, text: string) => string} [change] - gets each of our sources by its path from the root
 */
export async function bundleSimulation(outfile, change = (_path, text) => text) {
  await build({
    entryPoints: [join(here, 'run.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
    define,
    inject: [join(here, 'globals.ts')],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [
      {
        name: 'simulated rooms',
        setup(plugin) {
          plugin.onResolve({ filter: /websocket\/index\.ts$/ }, ({ importer }) =>
            importer.includes('/server/engine/') ? { path: join(here, 'accept-upgrade.ts') } : undefined,
          );
          plugin.onResolve({ filter: /^node:perf_hooks$/ }, () => ({ path: join(here, 'globals.ts') }));
          plugin.onLoad({ filter: /\/(shared|server|client)\/.*\.ts$/ }, async ({ path }) => ({
            contents: change(path.slice(root.length + 1), await readFile(path, 'utf8')),
            loader: 'ts',
          }));
        },
      },
    ],
  });
}
