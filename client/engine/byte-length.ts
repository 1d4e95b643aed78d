/** How many bytes a message takes on its way. */
import type { Packet, RawData } from '../../shared/engine/packet.ts';

/** Bytes of a message: those of its UTF-8 where it is a text. A `Blob`, which browsers send too, calls them `size`. */
export function byteLength(data: RawData | Blob): number {
  if (typeof data === 'string') return new Blob([data]).size;
  return (data as ArrayBuffer | null)?.byteLength ?? (data as Blob | null)?.size ?? 0;
}

/** Bytes of a packet in a payload of long-polling: its type and a separator, bytes as base64. */
export function payloadBytes({ data = '' }: Packet): number {
  const bytes = byteLength(data);
  return 2 + (typeof data === 'string' ? bytes : Math.ceil(bytes / 3) * 4);
}
