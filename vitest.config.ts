import { defineConfig } from 'vitest/config';
import { Tally } from './test/tally.ts';

export default defineConfig({
  // The demo loads the package by its name; its tests run it on the sources. As `paths` in tsconfig.json.
  resolve: {
    alias: [
      { find: /^throughline$/, replacement: `${import.meta.dirname}/index.ts` },
      { find: /^throughline\/client$/, replacement: `${import.meta.dirname}/client/index.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // One process a file, so that nothing which a test leaves behind reaches another. Four at once on CI's two cores: many
    // tests wait more than they compute.
    pool: 'forks',
    maxWorkers: 4,
    // Real proxies, browsers and heartbeats: what fails by the timing of a machine that others share fails once, what
    // fails for a reason fails each time. A developer sees either at once.
    retry: process.env['CI'] ? 2 : 0,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    reporters: [process.env['CI'] ? 'dot' : 'default', new Tally()],
  },
});
