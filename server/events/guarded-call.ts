/** Calls functions of the application, so that what they throw goes where the application wants it and no further. */

/**
 * Calls `fn`. What it throws, or what the promise that it returns rejects with, goes to `failed`.
 *
 * @param self - its `this`
 */
export function callGuarded(
  fn: (...args: never[]) => unknown,
  self: unknown,
  args: readonly unknown[],
  failed: (error: unknown) => void,
): void {
  try {
    const result: unknown = Reflect.apply(fn, self, args);
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}
