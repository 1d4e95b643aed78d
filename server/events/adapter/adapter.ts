/**
 * The in-memory adapter: who is in which room, and how a packet gets to all of them. One for each namespace.
 *
 * It knows the sockets of this server only; adapters that span servers extend it. It has no private members: a class of
 * `socket.io-adapter` is to TypeScript what ours is.
 */
import { EventEmitter } from 'node:events';

import type { Packet } from '../../../shared/events/packet.ts';
import type {
  AdapterNamespace,
  AdapterSocket,
  BroadcastOptions,
  PrivateSessionId,
  Room,
  Session,
  SessionToPersist,
  SocketId,
} from './types.ts';
import { framePacket } from '../../engine/index.ts';
import type { SendOptions } from '../engine.ts';
import { OwnSets } from './own-sets.ts';

export class Adapter extends EventEmitter {
  // An adapter of Socket.IO's ecosystem declares it so, and hands it to ours.
  // oxlint-disable-next-line no-explicit-any
  readonly nsp: any;
  /** The sockets in each room that has any. */
  rooms: Map<Room, Set<SocketId>> = new OwnSets();
  /** The rooms of each socket, its own among them. */
  sids: Map<SocketId, Set<Room>> = new OwnSets();

  /** @param nsp - the {@link AdapterNamespace} that it serves */
  // oxlint-disable-next-line no-explicit-any
  constructor(nsp: any) {
    super();
    this.nsp = nsp;
  }

  /** Called when the namespace takes the adapter into use. To be overridden. */
  init(): Promise<void> | void {}

  /** Called when the server closes or the namespace is removed. To be overridden. */
  close(): Promise<void> | void {}

  /** How many servers there are, this one included. */
  serverCount(): Promise<number> {
    return Promise.resolve(1);
  }

  /** Puts a socket into rooms. Events `create-room` and `join-room` tell what was new. */
  addAll(id: SocketId, rooms: Set<Room>): Promise<void> | void {
    if (joinsOwn(this, id, rooms)) {
      this.emit('create-room', id);
      this.emit('join-room', id, id);
      return;
    }
    let joined = this.sids.get(id);
    if (joined === undefined) this.sids.set(id, (joined = new Set()));
    for (const room of rooms) {
      joined.add(room);
      let members = this.rooms.get(room);
      if (members === undefined) {
        this.rooms.set(room, (members = new Set()));
        this.emit('create-room', room);
      }
      if (!members.has(id)) {
        members.add(id);
        this.emit('join-room', room, id);
      }
    }
  }

  /** Takes a socket out of a room. Events `leave-room` and `delete-room` tell of it. */
  del(id: SocketId, room: Room): Promise<void> | void {
    this.sids.get(id)?.delete(room);
    removeMember(this, id, room);
  }

  /** Takes a socket out of all its rooms and forgets it. */
  delAll(id: SocketId): void {
    if (leavesOwn(this, id)) return;
    const joined = this.sids.get(id);
    if (joined === undefined) return;
    for (const room of joined) removeMember(this, id, room);
    this.sids.delete(id);
  }

  /** Sends a packet to the sockets that `opts` selects. It is encoded once. */
  // oxlint-disable-next-line no-explicit-any -- as adapters that override it declare it
  broadcast(packet: any, opts: BroadcastOptions): void {
    sendToSockets(this, packet, opts, encodeBroadcast(this.nsp, packet, opts));
  }

  /**
   * Sends a packet to the sockets that `opts` selects, and collects their answers.
   *
   * @param clientCountCallback - is told once to how many clients it went
   * @param ack - is called with each client's answer
   */
  broadcastWithAck(
    // oxlint-disable-next-line no-explicit-any -- as adapters that override it declare it
    packet: any,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    // oxlint-disable-next-line no-explicit-any
    ack: (...args: any[]) => void,
  ): void {
    const namespace: AdapterNamespace = this.nsp;
    const id = namespace._ids++;
    packet.id = id;
    const asked: AdapterSocket[] = [];
    sendToSockets(this, packet, opts, encodeBroadcast(namespace, packet, opts), (socket) => {
      asked.push(socket);
      socket.acks.set(id, ack);
    });
    clientCountCallback(asked.length);
    const timeoutMs = opts.flags?.timeout;
    // Who hasn't answered by then won't be listened to: nothing is kept for it.
    if (timeoutMs !== undefined) {
      setTimeout(() => {
        for (const socket of asked) socket.acks.delete(id);
      }, timeoutMs).unref();
    }
  }

