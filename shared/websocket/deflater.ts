/**
 * Compresses the messages of one connection (RFC 7692 §7.2.1).
 *
 * Its context may be dropped between any two of its frames: what a fresh one puts out refers to nothing before itself. So it
 * is given back when idle, and after a message that others compressed for us.
 */
import type { DeflateSettings } from './deflate-options.ts';
import { dropContext, keepContext } from './live-contexts.ts';
import type { LiveContext } from './live-contexts.ts';
import { ZlibStream } from './zlib-stream.ts';
import type { OnOutput } from './zlib-stream.ts';

/** What a flush ends with, and a message leaves out (§7.2.1): an empty block without compression. */
export const TAIL_BYTES = 4;

/** What is left of an empty message, or of an empty last fragment (§7.2.3.6). */
const EMPTY_BLOCK = Buffer.from([0]);

const NOTHING = Buffer.alloc(0);

/** zlib compresses with no window of 256 bytes. With one of 512 it still refers back by 250 at most. */
export const LEAST_ZLIB_BITS = 9;

export class Deflater implements LiveContext {
  private readonly windowBits: number;
  private readonly noContextTakeover: boolean;
  private readonly settings: DeflateSettings;
  private stream: ZlibStream | undefined = undefined;

  constructor(windowBits: number, noContextTakeover: boolean, settings: DeflateSettings) {
    this.windowBits = Math.max(windowBits, LEAST_ZLIB_BITS);
    this.noContextTakeover = noContextTakeover;
    this.settings = settings;
  }

  /** Shorter messages are not worth it. */
  get threshold(): number {
    return this.settings.threshold;
  }

  /** Whether the peer can inflate what was compressed with a window of so many bits. */
  allows(windowBits: number): boolean {
    return windowBits <= this.windowBits;
  }

  /** Compresses a message, or a fragment of one. One at a time. */
  deflate(bytes: Uint8Array, isLast: boolean, onOutput: OnOutput): void {
    if (bytes.length === 0) return onOutput(undefined, isLast ? EMPTY_BLOCK : NOTHING, 0);
    const { level, memLevel, strategy, concurrencyLimit } = this.settings;
    const stream = (this.stream ??= new ZlibStream('deflate', {
      windowBits: this.windowBits,
      level,
      memLevel,
      strategy,
    }));
    dropContext(this);
    stream.run(bytes, concurrencyLimit, Infinity, (error, output) => {
      if (error !== undefined) this.stream = undefined;
      else {
        if (isLast && this.noContextTakeover) stream.reset();
        keepContext(this);
      }
      onOutput(error, isLast ? output.subarray(0, output.length - TAIL_BYTES) : output, 0);
    });
  }

  rest(): void {
    dropContext(this);
    this.stream?.close();
    this.stream = undefined;
  }
}
