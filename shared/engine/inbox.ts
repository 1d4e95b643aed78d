/**
 * The inbox: counts the messages that arrive, so that each is handed on once and in order, and knows when the peer should
 * be told how far we are.
 */
import type { Lane } from './transport.ts';

/** What a message's number says: it's the next one, it was seen before, or one before it is missing. */
export type Arrival = 'next' | 'again' | 'gap';

export class Inbox {
  /** Messages handed to the application. */
  seen = 0;
  private toldSeen = 0;
  private untoldBytes = 0;

  /** Moves `lane` on by one message of `bytes`, and counts it where it is the next one. */
  accept(lane: Lane, bytes: number): Arrival {
    const number = lane.next++;
    if (number <= this.seen) return 'again';
    if (number > this.seen + 1) return 'gap';
    this.seen++;
    this.untoldBytes += bytes;
    return 'next';
  }

  /** The peer is being told how many were seen. */
  told(): void {
    this.toldSeen = this.seen;
    this.untoldBytes = 0;
  }

  /** Whether so much was seen since the peer was last told that its journal should be relieved. */
  overdue(packets: number, bytes: number): boolean {
    return this.seen - this.toldSeen >= packets || this.untoldBytes >= bytes;
  }
}
