/** Engine.IO 4 on the wire. The bytes are those of `engine.io-parser`; a payload is read packet by packet. */
import { decodePacket, encodePacket, encodePayload } from 'engine.io-parser';

import type { Packet, RawData } from '../../shared/engine/packet.ts';
import { bytesOf, decodeBase64 } from './bytes.ts';
import type { Codec, PacketSource } from './codec.ts';

/** Between the packets of a payload, and behind each on a stream. */
export const SEPARATOR = '\x1e';

const noPacket: Packet = { type: 'error', data: 'parser error' };

// The parser's own types leave nothing readonly; it changes nothing. In Node it calls back before it returns.
type ParserPacket = Parameters<typeof encodePacket>[0];

let encoded: RawData = '';

/** One for all packets. */
function keep(data: RawData): void {
  encoded = data;
}

function write(packet: Packet, takesBinary: boolean): string | Uint8Array {
  encodePacket(packet as ParserPacket, takesBinary, keep);
  const written = encoded;
  encoded = '';
  // Where binary is taken, the parser gives back what it was given: any view, or a buffer of none.
  return typeof written === 'string' ? written : bytesOf(written);
}

function writePayload(packets: readonly Packet[]): string {
  let payload = '';
  encodePayload(packets as ParserPacket[], (encoded) => {
    payload = encoded;
  });
  return payload;
}

function read(message: string | Buffer): Packet {
  if (typeof message !== 'string') return { type: 'message', data: message };
  if (!message.startsWith('b')) return decodePacket(message) as Packet;
  const data = decodeBase64(message.slice(1));
  return data === undefined ? noPacket : { type: 'message', data };
}

function packetsIn(body: string | Buffer): PacketSource {
  const payload = body as string; // as this revision has no binary bodies
  let start = 0;
  return () => {
    if (start > payload.length) return undefined;
    const found = payload.indexOf(SEPARATOR, start);
    const end = found < 0 ? payload.length : found;
    const packet = read(payload.slice(start, end));
    start = end + 1;
    return packet;
  };
}

const common = { revision: 4, hasBinaryBodies: false, read, writePayload, packetsIn } as const;

export const revision4: Record<'binary' | 'textual', Codec> = {
  binary: { ...common, isBinary: true, write: (packet) => write(packet, true) },
  textual: { ...common, isBinary: false, write: (packet) => write(packet, false) },
};
