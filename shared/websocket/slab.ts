/**
 * One buffer into which all connections lay out their small frames, one after the other, so that a frame costs no buffer
 * of its own. A full slab is left to those who still hold pieces of it and a new one begun: no byte is given out twice, so
 * nothing of one peer's can reach another.
 */

const SLAB_BYTES = 65_536;

const NONE = Buffer.alloc(0);

let slab = NONE;
let used = 0;

/** A run of bytes in the slab that one writer fills. Holds nothing of it while empty. */
export class SlabRun {
  bytes = NONE;
  private start = 0;
  end = 0;

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  /**
   * Makes room for `size` bytes (at most {@link SLAB_BYTES}) at {@link end}, right behind what is there. False where that
   * can't be: take what is there first, then reserve anew.
   */
  reserve(size: number): boolean {
    const fits = used + size <= slab.length;
    if (fits && this.bytes === slab && this.end === used) return true;
    if (!this.isEmpty) return false;
    if (!fits) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      used = 0;
    }
    this.bytes = slab;
    this.start = used;
    this.end = used;
    return true;
  }

  /** Everything up to `end` is laid out: at most what was reserved just now. */
  advance(end: number): void {
    this.end = end;
    used = end;
  }

  take(): Buffer {
    const taken = this.bytes.subarray(this.start, this.end);
    this.bytes = NONE;
    this.start = 0;
    this.end = 0;
    return taken;
  }
}
