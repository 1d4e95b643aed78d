/** Errors that nobody catches, kept from the test runner for as long as a test expects them. */

/** Runs `act` and resolves with the first error that then goes uncaught. */
export async function uncaughtBy(act: () => unknown): Promise<unknown> {
  const theirs = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    await act();
    return await uncaught;
  } finally {
    for (const listener of theirs) process.on('uncaughtException', listener);
  }
}
