/**
 * Packets and payloads of Engine.IO 4 as bytes, in browsers: what `engine.io-parser` makes of them, in a third of the room,
 * as the platform has base64.
 */
import type { BinaryType, Packet } from 'engine.io-parser';
import type { Packet as EnginePacket } from '../../shared/engine/packet.ts';
import type { WebSocketLike } from './environment.ts';

export const protocol = 4;

const SEPARATOR = '\x1e';

/** A packet's type is its place here. */
const types = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'] as const;

const broken: Packet = { type: 'error', data: 'parser error' };

/** @param callback - called at once, but for a `Blob` that must become text */
export function encodePacket(
  { type, data }: Packet,
  supportsBinary: boolean,
  callback: (encoded: string | BufferSource | Blob) => void,
): void {
  if (data === undefined || typeof data === 'string') {
    callback(types.indexOf(type as (typeof types)[number]) + (data ?? ''));
  } else if (supportsBinary) {
    callback(data);
  } else {
    const reader = new FileReader();
    reader.onload = () => callback(`b${String(reader.result).split(',')[1] ?? ''}`);
    reader.readAsDataURL(new Blob([data]));
  }
}

/** Sends a packet as a message of its own. */
export function sendPacket(ws: WebSocketLike, packet: EnginePacket, supportsBinary: boolean): void {
  encodePacket(packet as Packet, supportsBinary, (encoded) => ws.send(encoded as string));
}

export function encodePayload(packets: readonly Packet[], callback: (encoded: string) => void): void {
  const encoded: unknown[] = [];
  let missing = packets.length;
  for (const [index, packet] of packets.entries()) {
    encodePacket(packet, false, (text) => {
      encoded[index] = text;
      if (--missing === 0) callback(encoded.join(SEPARATOR));
    });
  }
}

export function decodePacket(encoded: unknown, binaryType?: BinaryType): Packet {
  if (typeof encoded !== 'string') {
    return { type: 'message', data: binaryType === 'blob' ? new Blob([encoded as BlobPart]) : encoded };
  }
  if (encoded[0] === 'b') {
    try {
      return decodePacket(Uint8Array.from(atob(encoded.slice(1)), (unit) => unit.charCodeAt(0)).buffer, binaryType);
    } catch {
      // No base64.
      return broken;
    }
  }
  const type = types[encoded[0] as unknown as number];
  if (!type) return broken;
  return { type, data: encoded.slice(1) || undefined };
}

/** Ends with the first packet that is none. */
export function decodePayload(encoded: string, binaryType?: BinaryType): Packet[] {
  const packets: Packet[] = [];
  for (const each of encoded.split(SEPARATOR)) {
    const packet = decodePacket(each, binaryType);
    packets.push(packet);
    if (packet === broken) break;
  }
  return packets;
}
