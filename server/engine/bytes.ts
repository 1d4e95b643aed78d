/** Binary messages: their bytes, and their base64. */
import type { RawData } from '../../shared/engine/packet.ts';

/** The bytes of a message, uncopied. */
export function bytesOf(data: Exclude<RawData, string>): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/**
 * Decodes base64; undefined where not all of it is.
 *
 * Node's decoder leaves out what is not base64 and says nothing; but then it gives fewer bytes than the text stands for.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const decoded = Buffer.from(text, 'base64');
  return digits % 4 !== 1 && decoded.length === Math.floor((digits * 3) / 4) ? decoded : undefined;
}
