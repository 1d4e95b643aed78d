/**
 * How deep data may nest on the server, where it comes from strangers: half a megabyte of brackets costs a fraction of a second
 * once there is an array for each.
 */

/** Most levels of arrays and objects in a packet, its own array counted, unless the option `maxDepth` says otherwise. */
export const MAX_DEPTH = 1_000;

export const tooDeep = (maxDepth: number): string => `data nests deeper than ${maxDepth} levels (maxDepth)`;

/** @returns what throws an Error where JSON opens more levels than a packet may have. Asked before it is parsed. */
export function refuseDeeper(maxDepth: number): (json: string) => void {
  // Two characters open and close a level: a shorter text can't nest too deep and isn't searched.
  const deepFromLength = 2 * maxDepth;
  return (json) => {
    if (json.length >= deepFromLength && nestsDeeper(json, maxDepth)) throw new Error(tooDeep(maxDepth));
  };
}

/** Texts within are passed over at the speed of `indexOf`. */
function nestsDeeper(json: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) {
      at = endOfText(json, at);
      if (at < 0) return false; // No JSON: the parser will say so.
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) return true;
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
