/** One message for many: framed once, and compressed once, however many get it. */
import { Deflater, LEAST_ZLIB_BITS } from './deflater.ts';
import { MOST_WINDOW_BITS } from './deflate-options.ts';
import type { DeflateSettings } from './deflate-options.ts';
import { Opcode } from './frame.ts';
import { frameWhole } from './frame-writer.ts';

type OnCompressed = (error: Error | undefined, frames: Buffer) => void;

const NOTHING = Buffer.alloc(0);

export class SharedMessage {
  readonly opcode: Opcode;
  /** Bytes of the message itself. */
  readonly size: number;
  /** The window that it is compressed with: no wider than it is long. */
  readonly windowBits: number;
  private readonly data: string | Uint8Array;
  private readonly settings: DeflateSettings | undefined;
  private plain: Buffer | undefined = undefined;
  private compressed: Buffer | undefined = undefined;
  private waiting: OnCompressed[] | undefined = undefined;

  /**
   * @param data must not change until it is sent
   * @param settings how it is compressed, where receivers can take that
   */
  constructor(data: string | Uint8Array, isBinary: boolean, settings: DeflateSettings | undefined) {
    this.data = data;
    this.opcode = isBinary ? Opcode.Binary : Opcode.Text;
    this.size = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    this.windowBits = Math.min(MOST_WINDOW_BITS, Math.max(LEAST_ZLIB_BITS, Math.ceil(Math.log2(this.size + 1))));
    this.settings = settings;
  }

  /** The message as it is, framed. */
  get frames(): Buffer {
    return (this.plain ??= frameWhole(this.opcode, this.data, false));
  }

  /** Tells the message compressed and framed: the first who asks has it done, the others get the same bytes. */
  compress(onCompressed: OnCompressed): void {
    if (this.compressed !== undefined) return onCompressed(undefined, this.compressed);
    if (this.waiting !== undefined) return void this.waiting.push(onCompressed);
    if (this.settings === undefined) return onCompressed(undefined, this.frames);
    this.waiting = [onCompressed];
    const deflater = new Deflater(this.windowBits, true, this.settings);
    const bytes = typeof this.data === 'string' ? Buffer.from(this.data) : this.data;
    deflater.deflate(bytes, true, (error, output) => {
      deflater.rest();
      if (error === undefined) this.compressed = frameWhole(this.opcode, output, true);
      for (const tell of this.waiting ?? []) tell(error, this.compressed ?? NOTHING);
      this.waiting = undefined;
    });
  }
}
