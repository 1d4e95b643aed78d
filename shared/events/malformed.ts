/**
 * What came is no packet. The connection ends for it, and the error goes along with that, to be read by people: so the small
 * script has no sentences here, see the build.
 */
export function malformed(why: string): Error {
  return new Error(why);
}
