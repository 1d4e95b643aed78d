/**
 * One raw zlib stream, used message by message on the thread pool.
 *
 * It is made with Z_SYNC_FLUSH as its flush, so that each message is one task of the pool: a write and a flush of their own
 * would be two. Its output is bounded while it comes.
 */
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import type { DeflateRaw, InflateRaw, ZlibOptions } from 'node:zlib';

import { runInTurn } from './zlib-turns.ts';

/** The output would pass its limit: nothing of it is kept. */
export class OutputTooBig extends Error {}

/**
 * Called once, with the output or with what went wrong.
 *
 * @param unread bytes of the input behind the block that said it is the last one (BFINAL)
 */
export type OnOutput = (error: Error | undefined, output: Buffer, unread: number) => void;

export class ZlibStream {
  private readonly stream: DeflateRaw | InflateRaw;
  private pieces: Buffer[] = [];
  private size = 0;
  private limit = Infinity;
  private onOutput: OnOutput | undefined = undefined;
  private endTurn: (() => void) | undefined = undefined;
  /** What `bytesWritten` will be when all input is read. */
  private inputEnd = 0;
  /** False once it failed or its input said that it ends (BFINAL): it can't go on. */
  isUsable = true;

  constructor(kind: 'deflate' | 'inflate', options: ZlibOptions) {
    const flushing = { ...options, flush: constants.Z_SYNC_FLUSH };
    this.stream = kind === 'deflate' ? createDeflateRaw(flushing) : createInflateRaw(flushing);
    this.stream.on('data', this.onData);
    this.stream.on('error', this.onError);
    this.stream.on('end', this.onEnd);
  }

  /** Runs `input` through: one at a time, and not more than `concurrencyLimit` of all streams at once. */
  run(input: Uint8Array, concurrencyLimit: number, limit: number, onOutput: OnOutput): void {
    this.limit = limit;
    this.onOutput = onOutput;
    this.inputEnd = this.stream.bytesWritten + input.length;
    runInTurn(concurrencyLimit, (finished) => {
      // Closed while it waited for its turn.
      if (!this.isUsable) return finished();
      this.endTurn = finished;
      this.stream.write(input, this.onWritten);
    });
  }

  /** Forgets what went before, so that the next message starts from nothing. */
  reset(): void {
    this.stream.reset();
  }

  /** Gives its memory back. Nothing is told any more. */
  close(): void {
    this.onOutput = undefined;
    this.retire();
  }

  private readonly onData = (piece: Buffer): void => {
    this.size += piece.length;
    if (this.size > this.limit) this.onError(new OutputTooBig());
    else this.pieces.push(piece);
  };

  private readonly onWritten = (error?: Error | null): void => {
    if (error) return; // it has an event of its own
    if (this.stream.bytesWritten < this.inputEnd) this.isUsable = false;
    this.finish(undefined);
  };

  private readonly onError = (error: Error): void => {
    this.retire();
    this.finish(error);
  };

  /** Its input said that it ends: what is left of it was not read, and its callback never comes. */
  private readonly onEnd = (): void => {
    this.isUsable = false;
    this.finish(undefined);
  };

  private retire(): void {
    this.isUsable = false;
    this.pieces = [];
    this.stream.destroy();
    this.endTurn?.();
    this.endTurn = undefined;
  }

  private finish(error: Error | undefined): void {
    const { onOutput, pieces, size } = this;
    this.endTurn?.();
    this.endTurn = undefined;
    if (onOutput === undefined) return;
    this.onOutput = undefined;
    this.pieces = [];
    this.size = 0;
    const output = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, error === undefined ? size : 0);
    onOutput(error, output, this.inputEnd - this.stream.bytesWritten);
  }
}
