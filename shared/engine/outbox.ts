/**
 * The outbox: what one end has to send. Messages are numbered from 1 and kept until the peer has confirmed them, so that a
 * session can resume; packets that are no messages leave ahead of them and are never repeated.
 *
 * At all times `confirmed < next <= sent + 1 <= last + 1`: up to `confirmed` all is gone, from there to before `next` it was
 * sent, from `next` on it waits. What to send when is the session's decision.
 */
import type { Packet, PacketOptions, RawData } from './packet.ts';

/** How many bytes a packet takes in a batch whose size is bounded. */
export type Measure = (packet: Packet) => number;

/** Called with whether all that was sent by then has been confirmed. */
export type Confirmed = (confirmed: boolean) => void;

/** What a message costs against the bound: bytes, or UTF-16 units of a text. A `Blob`, which browsers send too, calls them `size`. */
export function sizeOf(data: Packet['data'] | Blob): number {
  if (typeof data === 'string') return data.length;
  return (data as ArrayBuffer | null)?.byteLength ?? (data as Blob | null)?.size ?? 0;
}

/** What is kept, as a packet. */
export const packetOf = (kept: Packet | string): Packet =>
  typeof kept === 'string' ? { type: 'message', data: kept } : kept;

export class Outbox {
  /** The newest message's number. */
  last = 0;
  /** The number of the message that is to be sent next. */
  next = 1;
  /** The newest number that was ever sent. */
  sent = 0;
  /** The newest number that is not kept any more. */
  confirmed = 0;
  /** The newest count that the peer itself named; `confirmed` is past it once messages had to be let go. */
  claimed = 0;
  /** Bytes kept, sent or waiting. */
  bytes = 0;
  /** Packets that leave ahead of messages. */
  ahead: Packet[] = [];
  /** A text without options is kept as it is: there may be thousands, and they outlive the garbage around them. */
  kept: (Packet | string)[] = [];
  private waiters: { readonly upTo: number; readonly done: Confirmed }[] = [];

  /** How many messages wait to be sent. */
  get waiting(): number {
    return this.last + 1 - this.next;
  }

  get hasWork(): boolean {
    return this.ahead.length > 0 || this.waiting > 0;
  }

  /** Whether somebody waits for messages to be confirmed. */
  get isAwaited(): boolean {
    return this.waiters.length > 0;
  }

  push(data: RawData, options?: PacketOptions): void {
    this.kept.push(typeof data === 'string' && !options ? data : { type: 'message', data, options });
    this.bytes += sizeOf(data);
    this.last++;
  }

  /** Takes what is to be sent next and counts it as sent: as many messages as fit into `maxBytes`, but one packet at least. */
  take(maxBytes: number, measure: Measure): Packet[] {
    const batch = this.ahead;
    this.ahead = [];
    for (let room = maxBytes; this.next <= this.last; this.next++) {
      const packet = packetOf(this.kept[this.next - this.confirmed - 1]!);
      if (maxBytes < Infinity) room -= measure(packet);
      if (room < 0 && batch.length) break;
      batch.push(packet);
    }
    this.sent = Math.max(this.sent, this.next - 1);
    return batch;
  }

  /** The peer has seen `count` messages, which were sent: they are forgotten. An old count changes nothing. */
  confirmUpTo(count: number): void {
    this.claimed = Math.max(this.claimed, count);
    this.letGo(count);
    while (this.waiters.length && this.waiters[0]!.upTo <= count) this.waiters.shift()!.done(true);
  }

  /** Goes back to the first message that is not confirmed, and returns how many will be sent again. */
  rewind(): number {
    const again = this.next - this.confirmed - 1;
    this.next -= again;
    return again;
  }

  /** Lets go of the oldest messages until the bounds hold. Such as still wait to be sent are kept. */
  keepWithin(maxPackets: number, maxBytes: number): void {
    while ((this.kept.length > maxPackets || this.bytes > maxBytes) && this.confirmed + 1 < this.next)
      this.letGo(this.confirmed + 1);
  }

  /** Calls `done(true)` once all that was pushed so far is confirmed, `done(false)` where it won't be any more. */
  whenConfirmed(done: Confirmed): void {
    this.waiters.push({ upTo: this.last, done });
  }

  /** The session is over: nothing more will leave or be confirmed. */
  abandon(): void {
    this.ahead = [];
    if (this.isAwaited) for (const { done } of this.waiters.splice(0)) done(false);
  }

  /** Lets go of all messages: none will be asked for any more. */
  forget(): void {
    this.kept = [];
    this.bytes = 0;
    this.next = this.last + 1;
  }

  private letGo(count: number): void {
    if (count <= this.confirmed) return;
    for (const one of this.kept.splice(0, count - this.confirmed)) this.bytes -= sizeOf(packetOf(one).data);
    this.confirmed = count;
    this.next = Math.max(this.next, count + 1);
  }
}
