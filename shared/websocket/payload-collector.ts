/**
 * Joins the pieces of a message as they come. Pins at most twice the bytes given to it, whatever length was declared and
 * however small the pieces are.
 */
import { giveBack, takeBuffer } from './spare-buffer.ts';

/** The first piece gets at least so many bytes, so that tiny pieces don't grow the buffer one by one. */
const LEAST_BYTES = 512;

const NOTHING = Buffer.alloc(0);

export class PayloadCollector {
  private readonly isText: boolean;
  private buffer: Buffer = NOTHING;
  /** Bytes collected so far. */
  size = 0;

  /** @param isText whether it will be taken by {@link takeText}, so that nobody gets to see its buffer. Default false */
  constructor(isText = false) {
    this.isText = isText;
  }

  /** Bytes held, the room for more included. */
  get pinnedBytes(): number {
    return this.buffer.length;
  }

  /**
   * Copies `bytes` from `start` up to `end` behind the rest.
   *
   * @param expected bytes that the message will have in all, Infinity where its last fragment has not begun
   */
  push(bytes: Buffer, start: number, end: number, expected: number): void {
    const size = this.size + end - start;
    if (size > this.buffer.length) this.grow(size, expected);
    bytes.copy(this.buffer, this.size, start, end);
    this.size = size;
  }

  /** Hands over what was collected: the caller owns it from now on. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.size);
    this.clear();
    return taken;
  }

  /** Hands over what was collected as a text. */
  takeText(encoding: 'latin1' | 'utf8'): string {
    const text = this.buffer.toString(encoding, 0, this.size);
    giveBack(this.buffer);
    this.clear();
    return text;
  }

  clear(): void {
    this.buffer = NOTHING;
    this.size = 0;
  }

  private grow(size: number, expected: number): void {
    const most = Math.max(LEAST_BYTES, size * 2);
    const least = Math.min(expected, most);
    const grown = this.isText ? takeBuffer(least, most) : Buffer.allocUnsafeSlow(least);
    this.buffer.copy(grown, 0, 0, this.size);
    this.buffer = grown;
  }
}
