/** Frames by hand, as plainly as RFC 6455 §5.2 says it: what the library's own are tested against. */

export interface RawFrame {
  readonly opcode: number;
  readonly payload?: Buffer | string;
  readonly fin?: boolean;
  /** The three reserved bits, as a number from 0 to 7. */
  readonly rsv?: number;
  /** The mask; without it the frame has none. */
  readonly mask?: Buffer | undefined;
  /** What the header says instead of the payload's length. */
  readonly length?: bigint | undefined;
  /** How many bytes the length takes instead of the fewest: 1, 2 or 8. */
  readonly lengthBytes?: 1 | 2 | 8 | undefined;
}

const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function rawFrame({ opcode, payload = '', fin = true, rsv = 0, mask, length, lengthBytes }: RawFrame): Buffer {
  const bytes = Buffer.from(payload as string);
  const said = length ?? BigInt(bytes.length);
  const width = lengthBytes ?? (said < 126n ? 1 : said < 65_536n ? 2 : 8);
  const masked = mask === undefined ? 0 : 0x80;
  const header = Buffer.alloc(width === 1 ? 2 : 2 + width);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = masked | (width === 1 ? Number(said) : width === 2 ? 126 : 127);
  if (width === 2) header.writeUInt16BE(Number(said), 2);
  if (width === 8) header.writeBigUInt64BE(said, 2);
  if (mask === undefined) return Buffer.concat([header, bytes]);
  return Buffer.concat([header, mask, bytes.map((byte, at) => byte ^ mask[at % 4]!)]);
}

/** As a client sends it. */
export function maskedFrame(frame: RawFrame): Buffer {
  return rawFrame({ mask: KEY, ...frame });
}

/** A whole masked text. */
export function maskedText(text: string): Buffer {
  return maskedFrame({ opcode: 1, payload: text });
}

/** A masked Close. */
export function maskedClose(code?: number, reason = ''): Buffer {
  return maskedFrame({ opcode: 8, payload: closePayload(code, reason) });
}

export function closePayload(code?: number, reason = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** A frame that came, unmasked. */
export interface Seen {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv: number;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

/** Takes the whole frames off the front of `bytes`. */
export function readFrames(bytes: Buffer): { readonly frames: Seen[]; readonly rest: Buffer } {
  const frames: Seen[] = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const short = rest[1]! & 0x7f;
    const width = short === 126 ? 2 : short === 127 ? 8 : 0;
    const isMasked = rest[1]! >= 0x80;
    const start = 2 + width + (isMasked ? 4 : 0);
    if (rest.length < start) break;
    const length = width === 0 ? short : width === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < start + length) break;
    const mask = rest.subarray(start - 4, start);
    const payload = Buffer.from(rest.subarray(start, start + length)).map((byte, at) =>
      isMasked ? byte ^ mask[at % 4]! : byte,
    );
    frames.push({
      opcode: rest[0]! & 0x0f,
      fin: rest[0]! >= 0x80,
      rsv: (rest[0]! >> 4) & 7,
      isMasked,
      payload: Buffer.from(payload),
    });
    rest = rest.subarray(start + length);
  }
  return { frames, rest };
}
