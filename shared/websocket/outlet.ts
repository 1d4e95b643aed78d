/**
 * The way out to the kernel: batches in order, one at a time. What the kernel doesn't take at once waits here rather than
 * in the stream, so that one sees whether anything moves at all.
 */
import type { Duplex } from 'node:stream';

import type { Limits } from './limits.ts';

/** Most bytes given to the stream in one go. A peer that takes less than this in `stalledTimeoutMs` counts as stalled. */
const SLICE_BYTES = 262_144;

export interface OutletOwner {
  /** The kernel took everything that it had been given; told on a tick of its own. */
  written(): void;
  /** The peer takes too little for what is queued: cut it off. */
  tooSlow(why: string): void;
}

export class Outlet {
  private readonly socket: Duplex;
  private readonly owner: OutletOwner;
  private readonly limits: Limits;

  /** Pieces not yet given to the stream, from `head` on. */
  private queue: Uint8Array[] = [];
  private head = 0;
  /** Bytes in the queue, and those given to the stream that it did not pass on. */
  private queuedBytes = 0;
  private streamBytes = 0;
  /** Writes whose callback has not come, and how many callbacks came: it stands still while nothing leaves. */
  private writes = 0;
  private progress = 0;
  private stalled: NodeJS.Timeout | undefined = undefined;
  private isEnding = false;

  constructor(socket: Duplex, owner: OutletOwner, limits: Limits) {
    this.socket = socket;
    this.owner = owner;
    this.limits = limits;
  }

  /** Whether the kernel has not yet taken all that it was given. */
  get isBlocked(): boolean {
    return this.streamBytes > 0;
  }

  /** Bytes accepted and not yet handed to the kernel. */
  get bufferedAmount(): number {
    return this.queuedBytes + this.streamBytes;
  }

  /** Sends one batch of `bytes` bytes behind all before it. */
  push(pieces: Uint8Array[], bytes: number): void {
    if (pieces.length === 1 && this.streamBytes === 0 && bytes <= SLICE_BYTES) return this.give(pieces[0]!);
    if (this.queuedBytes === 0) this.queue = pieces;
    else for (const piece of pieces) this.queue.push(piece);
    this.queuedBytes += bytes;
    this.pump();
    this.watch();
  }

  /** Ends our direction of the stream once all has left. */
  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    if (this.bufferedAmount === 0) this.socket.end();
  }

  /** Lets go of all that is queued. */
  drop(): void {
    clearTimeout(this.stalled);
    this.queue = [];
    this.head = 0;
    this.queuedBytes = 0;
    this.streamBytes = 0;
    this.isEnding = true;
  }

  private give(piece: Uint8Array): void {
    this.writes++;
    this.socket.write(piece, this.onWritten);
    this.streamBytes = this.socket.writableLength;
  }

  /** Gives the stream a slice at a time for as long as the kernel takes all of it at once. */
  private pump(): void {
    while (this.queuedBytes > 0 && this.streamBytes === 0) {
      this.socket.cork();
      let room = SLICE_BYTES;
      while (room > 0 && this.head < this.queue.length) room -= this.giveFirst(room);
      this.socket.uncork();
      this.streamBytes = this.socket.writableLength;
    }
    if (this.queuedBytes === 0) {
      this.queue = [];
      this.head = 0;
    }
  }

  /** Gives the queue's first piece, or `room` bytes of it. Returns how many. */
  private giveFirst(room: number): number {
    const piece = this.queue[this.head]!;
    const whole = piece.length <= room;
    const given = whole ? piece : piece.subarray(0, room);
    if (whole) this.head++;
    else this.queue[this.head] = piece.subarray(room);
    this.queuedBytes -= given.length;
    this.give(given);
    return given.length;
  }

  private readonly onWritten = (): void => {
    // A destroyed stream calls back too, and not always with an error. Its `close` says what became of the rest.
    if (this.socket.destroyed) return;
    this.progress++;
    this.writes--;
    this.streamBytes = this.socket.writableLength;
    if (this.writes > 0 || this.streamBytes > 0) return;
    this.pump();
    if (this.isEnding && this.bufferedAmount === 0) this.socket.end();
    this.owner.written();
  };

  private watch(): void {
    const { bufferedAmount } = this;
    const { maxQueuedBytes, stalledQueueBytes, stalledTimeoutMs } = this.limits;
    if (bufferedAmount > maxQueuedBytes) this.owner.tooSlow(`${bufferedAmount} bytes queued, limit ${maxQueuedBytes}`);
    else if (bufferedAmount > stalledQueueBytes && this.stalled === undefined)
      this.stalled = setTimeout(this.onStalled, stalledTimeoutMs, this.progress).unref();
  }

  private readonly onStalled = (before: number): void => {
    // An application that blocked the loop for so long has timers run before the kernel is asked: ask it first.
    setImmediate(() => {
      this.stalled = undefined;
      const { bufferedAmount } = this;
      if (this.progress === before && bufferedAmount > this.limits.stalledQueueBytes)
        this.owner.tooSlow(`${bufferedAmount} bytes queued and none left in ${this.limits.stalledTimeoutMs} ms`);
      else this.watch();
    });
  };
}
