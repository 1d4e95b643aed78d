/** The last bytes that a connection's messages inflated to: what its next message may refer back to (RFC 7692 §7.2.2). */

const FIRST_BYTES = 1_024;

export class InflateWindow {
  private readonly most: number;
  private ring = Buffer.alloc(0);
  /** Where the next byte goes. */
  private next = 0;
  private size = 0;

  constructor(windowBits: number) {
    this.most = 2 ** windowBits;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const kept = bytes.length > this.most ? bytes.subarray(bytes.length - this.most) : bytes;
    if (this.size + kept.length > this.ring.length && this.ring.length < this.most) this.grow(this.size + kept.length);
    const room = this.ring.length - this.next;
    kept.copy(this.ring, this.next, 0, room);
    if (kept.length > room) kept.copy(this.ring, 0, room);
    this.next = (this.next + kept.length) % this.ring.length;
    this.size = Math.min(this.size + kept.length, this.ring.length);
  }

  /** A copy of it, oldest byte first. */
  bytes(): Buffer {
    if (this.size < this.ring.length) return Buffer.from(this.ring.subarray(0, this.size));
    return Buffer.concat([this.ring.subarray(this.next), this.ring.subarray(0, this.next)]);
  }

  /** Only a ring that is not yet full grows, so that its bytes lie from 0 on. */
  private grow(wanted: number): void {
    const grown = Buffer.alloc(Math.min(this.most, Math.max(FIRST_BYTES, 2 * this.ring.length, wanted)));
    this.ring.copy(grown, 0, 0, this.size);
    this.ring = grown;
    this.next = this.size % grown.length;
  }
}
