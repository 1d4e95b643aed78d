import type { Packet } from './packet.ts';

/**
 * One way to carry packets, as a session sees it. The wings implement it over HTTP and WebSocket.
 *
 * A transport tells its owner what arrives and when it ends; the owner passes that on to the session together with the
 * transport itself, so that news from one that was replaced can be told apart.
 */
export interface Transport {
  /** A `TransportName`, unless it is a client's application's own. */
  readonly name: string;
  /** Whether `send` may be called now. When it becomes true again, the owner calls the session's `flush`. */
  readonly writable: boolean;
  /** Most bytes that one `send` should carry (a POST's body has a limit), or Infinity. A single larger message comes alone. */
  readonly maxBatchBytes: number;
  /**
   * Takes packets over, in order. Called only while writable.
   *
   * @param from - the number of the first message among them, or of the next one where there is none; means nothing
   *   without resume
   */
  send(packets: readonly Packet[], from: number): void;
  /** Ends it. What was handed over still leaves, if it can. Harmless twice. */
  close(): void;
}

/** Where a stream of incoming messages is: the number that the next one has. Each transport has one, and each POST. */
export interface Lane {
  next: number;
}
