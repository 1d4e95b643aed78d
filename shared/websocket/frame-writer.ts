/**
 * Messages to bytes (RFC 6455 §5, §6.1), for either role: a batch of frames.
 *
 * Small frames are laid out header and payload together. A server's large payloads are not copied: they must not change until
 * they are sent. A client has to mask (§5.3), so it copies.
 */
import { Batch } from './batch.ts';
import * as frame from './frame.ts';
import { Opcode } from './frame.ts';
import { applyMask } from './mask.ts';
import { lendBuffer, reclaim } from './spare-buffer.ts';

/** Up to this length a copy costs less than a buffer of its own in a gathered write (test/bench). */
const COPY_UP_TO = 4_096;

/** Most bytes before a payload: two, a length of eight, a mask of four. */
const MOST_HEADER_BYTES = 14;

/** UTF-8 takes at most so many bytes for each UTF-16 unit, and for each letter. */
const MOST_BYTES_A_UNIT = 3;
const MOST_BYTES_A_LETTER = 4;

const WHOLE_TEXT = frame.FIN | Opcode.Text;

/** Draws a fresh mask, 32 bits that nobody can foretell (§10.3). */
export type MaskSource = () => number;

export class FrameWriter extends Batch {
  /** Present in a client only. */
  private readonly nextMask: MaskSource | undefined;

  /** @param nextMask where masks come from: a client has it, a server doesn't */
  constructor(nextMask?: MaskSource) {
    super();
    this.nextMask = nextMask;
  }

  /**
   * A whole text message. Half surrogate pairs become U+FFFD, as WHATWG asks.
   *
   * @param lead an ASCII character's code, 0 for none. It goes before the text, and spares putting the two together
   */
  text(data: string, lead = 0): void {
    const { length } = data;
    const leadSize = lead === 0 ? 0 : 1;
    if (length > COPY_UP_TO) return this.longText(data, lead);
    this.reserve(MOST_HEADER_BYTES + leadSize + length * MOST_BYTES_A_UNIT);
    const { run, end: at } = this;
    // Written where it will lie if all of it is ASCII, and moved in the rare case that its length needs more room.
    const guess = at + this.headerSize(leadSize + length);
    const size = leadSize + run.write(data, guess + leadSize);
    const start = at + this.headerSize(size);
    if (start !== guess) run.copyWithin(start, guess, guess + size);
    if (lead !== 0) run[start] = lead;
    this.header(run, at, WHOLE_TEXT, size);
    this.mask(run, start, start + size);
    this.advance(start + size);
  }

  /**
   * Most are ASCII: so it is written as if it were, and its size asked for only where it turns out not to be. To ask before takes
   * as long as to write it once more, if the text was strung together (64 kB: 14 µs instead of 9).
   */
  private longText(data: string, lead: number): void {
    const leadSize = lead === 0 ? 0 : 1;
    let size = leadSize + data.length;
    let start = this.headerSize(size);
    // With room for a letter more: what needs more bytes than it has units fills at least one of them.
    let bytes = lendBuffer(start + size + MOST_BYTES_A_LETTER);
    if (bytes.write(data, start + leadSize) > data.length) {
      reclaim(bytes);
      size = leadSize + Buffer.byteLength(data);
      start = this.headerSize(size);
      bytes = lendBuffer(start + size);
      bytes.write(data, start + leadSize);
    }
    if (lead !== 0) bytes[start] = lead;
    this.header(bytes, 0, WHOLE_TEXT, size);
    this.mask(bytes, start, start + size);
    this.append(bytes.subarray(0, start + size));
  }

