/**
 * Inflates the messages of one connection (RFC 7692 §7.2.2), never further than its limit.
 *
 * When idle it gives its stream back and keeps only the window that the next message may refer to.
 */
import { InflateWindow } from './inflate-window.ts';
import { dropContext, keepContext } from './live-contexts.ts';
import type { LiveContext } from './live-contexts.ts';
import { ZlibStream } from './zlib-stream.ts';
import type { OnOutput } from './zlib-stream.ts';

/** What the sender left out (§7.2.2, item 1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** A message may have so many final blocks: each costs a stream of its own. */
const MOST_FINAL_BLOCKS = 64;

export class Inflater implements LiveContext {
  private readonly windowBits: number;
  private readonly concurrencyLimit: number;
  /** Absent where each message stands for itself. */
  private readonly window: InflateWindow | undefined;
  private stream: ZlibStream | undefined = undefined;

  constructor(windowBits: number, noContextTakeover: boolean, concurrencyLimit: number) {
    this.windowBits = windowBits;
    this.concurrencyLimit = concurrencyLimit;
    this.window = noContextTakeover ? undefined : new InflateWindow(windowBits);
  }

  /** Inflates a whole message to at most `limit` bytes. One at a time. */
  inflate(bytes: Uint8Array, limit: number, onOutput: OnOutput): void {
    this.inflatePart(Buffer.concat([bytes, TAIL]), limit, [], onOutput);
  }

  private inflatePart(bytes: Buffer, limit: number, before: Buffer[], onOutput: OnOutput): void {
    const stream = (this.stream ??= this.open(before));
    dropContext(this);
    stream.run(bytes, this.concurrencyLimit, limit, (error, output, unread) => {
      if (error === undefined) this.window?.push(output);
      // A block that says it is the last (§7.2.3.4) ends the stream, but neither the message nor what may be referred to.
      if (!stream.isUsable) this.rest();
      else {
        if (this.window === undefined) stream.reset();
        keepContext(this);
      }
      before.push(output);
      if (error === undefined && unread > TAIL.length && before.length < MOST_FINAL_BLOCKS)
        return this.inflatePart(bytes.subarray(bytes.length - unread), limit - output.length, before, onOutput);
      const lost = error ?? (unread > TAIL.length ? new Error('too many final blocks') : undefined);
      onOutput(lost, before.length === 1 ? output : Buffer.concat(before), 0);
    });
  }

  rest(): void {
    dropContext(this);
    this.stream?.close();
    this.stream = undefined;
  }

  /** @param before what this message has put out already: part of what may be referred to */
  private open(before: Buffer[]): ZlibStream {
    const dictionary = this.window === undefined ? Buffer.concat(before) : this.window.bytes();
    return new ZlibStream('inflate', { windowBits: this.windowBits, ...(dictionary.length > 0 ? { dictionary } : {}) });
  }
}
