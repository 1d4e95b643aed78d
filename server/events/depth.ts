/**
 * How deep data may nest on the server, where it comes from strangers: half a megabyte of brackets costs a fraction of a second
 * once there is an array for each.
 */

/** Most levels of arrays and objects in a packet, its own array counted. Deeper ones are refused in both directions. */
export const MAX_DEPTH = 1_000;

/** Two characters open and close a level: a shorter text can't nest too deep and isn't searched. */
const DEEP_FROM_LENGTH = 2 * MAX_DEPTH;

export const tooDeep = `data nests deeper than ${MAX_DEPTH} levels`;

/** @throws Error where JSON opens more levels than a packet may have. Asked before it is parsed. */
export function refuseDeep(json: string): void {
  if (json.length >= DEEP_FROM_LENGTH && nestsTooDeep(json)) throw new Error(tooDeep);
}

/** Texts within are passed over at the speed of `indexOf`. */
function nestsTooDeep(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) {
      at = endOfText(json, at);
      if (at < 0) return false; // No JSON: the parser will say so.
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Where the text ends that opens at `start`, or -1. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}
