/**
 * Masking (RFC 6455 §5.3): the payload XORed with four bytes, over and over. It is its own reverse.
 *
 * A key is a 32-bit number whose top byte meets the payload's first byte.
 */

/** From this length on we XOR by 32-bit words. Their view costs more than it saves on less (test/bench/unmask). */
const WORDS_FROM = 128;

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The key as it meets a payload's bytes from number `offset` on. */
export function turnMask(key: number, offset: number): number {
  const bits = (offset & 3) << 3;
  return bits === 0 ? key : (key << bits) | (key >>> (32 - bits));
}

/**
 * XORs `bytes` from `start` up to `end` in place. `key` meets the byte at `start` with its top byte.
 *
 * @returns all resulting bytes ORed together, so that bit 0x80 says whether any of them is not ASCII
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: number): number {
  if (end - start < WORDS_FROM) return maskBytes(bytes, start, end, key);
  const lead = -(bytes.byteOffset + start) & 3;
  const aligned = start + lead;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + aligned, (end - aligned) >>> 2);
  const turned = turnMask(key, lead);
  return (
    maskBytes(bytes, start, aligned, key) |
    maskWords(words, LITTLE_ENDIAN ? swapBytes(turned) : turned) |
    maskBytes(bytes, aligned + words.length * 4, end, turned)
  );
}

/** The plain version: what the other is tested against. */
export function maskBytes(bytes: Uint8Array, start: number, end: number, key: number): number {
  const first = key >>> 24;
  const second = (key >>> 16) & 0xff;
  const third = (key >>> 8) & 0xff;
  const fourth = key & 0xff;
  let seen = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    seen |= bytes[at]! ^= first;
    seen |= bytes[at + 1]! ^= second;
    seen |= bytes[at + 2]! ^= third;
    seen |= bytes[at + 3]! ^= fourth;
  }
  if (at < end) seen |= bytes[at++]! ^= first;
  if (at < end) seen |= bytes[at++]! ^= second;
  if (at < end) seen |= bytes[at]! ^= third;
  return seen & 0xff;
}

/** Four words in one go take two thirds of the time (test/bench/unmask). */
function maskWords(words: Int32Array, key: number): number {
  const { length } = words;
  let seen = 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const two = (words[at]! ^= key) | (words[at + 1]! ^= key);
    seen |= two | (words[at + 2]! ^= key) | (words[at + 3]! ^= key);
  }
  for (; at < length; at++) seen |= words[at]! ^= key;
  return (seen | (seen >>> 8) | (seen >>> 16) | (seen >>> 24)) & 0xff;
}

function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
