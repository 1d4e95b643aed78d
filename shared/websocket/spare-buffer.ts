/**
 * One buffer that large texts share, one after the other: it holds a message while that is put together, and then the frame
 * that answers it. The processor still has such memory at hand, and the allocator does not give it back to the system and
 * ask for it again: an echo of 64 kB takes 0.8 of the time (test/bench).
 *
 * Who takes it has it alone. It is spare again only when nobody can see it any more; who can't tell that, keeps it.
 */

/** Sizes are rounded up to this (bytes), so that a frame fits where its message was. No smaller one is kept. */
const PAGE_BYTES = 4_096;

/** No larger one is kept (bytes): what is longer doesn't leave in one go. */
const SPARE_UP_TO = 262_144;

const NONE = Buffer.alloc(0);

let spare: Buffer = NONE;
/** What {@link lendBuffer} gave out last. */
let lent: Buffer = NONE;

/** A buffer of `least` bytes at least and of `most` at most; its contents mean nothing. */
export function takeBuffer(least: number, most: number): Buffer {
  if (spare.length < least || spare.length > most)
    return Buffer.allocUnsafeSlow(Math.min(most, Math.ceil(least / PAGE_BYTES) * PAGE_BYTES));
  const taken = spare;
  spare = NONE;
  return taken;
}

/** Gives back what {@link takeBuffer} gave. */
export function giveBack(buffer: Buffer): void {
  if (buffer.length >= PAGE_BYTES && buffer.length <= SPARE_UP_TO) spare = buffer;
}

/** `size` bytes of a buffer that pins no more than twice as many. It comes back by {@link reclaim}, or never. */
export function lendBuffer(size: number): Buffer {
  lent = takeBuffer(size, size * 2);
  return lent.subarray(0, size);
}

/** Nobody sees `bytes` any more: if they were lent just now, their buffer is spare again. */
export function reclaim(bytes: Uint8Array): void {
  if (bytes.buffer !== lent.buffer) return;
  giveBack(lent);
  lent = NONE;
}
