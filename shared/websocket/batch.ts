/**
 * The bytes that one connection sends in a turn. Small ones are laid out one after the other in a slab that all connections
 * share, so that they cost no buffer of their own; large ones stand beside it uncopied.
 *
 * A full slab is left to those who still hold pieces of it and a new one begun: no byte is given out twice, so nothing of one
 * peer's can reach another. An empty batch holds nothing of it.
 */

const SLAB_BYTES = 65_536;

const NONE = Buffer.alloc(0);

let slab = NONE;
let used = 0;

export class Batch {
  /** The slab that our run of bytes lies in, and from where to where. */
  protected run = NONE;
  private start = 0;
  protected end = 0;
  /** The piece that is complete, as long as there is no second one: most batches never have one, nor an array for it. */
  private only: Uint8Array | undefined = undefined;
  /** All complete pieces, where there are more. */
  private pieces: Uint8Array[] | undefined = undefined;
  /** Bytes in all. */
  bytes = 0;

  /** Makes room for `size` bytes, at most a slab's, in {@link run} from {@link end} on. */
  protected reserve(size: number): void {
    const fits = used + size <= slab.length;
    if (fits && this.run === slab && this.end === used) return;
    this.endRun();
    if (!fits) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      used = 0;
    }
    this.run = slab;
    this.start = used;
    this.end = used;
  }

  /** Everything up to `end` is laid out: at most what was reserved just now. */
  protected advance(end: number): void {
    this.bytes += end - this.end;
    this.end = end;
    used = end;
  }

  /** Puts `piece` behind the rest, uncopied. */
  protected append(piece: Uint8Array): void {
    this.endRun();
    this.put(piece);
    this.bytes += piece.length;
  }

  /** Hands it over if it is one piece, and begins a new one then. */
  takeOnly(): Uint8Array | undefined {
    this.endRun();
    const { only } = this;
    if (only === undefined) return undefined;
    this.only = undefined;
    this.bytes = 0;
    return only;
  }

  /** Hands it over, as few pieces as can be, and begins a new one. */
  take(): Uint8Array[] {
    const only = this.takeOnly();
    if (only !== undefined) return [only];
    const taken = this.pieces ?? [];
    this.pieces = undefined;
    this.bytes = 0;
    return taken;
  }

  private put(piece: Uint8Array): void {
    if (this.pieces !== undefined) this.pieces.push(piece);
    else if (this.only === undefined) this.only = piece;
    else {
      this.pieces = [this.only, piece];
      this.only = undefined;
    }
  }

  private endRun(): void {
    if (this.run === NONE) return;
    if (this.start < this.end) this.put(this.run.subarray(this.start, this.end));
    this.run = NONE;
    this.start = 0;
    this.end = 0;
  }
}
