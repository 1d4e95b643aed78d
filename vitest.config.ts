import { defineConfig } from 'vitest/config';
import { Tally } from './test/tally.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // One process a file, so that nothing which a test leaves behind reaches another; two at once, as CI has two cores.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    reporters: [process.env['CI'] ? 'dot' : 'default', new Tally()],
  },
});
