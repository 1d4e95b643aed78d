/** What some tests need and `npm install` doesn't bring: programs of the system. */
import { accessSync, constants } from 'node:fs';

/**
 * Whether `program` is there to be run. If not, says what to install; where `CI` is set it throws instead, so that no test
 * is ever left out there unnoticed.
 *
 * ```ts
 * describe.runIf(requires('chromium', '/usr/bin/chromium', 'apt-get install chromium'))('in a browser', …)
 * ```
 */
export function requires(what: string, program: string, install: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    const advice = `${what} is not at ${program}, so its tests don't run. To have them: ${install}`;
    if (process.env['CI']) throw new Error(advice);
    console.warn(advice);
    return false;
  }
}
