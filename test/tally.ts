/**
 * A reporter that ends the run with one line for machines and people in a hurry: `N passed, N failed`.
 *
 * What failed outside of any test (a file that doesn't load, an error nobody caught) counts as failed too.
 */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0;
    let failed = unhandled.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failed += 1;
      }
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
    }
    // The default reporter writes its summary to the same stream; this comes after it, as the reporters are called in order.
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
