/** Packets and payloads of Engine.IO 4 as bytes, in Node. */
import { decodePacket as decode, encodePacket } from 'engine.io-parser';
import type { Packet } from '../../shared/engine/packet.ts';
import type { WebSocketLike } from './environment.ts';

export { decodePayload, encodePacket, encodePayload, protocol } from 'engine.io-parser';

/** What a message that is text begins with. */
const MESSAGE = 0x34;

export const decodePacket: typeof decode = (encoded, binaryType) => {
  // Nearly all there is.
  if (typeof encoded === 'string' && encoded.charCodeAt(0) === MESSAGE && encoded.length > 1)
    return { type: 'message', data: encoded.slice(1) };
  return decode(encoded, binaryType);
};

/** Sends a packet as a message of its own. */
export function sendPacket(ws: WebSocketLike, packet: Packet, supportsBinary: boolean): void {
  const { type, data, options } = packet;
  if (type === 'message' && typeof data === 'string' && ws.sendTyped !== undefined)
    return ws.sendTyped(MESSAGE, data, options?.compress);
  // The parser's own type has nothing readonly; it changes nothing.
  encodePacket(packet as Parameters<typeof encodePacket>[0], supportsBinary, (encoded) =>
    ws.send(encoded as string, options),
  );
}
