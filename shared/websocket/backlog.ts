/**
 * What a peer has not taken yet: batches in order, given to the stream a slice at a time, so that one sees whether anything
 * moves at all. There is one only while the kernel's own buffer is full.
 */
import type { Duplex } from 'node:stream';

import type { Limits } from './limits.ts';

/** Most bytes given to the stream in one go. A peer that takes less than this in `stalledTimeoutMs` counts as stalled. */
export const SLICE_BYTES = 262_144;

const NOTHING = Buffer.alloc(0);

export interface BacklogOwner {
  /** Everything has left; told on a tick of its own. */
  cleared(): void;
  /** The peer takes too little for what is queued: cut it off. */
  tooSlow(why: string): void;
}

export class Backlog {
  private readonly socket: Duplex;
  private readonly owner: BacklogOwner;
  private readonly limits: Limits;
  /** Pieces not yet given to the stream, from `head` on, and their bytes. */
  private readonly queue: Uint8Array[] = [];
  private head = 0;
  private queuedBytes = 0;
  /** Slices that left: it stands still while nothing does. */
  private progress = 0;
  private stalled: NodeJS.Timeout | undefined = undefined;

  constructor(socket: Duplex, owner: BacklogOwner, limits: Limits) {
    this.socket = socket;
    this.owner = owner;
    this.limits = limits;
  }

  /** Bytes that have not left. */
  get bytes(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  /** Sends a batch behind all before it. */
  push(pieces: readonly Uint8Array[], bytes: number): void {
    for (const piece of pieces) this.queue.push(piece);
    this.queuedBytes += bytes;
    this.watch();
  }

  /** Gives the stream as much as the kernel takes at once, and then waits until it has taken the rest. */
  pump(): void {
    while (this.queuedBytes > 0 && this.socket.writableLength === 0) {
      this.socket.cork();
      let room = SLICE_BYTES;
      while (room > 0 && this.head < this.queue.length) room -= this.giveFirst(room);
      this.socket.uncork();
    }
    // Its callback comes when all before it has left. `drain` would not come for less than the stream's high-water mark.
    this.socket.write(NOTHING, this.onWritten);
  }

  /** Lets go of all that is queued. */
  drop(): void {
    clearTimeout(this.stalled);
    this.queue.length = 0;
    this.queuedBytes = 0;
  }

  /** Gives the queue's first piece, or `room` bytes of it. Returns how many. */
  private giveFirst(room: number): number {
    const piece = this.queue[this.head]!;
    const isWhole = piece.length <= room;
    const given = isWhole ? piece : piece.subarray(0, room);
    if (isWhole) this.queue[this.head++] = NOTHING;
    else this.queue[this.head] = piece.subarray(room);
    this.queuedBytes -= given.length;
    this.socket.write(given);
    return given.length;
  }

  private readonly onWritten = (): void => {
    // A destroyed stream calls back too, and not always with an error. Its `close` says what became of the rest.
    if (this.socket.destroyed) return;
    this.progress++;
    if (this.bytes > 0) return this.pump();
    clearTimeout(this.stalled);
    this.owner.cleared();
  };

  private watch(): void {
    const { bytes } = this;
    const { maxQueuedBytes, stalledQueueBytes, stalledTimeoutMs } = this.limits;
    if (bytes > maxQueuedBytes) this.owner.tooSlow(`${bytes} bytes queued, limit ${maxQueuedBytes}`);
    else if (bytes > stalledQueueBytes && this.stalled === undefined)
      this.stalled = setTimeout(this.onStalled, stalledTimeoutMs, this.progress).unref();
  }

  private readonly onStalled = (before: number): void => {
    // An application that blocked the loop for so long has timers run before the kernel is asked: ask it first.
    setImmediate(() => {
      this.stalled = undefined;
      const { bytes } = this;
      if (this.progress === before && bytes > this.limits.stalledQueueBytes)
        this.owner.tooSlow(`${bytes} bytes queued and none left in ${this.limits.stalledTimeoutMs} ms`);
      else this.watch();
    });
  };
}
