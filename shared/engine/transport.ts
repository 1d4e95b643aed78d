import type { Packet, TransportName } from './packet.ts';

/**
 * One way to carry packets, as a session sees it. The wings implement it over HTTP and WebSocket.
 *
 * A transport tells its owner what arrives and when it ends; the owner passes that on to the session together with the
 * transport itself, so that news from one that was replaced can be told apart.
 */
export interface Transport {
  readonly name: TransportName;
  /** Whether `send` may be called now. When it becomes true again, the owner calls the session's `flush`. */
  readonly writable: boolean;
  /** Takes packets over, in order. Called only while writable. */
  send(packets: readonly Packet[]): void;
  /** Ends it. What was handed over still leaves, if it can. Harmless twice. */
  close(): void;
}
