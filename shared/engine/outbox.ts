/**
 * The outbox: what one end has to send. Messages go through the journal and can be sent again; packets that are no
 * messages leave ahead of them and are never repeated.
 */
import { Journal } from './journal.ts';
import type { Packet } from './packet.ts';

/** How many bytes a packet takes in a batch whose size is bounded. */
export type Measure = (packet: Packet) => number;

/** What becomes of a count that the peer names: good, messages it lacks are no longer kept, or it can't be true. */
export type Confirmation = 'good' | 'let-go' | 'impossible';

export class Outbox {
  /** Holds messages back until the peer's count has told where to go on. */
  holding = false;
  readonly journal = new Journal();
  private readonly measure: Measure;
  private ahead: Packet[] = [];
  /** The newest count that the peer itself named; `journal.confirmed` is past it once the journal had to let go. */
  private claimed = 0;
  private waiters: { readonly upTo: number; readonly done: (confirmed: boolean) => void }[] = [];

  constructor(measure: Measure) {
    this.measure = measure;
  }

  get hasWork(): boolean {
    return this.ahead.length > 0 || (!this.holding && this.journal.waiting > 0);
  }

  pushAhead(packet: Packet): void {
    this.ahead.push(packet);
  }

  /** A transport died, and with it what was put ahead: of counts only the newest means something, a ping asks nobody. */
  dropAhead(): void {
    this.ahead = [];
  }

  /** Takes what is to be sent next, counting its messages as sent. */
  take(maxBytes: number): Packet[] {
    const batch = this.ahead;
    this.ahead = [];
    if (!this.holding) this.journal.take(batch, maxBytes, this.measure);
    return batch;
  }

  /** The peer has seen `count` messages, as it said or as the transport proves. An old count changes nothing. */
  confirm(count: number): void {
    if (count > this.claimed) this.claimed = count;
    this.journal.forget(count);
    while (this.waiters.length > 0 && this.waiters[0]!.upTo <= count) this.waiters.shift()!.done(true);
  }

  /** Like `confirm`, for a count from which the peer goes on: it must be possible, and what follows it still kept. */
  confirmFrom(count: number): Confirmation {
    if (count > this.journal.sent || count < this.claimed) return 'impossible';
    if (count < this.journal.confirmed) return 'let-go';
    this.confirm(count);
    return 'good';
  }

  /** Goes back to the first message that is not confirmed, and says how many will be sent again. */
  rewind(): number {
    return this.journal.rewind(this.journal.confirmed + 1);
  }

  /** Calls `done(true)` once all that was sent so far is confirmed. */
  whenConfirmed(done: (confirmed: boolean) => void): void {
    this.waiters.push({ upTo: this.journal.last, done });
  }

  /** The session is over: nothing more will be confirmed. */
  abandon(): void {
    this.ahead = [];
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.done(false);
  }
}
