import type { Packet } from '../../shared/engine/packet.ts';
import type { PacketSource } from './codec.ts';

/** How many packets are handed on before other work gets a turn. */
const SLICE_PACKETS = 512;

/**
 * Hands on the packets of a payload, one after the other. Hundreds of thousands of tiny ones in one POST take their time,
 * but they don't block the process meanwhile.
 *
 * @param take - returns false when it wants no more
 * @param done - called once all were taken, or `take` wanted no more
 */
export function handOn(source: PacketSource, take: (packet: Packet) => boolean, done: () => void): void {
  const slice = (): void => {
    for (let count = 0; count < SLICE_PACKETS; count++) {
      const packet = source();
      if (packet === undefined || !take(packet)) return done();
    }
    setImmediate(slice);
  };
  slice();
}
