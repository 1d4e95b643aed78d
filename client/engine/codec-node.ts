/** Packets and payloads of Engine.IO 4 as bytes, in Node. */
export { decodePacket, decodePayload, encodePacket, encodePayload, protocol } from 'engine.io-parser';
