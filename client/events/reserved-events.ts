/** What managers and sockets say by themselves, beside the application's events. */
import type { Packet } from '../../shared/events/packet.ts';
import type { SocketReservedEvents as EngineEvents } from '../engine/index.ts';

/** What ended a socket's connection. */
export type DisconnectReason =
  | 'io server disconnect'
  | 'io client disconnect'
  | 'ping timeout'
  | 'transport close'
  | 'transport error'
  | 'parse error'
  | 'forced close';

/** Why a connection ended, beside the reason. */
export type DisconnectDescription = Error | { description: string; context?: unknown };

/** Why there is no connection. An error of the network says in `code` whether somebody refused or nobody answered. */
export interface ConnectError extends Error {
  /** Whether another attempt will be made without being asked for. */
  again?: boolean;
  /** How long the server asked to be left alone, a minute at most (ms); no attempt is made before. */
  readonly retryAfterMs?: number;
}

/** Why we are not connected; where the server's middleware refused, with what that put into `data`. */
export interface ExtendedError extends ConnectError {
  // oxlint-disable-next-line no-explicit-any -- the application's own
  data?: any;
}

/** Events of a socket beside the application's. */
export interface SocketReservedEvents {
  connect: () => void;
  /** Joining failed: refused by the server (then `active` is false), or there is no connection. */
  connect_error: (error: ExtendedError) => void;
  disconnect: (reason: DisconnectReason, description?: DisconnectDescription) => void;
  /** The connection lost its transport. The socket stays connected and sends when there is another. Our own servers only. */
  suspend: ManagerReservedEvents['suspend'];
  /** The connection goes on, and nothing was lost. */
  resume: ManagerReservedEvents['resume'];
  /** A transport begins to carry the connection. */
  transport: ManagerReservedEvents['transport'];
}

/** Events of a manager. */
export interface ManagerReservedEvents {
  /** The connection stands; its namespaces are yet to be joined. */
  open: () => void;
  /** An attempt to connect failed, or the connection has a fault. */
  error: (error: ConnectError) => void;
  /** The server's heartbeat came. */
  ping: () => void;
  /** A packet came, whatever its namespace. */
  packet: (packet: Packet) => void;
  close: (reason: string, description?: DisconnectDescription) => void;
  /** All attempts to connect again failed, and no more are made. */
  reconnect_failed: () => void;
  /** About to connect again. The attempts are counted from 1. */
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (error: Error) => void;
  /** Connected again, with this many attempts. */
  reconnect: (attempt: number) => void;
  /** The connection lost its transport; it is not closed, and waits for another one. Our own servers only. */
  suspend: EngineEvents['suspend'];
  /** It goes on, and nothing was lost. */
  resume: EngineEvents['resume'];
  /** A transport begins to carry it. */
  transport: EngineEvents['transport'];
}
