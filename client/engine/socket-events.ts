/** What a session tells the application, and when: engine.io-client's events, and those of a session that can resume. */
import type { EndedBy, ReasonCode } from '../../shared/engine/reason.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';
import type { RungReason } from './meanings.ts';
import type { Transport, TransportCloseDetails } from './transport.ts';

/** What the server says when a session opens. */
export interface HandshakeData {
  sid: string;
  upgrades: string[];
  /** ms */
  pingInterval: number;
  /** ms */
  pingTimeout: number;
  /** Most bytes that the server takes at once. */
  maxPayload: number;
  /** Our own server: how long the session outlives its transport (ms). */
  resume?: { readonly window: number };
}

/** Why a session closed, an `Error` where there was one. A session that never opened has the transport's words alone. */
export type CloseDetails = (TransportCloseDetails | Error) & {
  /** The catalogue's code: stable, to be tested for. */
  readonly code?: string;
  readonly by?: EndedBy;
  /** Whether trying again helps. */
  readonly again?: boolean;
};

export interface SocketReservedEvents {
  open: () => void;
  handshake: (data: HandshakeData) => void;
  packet: (packet: Packet) => void;
  packetCreate: (packet: Packet) => void;
  data: (data: RawData) => void;
  message: (data: RawData) => void;
  /** All that was sent has left. */
  drain: () => void;
  /** What was sent was handed to the transport. */
  flush: () => void;
  heartbeat: () => void;
  ping: () => void;
  pong: () => void;
  error: (error: string | Error) => void;
  upgrading: (transport: Transport) => void;
  upgrade: (transport: Transport) => void;
  upgradeError: (error: Error) => void;
  /** The transport was lost; the session waits for another one. */
  suspend: (details: { readonly code: ReasonCode }) => void;
  /** The session goes on, and nothing was lost. */
  resume: (details: { readonly suspendedMs: number; readonly replayed: number }) => void;
  /** A transport begins to carry the session. */
  transport: (details: { readonly name: string; readonly why: RungReason }) => void;
  close: (reason: string, details?: CloseDetails) => void;
}

/** Calls the application's listeners. */
export type Emit = <Event extends keyof SocketReservedEvents>(
  event: Event,
  ...args: Parameters<SocketReservedEvents[Event]>
) => void;
