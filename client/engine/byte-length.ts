/** How many bytes a message takes on its way. */
import { sizeOf } from '../../shared/engine/outbox.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';

/** Bytes of a message: those of its UTF-8 where it is a text. */
export function byteLength(data: RawData): number {
  return typeof data === 'string' ? new Blob([data]).size : sizeOf(data);
}

/** Bytes of a packet in a payload of long-polling: its type and a separator, bytes as base64. */
export function payloadBytes({ data = '' }: Packet): number {
  const bytes = byteLength(data);
  return 2 + (typeof data === 'string' ? bytes : Math.ceil(bytes / 3) * 4);
}
