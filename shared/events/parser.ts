/**
 * The parser as Socket.IO's option `parser` takes it: a module with these names. Ours is the default; the application may
 * bring another.
 */
import type { Packet } from './packet.ts';

/** Packets to messages. */
export interface PacketEncoder {
  // As Socket.IO's parsers declare it: a part is whatever the transport can carry.
  // oxlint-disable-next-line no-explicit-any
  encode(packet: Packet): any[];
}

/** Messages to packets, each handed out as event `decoded`. Throws at what is no packet. */
export interface PacketDecoder {
  on(event: 'decoded', listener: (packet: Packet) => void): unknown;
  off(event: 'decoded', listener: (packet: Packet) => void): unknown;
  add(message: unknown): void;
  destroy(): void;
}

/** A parser for both ends. */
export interface Parser {
  readonly Encoder: new () => PacketEncoder;
  readonly Decoder: new () => PacketDecoder;
  readonly protocol?: number;
}
