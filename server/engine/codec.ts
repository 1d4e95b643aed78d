import type { Packet } from '../../shared/engine/packet.ts';

/** Gives the packets of a payload, one with each call, and undefined behind the last. What is no packet comes as type `error`. */
export type PacketSource = () => Packet | undefined;

/** How packets are written for a peer and read from it. */
export interface Codec {
  readonly revision: 3 | 4;
  /** Whether its peer takes binary, and not only base64. */
  readonly isBinary: boolean;
  /** Whether a body may be binary. */
  readonly hasBinaryBodies: boolean;
  /** One message on a WebSocket. */
  write(packet: Packet): string | Uint8Array;
  /** Reads what `write` wrote. */
  read(message: string | Buffer): Packet;
  /** One answer to a poll. */
  writePayload(packets: readonly Packet[]): string | Buffer;
  /** Reads what `writePayload` wrote. */
  packetsIn(body: string | Buffer): PacketSource;
}