  /** The ids of the sockets in any of the rooms, or of all. */
  sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const ids = new Set<SocketId>();
    forEachSocket(this, { rooms }, (socket) => ids.add(socket.id));
    return Promise.resolve(ids);
  }

  /** The rooms of a socket, or nothing for one that is not here. */
  socketRooms(id: SocketId): Set<Room> | undefined {
    return this.sids.get(id);
  }

  /** The sockets that `opts` selects. */
  // oxlint-disable-next-line no-explicit-any -- adapters add what they know of other servers' sockets
  fetchSockets(opts: BroadcastOptions): Promise<any[]> {
    const found: AdapterSocket[] = [];
    forEachSocket(this, opts, (socket) => found.push(socket));
    return Promise.resolve(found);
  }

  /** Makes the sockets that `opts` selects join rooms. */
  addSockets(opts: BroadcastOptions, rooms: Room[]): void {
    forEachSocket(this, opts, (socket) => void socket.join(rooms));
  }

  /** Makes the sockets that `opts` selects leave rooms. */
  delSockets(opts: BroadcastOptions, rooms: Room[]): void {
    forEachSocket(this, opts, (socket) => {
      for (const room of rooms) void socket.leave(room);
    });
  }

  /** Disconnects the sockets that `opts` selects. */
  disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    forEachSocket(this, opts, (socket) => void socket.disconnect(close));
  }

  /** Sends an event to the other servers of the group: `[name, ...args]`, a callback last if answers are wanted. */
  // oxlint-disable-next-line no-explicit-any -- as adapters that override it declare it
  serverSideEmit(_packet: any[]): void {
    console.warn('this adapter does not support the serverSideEmit() functionality');
  }

  /** Keeps what a client needs to come back. To be overridden: this one keeps nothing. */
  persistSession(_session: SessionToPersist): void {}

  /** Finds what {@link persistSession} kept, and what was sent since `offset`; null where there is nothing. */
  restoreSession(_pid: PrivateSessionId, _offset: string): Promise<Session | null> {
    return Promise.resolve(null);
  }
}

/** Puts a newcomer into its own room, if that is all there is to do. */
function joinsOwn({ sids, rooms }: Adapter, id: SocketId, joined: ReadonlySet<Room>): boolean {
  if (joined.size !== 1 || !joined.has(id) || sids.has(id) || rooms.has(id)) return false;
  if (!(sids instanceof OwnSets && rooms instanceof OwnSets)) return false;
  sids.setOwn(id);
  rooms.setOwn(id);
  return true;
}

/** Takes a socket out of its own room, if it is in no other and nobody is to be told. */
function leavesOwn(adapter: Adapter, id: SocketId): boolean {
  if (!isOwn(adapter.sids, id) || !isOwn(adapter.rooms, id)) return false;
  if (adapter.listenerCount('leave-room') > 0 || adapter.listenerCount('delete-room') > 0) return false;
  adapter.rooms.delete(id);
  return adapter.sids.delete(id);
}

function isOwn(map: Map<string, Set<string>>, name: string): boolean {
  return map instanceof OwnSets && map.isOwn(name);
}

function removeMember(adapter: Adapter, id: SocketId, room: Room): void {
  const members = adapter.rooms.get(room);
  if (!members?.delete(id)) return;
  adapter.emit('leave-room', room, id);
  // A listener may have put someone in again.
  if (members.size === 0 && adapter.rooms.delete(room)) adapter.emit('delete-room', room);
}

/** A packet as it goes to all its receivers. */
export interface EncodedBroadcast {
  readonly parts: readonly unknown[];
  readonly options: SendOptions;
}

/** Encodes a broadcast for all its receivers; a text is framed for all of them as well. */
export function encodeBroadcast(namespace: AdapterNamespace, packet: Packet, opts: BroadcastOptions): EncodedBroadcast {
  packet.nsp = namespace.name;
  const { volatile = false, compress = true } = opts.flags ?? {};
  const parts = namespace.server.encoder.encode(packet);
  const [text] = parts;
  const isText = parts.length === 1 && typeof text === 'string';
  return {
    parts,
    options: isText ? { volatile, compress, wsPreEncodedFrame: framePacket(text) } : { volatile, compress },
  };
}

/** Bytes of an encoded packet, near enough for a bound: a text counts its characters. */
export function sizeOf(parts: readonly unknown[]): number {
  let bytes = 0;
  for (const part of parts)
    bytes += typeof part === 'string' ? part.length : ((part as Partial<Uint8Array>).byteLength ?? 0);
  return bytes;
}

/**
 * Sends an encoded packet to the sockets that `opts` selects.
 *
 * @param before - is called with each of them first
 */
export function sendToSockets(
  adapter: Adapter,
  packet: Packet,
  opts: BroadcastOptions,
  { parts, options }: EncodedBroadcast,
  before?: (socket: AdapterSocket) => void,
): void {
  forEachSocket(adapter, opts, (socket) => {
    before?.(socket);
    socket.notifyOutgoingListeners(packet);
    socket.client.writeToEngine(parts, options);
  });
}

/** Calls `visit` once for each socket in one of the rooms and in none of the excepted; without rooms for all. */
function forEachSocket(adapter: Adapter, opts: BroadcastOptions, visit: (socket: AdapterSocket) => void): void {
  const { sockets } = adapter.nsp as AdapterNamespace;
  const except = membersOf(adapter, opts.except);
  const call = (id: SocketId): void => {
    const socket = except?.has(id) ? undefined : sockets.get(id);
    if (socket !== undefined) visit(socket);
  };
  if (opts.rooms.size === 0) for (const id of adapter.sids.keys()) call(id);
  else for (const id of membersOf(adapter, opts.rooms) ?? []) call(id);
}

/** Who is in any of the rooms. With one room that is the room itself, or its name where only who has it is there: not to be changed. */
function membersOf(adapter: Adapter, rooms: Set<Room> | undefined): ReadonlySet<SocketId> | undefined {
  if (rooms === undefined || rooms.size === 0) return undefined;
  if (rooms.size === 1) for (const room of rooms) return isOwn(adapter.rooms, room) ? rooms : adapter.rooms.get(room);
  const ids = new Set<SocketId>();
  for (const room of rooms) for (const id of adapter.rooms.get(room) ?? []) ids.add(id);
  return ids;
}
