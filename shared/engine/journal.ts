/**
 * The journal: messages of one direction that wait to be sent, and those sent that the peer has not confirmed, kept so
 * that a session can resume.
 *
 * Messages are numbered from 1 in the order of `push`. At all times `confirmed < next <= sent + 1 <= last + 1`: up to `confirmed` all
 * is gone, from there to before `next` it was sent, from `next` on it waits. What to send when is the session's decision.
 */
import type { Packet } from './packet.ts';

/** Slots of confirmed messages are given back once this many lie before the head, and they are half of the array. */
const COMPACT_FROM = 64;

/** What a message costs against the journal's bound: bytes, or UTF-16 units of a text. */
function sizeOf(packet: Packet): number {
  const { data } = packet;
  return typeof data === 'string' ? data.length : (data?.byteLength ?? 0);
}

export class Journal {
  /** Messages that were pushed so far: the newest one's number. */
  last = 0;
  /** The number of the message that is to be sent next. */
  next = 1;
  /** The newest number that was ever sent. */
  sent = 0;
  /** Bytes kept, sent or waiting. */
  bytes = 0;
  private slots: Packet[] = [];
  private head = 0;

  /** The newest number that is not kept any more. */
  get confirmed(): number {
    return this.last - this.kept;
  }

  /** How many messages are kept, sent or waiting. */
  get kept(): number {
    return this.slots.length - this.head;
  }

  /** How many messages wait to be sent. */
  get waiting(): number {
    return this.last + 1 - this.next;
  }

  /** A copy of the messages that wait to be sent. */
  waitingPackets(): Packet[] {
    return this.slots.slice(this.slots.length - this.waiting);
  }

  push(packet: Packet): void {
    this.slots.push(packet);
    this.bytes += sizeOf(packet);
    this.last++;
  }

  /**
   * Appends waiting messages to `batch` and counts them as sent: as many as fit into `maxBytes`, but one at least.
   *
   * @param measure - what a message takes in a batch
   */
  take(batch: Packet[], maxBytes: number, measure: (packet: Packet) => number): void {
    let room = maxBytes;
    const first = this.head - this.confirmed - 1;
    while (this.next <= this.last) {
      const packet = this.slots[first + this.next]!;
      if (room !== Infinity) {
        room -= measure(packet);
        if (room < 0 && batch.length > 0) break;
      }
      batch.push(packet);
      this.next++;
    }
    if (this.next > this.sent) this.sent = this.next - 1;
  }

  /** Forgets messages up to number `count`, the caller having checked that they were sent; none of them is sent again. */
  forget(count: number): void {
    for (let gone = count - this.confirmed; gone > 0; gone--) {
      this.bytes -= sizeOf(this.slots[this.head]!);
      // The slot is emptied so that the message can be collected before the array is compacted.
      this.slots[this.head++] = undefined as unknown as Packet;
    }
    if (this.next <= count) this.next = count + 1;
    if (this.head === this.slots.length) {
      this.slots.length = 0;
      this.head = 0;
    } else if (this.head >= COMPACT_FROM && this.head * 2 >= this.slots.length) {
      this.slots = this.slots.slice(this.head);
      this.head = 0;
    }
  }

  /** Goes back so that message `number`, which is kept, is the next to be sent. Returns how many will be sent again. */
  rewind(number: number): number {
    const again = Math.max(0, this.next - number);
    this.next -= again;
    return again;
  }

  /** Forgets the oldest sent messages until the bounds hold. Messages that still wait to be sent are never let go. */
  trim(maxPackets: number, maxBytes: number): void {
    while ((this.kept > maxPackets || this.bytes > maxBytes) && this.confirmed + 1 < this.next)
      this.forget(this.confirmed + 1);
  }
}