  /** One frame. `payload` must not change until it is sent. */
  frame(opcode: Opcode, payload: Uint8Array, fin = true, isCompressed = false): void {
    const first = (fin ? frame.FIN : 0) | (isCompressed ? frame.RSV1 : 0) | opcode;
    const size = payload.length;
    if (size <= COPY_UP_TO) {
      this.reserve(MOST_HEADER_BYTES + size);
      const { run, end: at } = this;
      const start = this.header(run, at, first, size);
      run.set(payload, start);
      this.mask(run, start, start + size);
      this.advance(start + size);
    } else if (this.nextMask === undefined) {
      this.reserve(MOST_HEADER_BYTES);
      this.advance(this.header(this.run, this.end, first, size));
      this.append(payload);
    } else {
      const bytes = Buffer.allocUnsafeSlow(this.headerSize(size) + size);
      const start = this.header(bytes, 0, first, size);
      bytes.set(payload, start);
      this.mask(bytes, start, bytes.length);
      this.append(bytes);
    }
  }

  /** The head of an HTTP answer. */
  latin1(text: string): void {
    if (text.length > COPY_UP_TO) return this.append(Buffer.from(text, 'latin1'));
    this.reserve(text.length);
    this.advance(this.end + this.run.write(text, this.end, 'latin1'));
  }

  /** Bytes that are frames already. They must not change until they are sent. */
  raw(bytes: Uint8Array): void {
    if (bytes.length > COPY_UP_TO || this.bytes === 0) return this.append(bytes);
    this.reserve(bytes.length);
    this.run.set(bytes, this.end);
    this.advance(this.end + bytes.length);
  }

  private headerSize(size: number): number {
    return headerSize(size) + (this.nextMask === undefined ? 0 : 4);
  }

  /** Returns where the payload begins. The mask is written into the header, for {@link mask} to find it there. */
  private header(bytes: Buffer, at: number, first: number, size: number): number {
    if (this.nextMask === undefined) return writeHeader(bytes, at, first, 0, size);
    return bytes.writeInt32BE(this.nextMask() | 0, writeHeader(bytes, at, first, frame.MASK, size));
  }

  private mask(bytes: Buffer, start: number, end: number): void {
    if (this.nextMask !== undefined) applyMask(bytes, start, end, bytes.readInt32BE(start - 4));
  }
}

/**
 * A whole message as an unmasked frame, uncompressed: framed once, the same bytes go to all whom a server tells it.
 *
 * @returns a buffer of the frame's own, that must not be changed while it is being sent
 */
export function frameMessage(data: string | Uint8Array): Buffer {
  const isText = typeof data === 'string';
  return frameWhole(isText ? Opcode.Text : Opcode.Binary, data, false);
}

/** {@link frameMessage} of a payload that may be compressed already, or a text's bytes. */
export function frameWhole(opcode: Opcode, payload: string | Uint8Array, isCompressed: boolean): Buffer {
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const bytes = Buffer.allocUnsafe(headerSize(size) + size);
  const start = writeHeader(bytes, 0, frame.FIN | (isCompressed ? frame.RSV1 : 0) | opcode, 0, size);
  if (typeof payload === 'string') bytes.write(payload, start, size === payload.length ? 'latin1' : 'utf8');
  else bytes.set(payload, start);
  return bytes;
}

function headerSize(size: number): number {
  if (size < frame.LENGTH_16) return 2;
  return size < 65_536 ? 4 : 10;
}

/** Returns where the header ends. */
function writeHeader(bytes: Buffer, at: number, first: number, maskBit: number, size: number): number {
  bytes[at] = first;
  if (size < frame.LENGTH_16) {
    bytes[at + 1] = maskBit | size;
    return at + 2;
  }
  if (size < 65_536) {
    bytes[at + 1] = maskBit | frame.LENGTH_16;
    bytes[at + 2] = size >>> 8;
    bytes[at + 3] = size;
    return at + 4;
  }
  bytes[at + 1] = maskBit | frame.LENGTH_64;
  bytes.writeUInt32BE(Math.floor(size / 2 ** 32), at + 2);
  return bytes.writeUInt32BE(size % 2 ** 32, at + 6);
}
