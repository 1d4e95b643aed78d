/**
 * What was broadcast lately, numbered, for clients that come back: bounded by time and by bytes.
 *
 * At either bound the oldest go. Who asks from a number that has gone is told so: better to start anew than a silent gap.
 */
import type { BroadcastOptions } from './types.ts';

/** One packet that was broadcast. */
export interface LoggedPacket {
  /** `[name, ...args, offset]` */
  readonly data: unknown[];
  readonly opts: BroadcastOptions;
  readonly bytes: number;
  /** ms since 1970 */
  readonly sentAt: number;
}

/** From this many on, packets that have gone are cut off the list instead of being skipped. */
const COMPACT_FROM = 1_024;

export class PacketLog {
  private readonly maxAgeMs: number;
  private readonly maxBytes: number;
  private packets: LoggedPacket[] = [];
  /** Where the list begins: what stands before has gone. */
  private head = 0;
  /** How many have ever gone off the list. */
  private cut = 0;
  private bytes = 0;

  constructor(maxAgeMs: number, maxBytes: number) {
    this.maxAgeMs = maxAgeMs;
    this.maxBytes = maxBytes;
  }

  /** The number that the next packet gets. */
  get next(): number {
    return this.cut + this.packets.length;
  }

  /** How many are kept. */
  get size(): number {
    return this.packets.length - this.head;
  }

  add(packet: LoggedPacket): void {
    this.packets.push(packet);
    this.bytes += packet.bytes;
    this.prune(packet.sentAt);
  }

  /** Lets go of what is too old, or too much. @param now - ms since 1970 */
  prune(now: number): void {
    const { packets } = this;
    for (let oldest = packets[this.head]; oldest; oldest = packets[this.head]) {
      if (now - oldest.sentAt <= this.maxAgeMs && this.bytes <= this.maxBytes) break;
      this.bytes -= oldest.bytes;
      this.head++;
    }
    // Seldom, and half the list at least: amortized, a packet is moved once.
    if (this.head >= COMPACT_FROM && this.head * 2 >= packets.length) {
      this.packets = packets.slice(this.head);
      this.cut += this.head;
      this.head = 0;
    }
  }

  /** The packets after number `last`, with their numbers; undefined where the log doesn't reach back to it. */
  after(last: number): { number: number; packet: LoggedPacket }[] | undefined {
    const from = last - this.cut;
    if (!Number.isSafeInteger(last) || from < this.head || from >= this.packets.length) return undefined;
    return this.packets.slice(from + 1).map((packet, index) => ({ number: last + 1 + index, packet }));
  }
}
