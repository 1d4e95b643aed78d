/**
 * The contract between a namespace and its adapter, as `socket.io-adapter` 2.5 has it: adapters from npm rely on these names.
 *
 * `any` stands where packets and data are the application's, or where an adapter written for Socket.IO says it.
 */
// oxlint-disable no-explicit-any
import type { Packet } from '../../../shared/events/packet.ts';
import type { PacketEncoder } from '../../../shared/events/parser.ts';
import type { SendOptions } from '../engine.ts';
import type { Handshake } from '../handshake.ts';

/** Public: sent to its client, and the room that the socket is in from birth. */
export type SocketId = string;

/** Private: whoever knows it can recover the session. */
export type PrivateSessionId = string;

/** A name that sockets are grouped by. */
export type Room = string;

/** How a broadcast is sent. */
export interface BroadcastFlags {
  volatile?: boolean;
  compress?: boolean;
  /** To clients of this server only. */
  local?: boolean;
  broadcast?: boolean;
  binary?: boolean;
  /** How long answers are waited for (ms). */
  timeout?: number;
}

/** Whom a broadcast goes to. */
export interface BroadcastOptions {
  /** All rooms of which a socket need be in one; empty for everyone. */
  rooms: Set<Room>;
  /** Rooms of which it must be in none. */
  except?: Set<Room>;
  flags?: BroadcastFlags;
}

/** What is kept of a socket whose client may come back. */
export interface SessionToPersist {
  sid: SocketId;
  pid: PrivateSessionId;
  rooms: Room[];
  data: unknown;
}

/** What a client that came back gets. */
export type Session = SessionToPersist & {
  /** The data of each packet that was sent meanwhile, in order. */
  missedPackets: unknown[][];
};

/** What an adapter may ask of a socket. */
export interface AdapterSocket {
  readonly id: SocketId;
  readonly handshake: Handshake;
  readonly rooms: Set<Room>;
  readonly data: any;
  /** Callbacks by the id of the packet that they wait for. */
  readonly acks: Map<number, (...args: any[]) => void>;
  readonly client: { writeToEngine(parts: readonly any[] | string, options: SendOptions): void };
  join(rooms: Room | Room[]): Promise<void> | void;
  leave(room: Room): Promise<void> | void;
  disconnect(close?: boolean): unknown;
  notifyOutgoingListeners(packet: Packet): void;
}

/** What an adapter may ask of its namespace. */
export interface AdapterNamespace {
  readonly name: string;
  readonly sockets: Map<SocketId, AdapterSocket>;
  readonly server: {
    readonly encoder: PacketEncoder;
    readonly opts: { connectionStateRecovery?: { maxDisconnectionDuration?: number; maxBytes?: number } };
  };
  /** The id of the next packet that wants an answer; whoever takes it counts on. */
  _ids: number;
  /** Hands an event of another server to the application: `[name, ...args]`, a callback last if one is wanted. */
  _onServerSideEmit(args: [string, ...any[]]): void;
}
