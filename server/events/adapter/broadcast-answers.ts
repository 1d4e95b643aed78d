/** What other servers answer to broadcasts of ours: how many clients each has reached, and what those answer. */
import type { ServerId } from './cluster-messages.ts';

// oxlint-disable-next-line no-explicit-any -- as the contract declares it
export type AckCallback = (...args: any[]) => void;

interface Broadcast {
  readonly counted: Set<ServerId>;
  readonly clientCountCallback: (clientCount: number) => void;
  readonly ack: AckCallback;
}

export class BroadcastAnswers {
  private readonly broadcasts: Map<string, Broadcast> = new Map();

  /** @param timeoutMs - after which nobody waits any more. Whether all clients of all servers have answered is not known here */
  wait(
    id: string,
    clientCountCallback: (clientCount: number) => void,
    ack: AckCallback,
    timeoutMs: number | undefined,
  ): void {
    this.broadcasts.set(id, { counted: new Set(), clientCountCallback, ack });
    if (timeoutMs !== undefined) setTimeout(() => this.broadcasts.delete(id), timeoutMs).unref();
  }

  /** A server has reached so many clients. */
  reached(id: string, from: ServerId, clientCount: number): void {
    const broadcast = this.broadcasts.get(id);
    // A bus may deliver twice.
    if (broadcast === undefined || broadcast.counted.has(from)) return;
    broadcast.counted.add(from);
    broadcast.clientCountCallback(clientCount);
  }

  /** A client has answered. */
  answered(id: string, answer: unknown): void {
    this.broadcasts.get(id)?.ack(answer);
  }
}
