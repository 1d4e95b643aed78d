/**
 * A flow: the bytes that one side of a proxied connection sends to the other, and what the way does to them.
 *
 * Always holds: whatever passes does so in order and unchanged, cut into other pieces at most. What happens to both ways
 * of a connection at once (a cut) is the line's business, see `line.ts`.
 */
import type { Socket } from 'node:net';
import { reset } from './reset.ts';

/** From so many bytes on that wait here we read no more, so that the sender feels it as it would on a real way. */
const QUEUE_BYTES = 256 * 1024;

/** What a slow way lets through at once, so long as that takes it (ms). */
const PIECE_MS = 20;

interface Arrived {
  readonly bytes: Buffer;
  /** When it may go on (ms of `performance.now`). */
  readonly due: number;
}

export class Flow {
  /** Bytes that have gone through. */
  passed = 0;
  /** When the last of them did (ms of `performance.now`). */
  passedAt = 0;
  private readonly from: Socket;
  private readonly to: Socket;
  private queue: Arrived[] = [];
  private queuedBytes = 0;
  private delayMs = 0;
  private bytesPerMs = Infinity;
  /** When a slow way is done with what it let through last (ms of `performance.now`). */
  private freeAt = 0;
  private stalled = false;
  private over = false;
  private hasEnded = false;
  private wasReset = false;
  private waking: NodeJS.Timeout | NodeJS.Immediate | undefined;
  private tearing: { left: number; readonly pieceBytes: () => number } | undefined;
  private waypoint: { left: number; readonly reached: () => void } | undefined;

  constructor(from: Socket, to: Socket) {
    this.from = from;
    this.to = to;
    from.on('data', (bytes: Buffer) => this.arrive(bytes));
    from.on('end', () => {
      this.hasEnded = true;
      this.pump();
    });
    from.on('error', () => {
      this.wasReset = true;
      this.pump();
    });
    to.on('drain', () => this.pump());
  }

  /** Each byte from now on takes so long (ms). */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** No more than that goes through from now on. */
  slow(bytesPerMs: number): void {
    this.bytesPerMs = bytesPerMs;
  }

  /** The next `bytes` go on in pieces of their own, each in a turn of its own. */
  tear(bytes: number, pieceBytes: () => number): void {
    this.tearing = { left: bytes, pieceBytes };
  }

  /**
   * Calls `reached` when exactly so many further bytes have gone through, and before the next one does.
   *
   * @returns a function that calls it off
   */
  after(bytes: number, reached: () => void): () => void {
    const waypoint = { left: bytes, reached };
    this.waypoint = waypoint;
    return () => {
      if (this.waypoint === waypoint) this.waypoint = undefined;
    };
  }

  /** Nothing goes on any more, not even the news that the sender has gone; nobody is told. */
  stall(): void {
    this.stalled = true;
    this.from.pause();
  }

  /** What was held by a stall goes on. */
  release(): void {
    this.stalled = false;
    if (!this.over) this.from.resume();
    this.pump();
  }

  /** Drops what is under way and whatever still comes. */
  close(): void {
    this.over = true;
    this.queue = [];
    this.sleep();
    // Read on and drop, so that the sender's own end of the connection is still noticed.
    this.from.resume();
  }

  private arrive(bytes: Buffer): void {
    if (this.over) return;
    this.queue.push({ bytes, due: performance.now() + this.delayMs });
    this.queuedBytes += bytes.length;
    if (this.queuedBytes > QUEUE_BYTES) this.from.pause();
    this.pump();
  }

  private readonly pump = (): void => {
    this.sleep();
    while (!this.over && !this.stalled && !this.to.writableNeedDrain) {
      if (this.wasReset) {
        this.close();
        reset(this.to);
        return;
      }
      const head = this.queue[0];
      if (head === undefined) break;
      const waitMs = Math.max(head.due, this.freeAt) - performance.now();
      if (waitMs > 0) {
        this.waking = setTimeout(this.pump, Math.ceil(waitMs));
        return;
      }
      if (this.pass(head)) {
        this.waking = setImmediate(this.pump);
        return;
      }
    }
    if (this.hasEnded && this.queue.length === 0 && !this.over && !this.stalled) this.to.end();
  };

  /** Sends as much of `head` as may go in one piece. True where what follows has to wait for a turn of its own. */
  private pass(head: Arrived): boolean {
    const { tearing, waypoint } = this;
    let size = Math.min(head.bytes.length, Math.ceil(this.bytesPerMs * PIECE_MS));
    if (tearing !== undefined) size = Math.min(size, Math.max(1, tearing.pieceBytes()), tearing.left);
    if (waypoint !== undefined) size = Math.min(size, waypoint.left);
    if (size === head.bytes.length) this.queue.shift();
    else this.queue[0] = { bytes: head.bytes.subarray(size), due: head.due };
    this.queuedBytes -= size;
    this.passed += size;
    this.passedAt = performance.now();
    this.freeAt = this.passedAt + size / this.bytesPerMs;
    if (size > 0) this.to.write(head.bytes.subarray(0, size));
    if (this.queuedBytes <= QUEUE_BYTES) this.from.resume();
    if (tearing !== undefined && (tearing.left -= size) === 0) this.tearing = undefined;
    if (waypoint !== undefined && (waypoint.left -= size) === 0) {
      this.waypoint = undefined;
      waypoint.reached();
    }
    return tearing !== undefined;
  }

  private sleep(): void {
    if (this.waking === undefined) return;
    clearTimeout(this.waking as NodeJS.Timeout);
    clearImmediate(this.waking as NodeJS.Immediate);
    this.waking = undefined;
  }
}
