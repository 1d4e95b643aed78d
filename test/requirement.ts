/** What some tests need and `npm install` doesn't bring: packages of the system. */
import { existsSync } from 'node:fs';

/**
 * Whether the file `where` is there, a program or a module. If not, says what to install; where `CI` is set it throws
 * instead, so that no test is ever left out there unnoticed.
 *
 * ```ts
 * describe.runIf(requires('chromium', '/usr/bin/chromium', 'apt-get install chromium'))('in a browser', …)
 * ```
 */
export function requires(what: string, where: string, install: string): boolean {
  if (existsSync(where)) return true;
  const advice = `${what} is not at ${where}, so its tests don't run. To have them: ${install}`;
  if (process.env['CI']) throw new Error(advice);
  console.warn(advice);
  return false;
}
