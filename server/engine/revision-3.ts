/**
 * Engine.IO 3 on the wire, for clients of Socket.IO 2.
 *
 * A payload of texts is `length:packet…`, its lengths in UTF-16 units. One with binary in it is bytes: for each packet 0
 * for text or 1 for binary, the digits of its length in bytes, 255, and the packet. Where binary must be text it is `b`,
 * the type and base64.
 */
import type { Packet, PacketType } from '../../shared/engine/packet.ts';
import { bytesOf, decodeBase64 } from './bytes.ts';
import type { Codec, PacketSource } from './codec.ts';

const types: readonly PacketType[] = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];

/** Most digits of a length. No body is that long. */
const MOST_DIGITS = 10;

const LENGTH_END = 255;

const noPacket: Packet = { type: 'error', data: 'parser error' };

function isBinary({ data }: Packet): boolean {
  return data !== undefined && typeof data !== 'string';
}

function writeText({ type, data = '' }: Packet): string {
  const digit = types.indexOf(type);
  return typeof data === 'string' ? `${digit}${data}` : `b${digit}${bytesOf(data).toString('base64')}`;
}

function write(packet: Packet): string | Uint8Array {
  const { type, data } = packet;
  if (data === undefined || typeof data === 'string') return writeText(packet);
  return Buffer.concat([Buffer.of(types.indexOf(type)), bytesOf(data)]);
}

function writeTextPayload(packets: readonly Packet[]): string {
  let payload = '';
  for (const packet of packets) {
    const text = writeText(packet);
    payload += `${text.length}:${text}`;
  }
  return payload;
}

function writePayload(packets: readonly Packet[]): string | Buffer {
  if (!packets.some(isBinary)) return writeTextPayload(packets);
  const pieces: Uint8Array[] = [];
  for (const packet of packets) {
    const written = write(packet);
    const bytes = typeof written === 'string' ? Buffer.from(written) : written;
    const digits = [...String(bytes.length)].map(Number);
    pieces.push(Buffer.of(typeof written === 'string' ? 0 : 1, ...digits, LENGTH_END), bytes);
  }
  return Buffer.concat(pieces);
}

function read(message: string | Buffer): Packet {
  if (typeof message !== 'string') {
    const type = types[message[0] ?? -1];
    return type === undefined ? noPacket : { type, data: message.subarray(1) };
  }
  const isBase64 = message.startsWith('b');
  const start = isBase64 ? 1 : 0;
  const digit = message.charCodeAt(start) - 0x30;
  const type = types[digit];
  const text = message.slice(start + 1);
  const data = isBase64 ? decodeBase64(text) : text;
  if (type === undefined || data === undefined) return noPacket;
  return data === '' && type !== 'message' ? { type } : { type, data };
}

function packetsIn(body: string | Buffer): PacketSource {
  return typeof body === 'string' ? packetsInText(body) : packetsInBytes(body);
}

function packetsInText(body: string): PacketSource {
  let at = 0;
  return () => {
    if (at >= body.length && at > 0) return undefined;
    const colon = body.slice(at, at + MOST_DIGITS + 1).indexOf(':');
    const digits = body.slice(at, at + colon);
    const start = at + colon + 1;
    const end = start + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > body.length) {
      at = Infinity;
      return noPacket;
    }
    at = end;
    return read(body.slice(start, end));
  };
}

function packetsInBytes(body: Buffer): PacketSource {
  let at = 0;
  return () => {
    if (at >= body.length && at > 0) return undefined;
    const kind = body[at];
    const digits = body.subarray(at + 1, at + 2 + MOST_DIGITS);
    const count = digits.indexOf(LENGTH_END);
    const isLength = count > 0 && digits.subarray(0, count).every((digit) => digit <= 9);
    const start = at + 2 + count;
    const end = start + (isLength ? Number(digits.subarray(0, count).join('')) : Infinity);
    if ((kind !== 0 && kind !== 1) || end > body.length || end === start) {
      at = Infinity;
      return noPacket;
    }
    at = end;
    const bytes = body.subarray(start, end);
    return read(kind === 0 ? bytes.toString() : bytes);
  };
}

const common = { revision: 3, hasBinaryBodies: true, read, packetsIn } as const;

export const revision3: Record<'binary' | 'textual', Codec> = {
  binary: { ...common, isBinary: true, write, writePayload },
  textual: { ...common, isBinary: false, write: writeText, writePayload: writeTextPayload },
};
