/** The counts that our own two ends write behind `2`, `3`, `5` and `6` and into their requests. */

/**
 * Reads a count as it came off the wire: decimal digits only, without sign, exponent or blanks, up to 2^53 - 1.
 *
 * @returns undefined where it is none
 */
export function readCount(text: unknown): number | undefined {
  const count = Number(text);
  // What is written otherwise than we would write it is none.
  return String(count) === text && count >= 0 && Number.isSafeInteger(count) ? count : undefined;
}
