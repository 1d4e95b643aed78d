/** The options of a connection, and the settings among them that can be changed later. */
import type { Parser } from '../../shared/events/parser.ts';
import type { SocketOptions as EngineOptions } from '../engine/index.ts';

/** Where a server listens unless it was told otherwise. */
export const DEFAULT_PATH = '/socket.io';

/** Options of a connection, those of the engine among them. */
export interface ManagerOptions extends EngineOptions {
  /**
   * Whether `io` makes a connection of its own for this socket.
   * @defaultValue false
   */
  forceNew: boolean;
  /**
   * Whether namespaces of one server share a connection.
   * @defaultValue true
   */
  multiplex: boolean;
  /**
   * Where on its host the server listens.
   * @defaultValue '/socket.io'
   */
  path: string;
  /**
   * Whether to connect again when the connection was lost or did not come about.
   * @defaultValue true
   */
  reconnection: boolean;
  /**
   * How many attempts to make before giving up; 0 is taken for the default, as Socket.IO does.
   * @defaultValue Infinity
   */
  reconnectionAttempts: number;
  /**
   * How long to wait before the first attempt. Doubles with each further one. 0 is taken for the default.
   * @defaultValue 1_000 (ms)
   */
  reconnectionDelay: number;
  /**
   * The longest to wait before an attempt. 0 is taken for the default.
   * @defaultValue 5_000 (ms)
   */
  reconnectionDelayMax: number;
  /**
   * By which part of itself the wait is lengthened or shortened at random, from 0 to 1.
   * @defaultValue 0.5
   */
  randomizationFactor: number;
  /**
   * How long one attempt may take; `false` for as long as it likes.
   * @defaultValue 20_000 (ms)
   */
  timeout: number | boolean;
  /**
   * Whether to connect at once, and not on the first `open` or `connect`.
   * @defaultValue true
   */
  autoConnect: boolean;
  /** Another encoding of packets, as `socket.io-msgpack-parser` has it. The server must use the same. */
  parser: Parser;
}

/** Called without a value reads a setting, with one changes it. */
export interface Setting<Self, Value> {
  (value: Value): Self;
  (): Value;
  (value?: Value): Self | Value;
}

/** What the settings are where nobody says. */
export const defaultSettings = {
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1_000,
  reconnectionDelayMax: 5_000,
  randomizationFactor: 0.5,
  timeout: 20_000,
};
