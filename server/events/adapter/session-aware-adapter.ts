/**
 * The in-memory adapter with recovery: a client that was away for a moment gets its rooms, its data and what it missed.
 *
 * Each packet carries its number as one more argument, which Socket.IO's clients keep and bring along. A client may lie
 * about it: it gets what was sent to its rooms while it was in them, whatever it says.
 */
import type { Packet } from '../../../shared/events/packet.ts';
import { PacketType } from '../../../shared/events/packet.ts';
import { Adapter, encodeBroadcast, sendToSockets, sizeOf } from './adapter.ts';
import { PacketLog } from './packet-log.ts';
import type { LoggedPacket } from './packet-log.ts';
import type {
  AdapterNamespace,
  BroadcastOptions,
  PrivateSessionId,
  Room,
  Session,
  SessionToPersist,
  SocketId,
} from './types.ts';

/** How often what is too old is let go of while nothing is sent (ms). */
const PRUNE_MS = 60_000;

/** Most sessions that are kept: clients leave one by coming and going. Beyond, those that left first start anew. */
const MOST_KEPT = 50_000;

/** Since which packet a socket has been in each of its rooms. */
type JoinedAt = Map<Room, number>;

interface Kept {
  readonly session: SessionToPersist;
  readonly joinedAt: JoinedAt;
  /** ms since 1970 */
  readonly leftAt: number;
}

export class SessionAwareAdapter extends Adapter {
  private readonly maxDisconnectionDuration: number;
  private readonly log: PacketLog;
  private readonly kept: Map<PrivateSessionId, Kept> = new Map();
  private readonly joinedAt: Map<SocketId, JoinedAt> = new Map();
  private readonly timer: NodeJS.Timeout;

  // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
  constructor(nsp: any) {
    super(nsp);
    const { connectionStateRecovery } = (nsp as AdapterNamespace).server.opts;
    const { maxDisconnectionDuration = 120_000, maxBytes = 67_108_864 } = connectionStateRecovery ?? {};
    this.maxDisconnectionDuration = maxDisconnectionDuration;
    this.log = new PacketLog(maxDisconnectionDuration, maxBytes);
    this.timer = setInterval(() => this.prune(), PRUNE_MS).unref();
  }

  override close(): Promise<void> | void {
    clearInterval(this.timer);
  }

  override addAll(id: SocketId, rooms: Set<Room>): Promise<void> | void {
    let joinedAt = this.joinedAt.get(id);
    if (joinedAt === undefined) this.joinedAt.set(id, (joinedAt = new Map()));
    for (const room of rooms) if (!joinedAt.has(room)) joinedAt.set(room, this.log.next);
    return super.addAll(id, rooms);
  }

  override del(id: SocketId, room: Room): Promise<void> | void {
    this.joinedAt.get(id)?.delete(room);
    return super.del(id, room);
  }

  override delAll(id: SocketId): void {
    this.joinedAt.delete(id);
    super.delAll(id);
  }

  override persistSession(session: SessionToPersist): void {
    const [oldest] = this.kept.keys();
    if (this.kept.size >= MOST_KEPT) this.kept.delete(oldest!);
    // A copy, since `delAll` follows; one that comes back here unused has had its own all along.
    const joinedAt = new Map(this.joinedAt.get(session.sid));
    this.kept.set(session.pid, { session, joinedAt, leftAt: Date.now() });
  }

  override restoreSession(pid: PrivateSessionId, offset: string): Promise<Session | null> {
    this.prune();
    const kept = this.kept.get(pid);
    const packets = /^[0-9a-z]{1,10}$/.test(offset) ? this.log.after(Number.parseInt(offset, 36)) : undefined;
    if (kept === undefined || packets === undefined) return Promise.resolve(null);
    // Once: two sockets can't have one id.
    this.kept.delete(pid);
    const { session, joinedAt } = kept;
    const missed = packets.filter(({ number, packet }) => isFor(joinedAt, number, packet));
    // The next time it must still be known since when it is in its rooms: the client may leave before it got these.
    this.joinedAt.set(session.sid, joinedAt);
    return Promise.resolve({ ...session, missedPackets: missed.map(({ packet }) => packet.data) });
  }

  // oxlint-disable-next-line no-explicit-any -- as it is declared in the class above
  override broadcast(packet: any, opts: BroadcastOptions): void {
    const { type, id, data } = packet as Packet;
    // Who may miss it needn't be told of it later, and who is to answer would answer too late.
    if (type !== PacketType.EVENT || id !== undefined || opts.flags?.volatile) {
      super.broadcast(packet, opts);
      return;
    }
    data.push(this.log.next.toString(36));
    const encoded = encodeBroadcast(this.nsp, packet, opts);
    this.log.add({ data, opts, bytes: sizeOf(encoded.parts), sentAt: Date.now() });
    sendToSockets(this, packet, opts, encoded);
  }

  private prune(): void {
    const now = Date.now();
    this.log.prune(now);
    for (const [pid, { leftAt }] of this.kept) {
      // In the order of their leaving: who comes behind left later.
      if (now - leftAt <= this.maxDisconnectionDuration) break;
      this.kept.delete(pid);
    }
  }
}

/** Whether a packet went to one of the rooms while the socket was in it. */
function isFor(joinedAt: JoinedAt, number: number, { opts }: LoggedPacket): boolean {
  const wasIn = (room: Room): boolean => (joinedAt.get(room) ?? Infinity) <= number;
  for (const room of opts.except ?? []) if (wasIn(room)) return false;
  if (opts.rooms.size > 0) return [...opts.rooms].some(wasIn);
  // To everyone: since it has been here, as its first room tells.
  return [...joinedAt.values()].some((since) => since <= number);
}
