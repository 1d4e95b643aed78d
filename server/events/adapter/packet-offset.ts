/** The place of a packet on the bus, which a client that comes back asks from: it travels behind the packet's arguments. */
import { PacketType } from '../../../shared/events/packet.ts';
import type { Packet } from '../../../shared/events/packet.ts';
import type { Offset } from './cluster-messages.ts';
import type { AdapterNamespace, BroadcastOptions } from './types.ts';

/** Whether a client that comes back may ask for the packet: it must then know its place. */
export function isRecoverable(
  { server }: AdapterNamespace,
  { type, id }: Packet,
  { flags }: BroadcastOptions,
): boolean {
  return (
    server.opts.connectionStateRecovery !== undefined &&
    type === PacketType.EVENT &&
    id === undefined &&
    flags?.volatile === undefined
  );
}

/** @param offset - undefined where the bus can't tell */
export function addOffset(
  namespace: AdapterNamespace,
  packet: Packet,
  opts: BroadcastOptions,
  offset: Offset | undefined,
): void {
  if (offset !== undefined && isRecoverable(namespace, packet, opts)) packet.data.push(offset);
}
