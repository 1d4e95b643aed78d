/**
 * The way out to the kernel. Most batches are taken at once: then this is one write and nothing is kept. What the kernel
 * doesn't take goes to a {@link Backlog}.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { Backlog, SLICE_BYTES } from './backlog.ts';
import type { BacklogOwner } from './backlog.ts';
import type { Batch } from './batch.ts';
import type { Limits } from './limits.ts';
import { reclaim } from './spare-buffer.ts';

export abstract class Outlet implements BacklogOwner {
  private readonly socket: Duplex;
  private backlog: Backlog | undefined = undefined;
  private isEnding = false;

  constructor(socket: Duplex) {
    this.socket = socket;
  }

  abstract cleared(): void;
  abstract tooSlow(why: string): void;

  /** Whether the kernel has not yet taken all that it was given. */
  protected get isBlocked(): boolean {
    return this.backlog !== undefined;
  }

  /** Bytes given out and not yet handed to the kernel. */
  protected get unsentBytes(): number {
    return this.backlog === undefined ? 0 : this.backlog.bytes;
  }

  /** Takes a batch over and sends it behind all before it. */
  protected give(batch: Batch, limits: Limits): void {
    const { bytes } = batch;
    if (this.backlog !== undefined) return this.backlog.push(batch.take(), bytes);
    const isSlice = bytes <= SLICE_BYTES;
    if (isSlice) {
      this.write(batch);
      if (this.socket.writableLength === 0) return;
    }
    this.backlog = new Backlog(this.socket, this, limits);
    if (!isSlice) this.backlog.push(batch.take(), bytes);
    this.backlog.pump();
  }

  /** To be called when the backlog is cleared. */
  protected unblock(): void {
    this.backlog = undefined;
    if (this.isEnding) this.socket.end();
  }

  /** Ends our direction of the stream once all has left. */
  protected endStream(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    if (this.backlog === undefined) this.socket.end();
  }

  /** Nothing can leave any more. */
  protected drop(): void {
    this.backlog?.drop();
    this.backlog = undefined;
    this.isEnding = true;
  }

  private write(batch: Batch): void {
    const only = batch.takeOnly();
    if (only !== undefined) return this.writeOne(only);
    this.socket.cork();
    for (const piece of batch.take()) this.socket.write(piece);
    this.socket.uncork();
  }

  private writeOne(piece: Uint8Array): void {
    const { socket } = this;
    socket.write(piece);
    // What a TCP socket does not keep was copied by the kernel. Other streams may hand the very bytes on to somebody.
    if (socket.writableLength === 0 && socket instanceof Socket) reclaim(piece);
  }
}
