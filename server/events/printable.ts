/** What JSON leaves as it is, though terminals obey it, or take it for the end of a line: C1 controls and Unicode's own line ends. */
const CONTROL = /[\u007f-\u009f\u2028\u2029]/g;

/** A name that a client chose, as a log may have it: quoted, on one line, and nothing in it that a terminal obeys. */
export function printable(name: string): string {
  return JSON.stringify(name).replace(CONTROL, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
