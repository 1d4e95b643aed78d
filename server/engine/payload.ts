/**
 * The payloads of long-polling: packets in one text, separated by `\x1e`.
 *
 * A payload is decoded packet by packet and in slices: hundreds of thousands of tiny packets in one POST take their time,
 * but they don't block the process meanwhile.
 */
import { decodePacket, encodePacket, encodePayload } from 'engine.io-parser';

import type { Packet } from '../../shared/engine/packet.ts';

const SEPARATOR = '\x1e';

/** How many packets are handed on before other work gets a turn. */
const SLICE_PACKETS = 512;

// The parser's own types leave nothing readonly; it changes nothing. In Node it calls back before it returns.
type ParserPacket = Parameters<typeof encodePacket>[0];

/** The text that carries `packets` as one payload. */
export function writePayload(packets: readonly Packet[]): string {
  let payload = '';
  encodePayload(packets as ParserPacket[], (encoded) => {
    payload = encoded;
  });
  return payload;
}

/** The text that carries one packet. */
export function writePacket(packet: Packet): string {
  let text = '';
  encodePacket(packet as ParserPacket, false, (encoded: string) => {
    text = encoded;
  });
  return text;
}

/**
 * Hands on the packets of a payload, one after the other.
 *
 * @param take - returns false when it wants no more
 * @param done - called once all were taken, or `take` wanted no more
 */
export function readPayload(payload: string, take: (packet: Packet) => boolean, done: () => void): void {
  let start = 0;
  const slice = (): void => {
    for (let count = 0; count < SLICE_PACKETS; count++) {
      const found = payload.indexOf(SEPARATOR, start);
      const end = found < 0 ? payload.length : found;
      if (!take(readPacket(payload.slice(start, end))) || found < 0) return done();
      start = end + 1;
    }
    setImmediate(slice);
  };
  slice();
}

/** One packet of a payload. What is none comes as type `error`. */
export function readPacket(text: string): Packet {
  const packet = decodePacket(text, 'nodebuffer') as Packet;
  return text.startsWith('b') && !isWholeBase64(text, packet.data) ? { type: 'error', data: 'parser error' } : packet;
}

/** Node's decoder leaves out what is not base64 and says nothing; but then it gives fewer bytes than the text stands for. */
function isWholeBase64(text: string, decoded: unknown): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - 1 - padding;
  return Buffer.isBuffer(decoded) && decoded.length === Math.floor((digits * 3) / 4) && digits % 4 !== 1;
}
