/** The counts that our own two ends write behind `2`, `3`, `5` and `6` and into their requests. */

/**
 * Reads a count as it came off the wire: decimal digits only, without sign, exponent or blanks, up to 2^53 - 1.
 *
 * @returns undefined where it is none
 */
export function readCount(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : undefined;
}
