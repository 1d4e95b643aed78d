/**
 * The sending half of a connection: what is sent while a chunk is handled leaves in one write soon after that, what is sent
 * outside leaves with its tick.
 */
import type { Duplex } from 'node:stream';

import { CloseCode } from './close-code.ts';
import { ConnectionError } from './connection-error.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { Opcode } from './frame.ts';
import type { Role } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { randomMask } from './mask-source.ts';
import { Outlet } from './outlet.ts';
import { flushAtEndOfTurn, flushOpening, flushWithOthers, forget } from './turn.ts';

/** Called once: without an error when the kernel has the bytes, with one when it never will. */
export type SendCallback = (error?: Error) => void;

/** A batch that large is not kept for the end of the turn. */
const FLUSH_FROM = 262_144;

/** Nor is a larger one than this kept for the others': what it lies in can be used again once it has left. */
const WAIT_UP_TO = 4_096;

/** Empty batches, for whoever sends next: an idle connection would hold 80 bytes for nothing. */
const spare: Record<Role, FrameWriter[]> = { server: [], client: [] };
/** So many serve a message to a thousand, too, of which each would take a third longer; 80 kB at most. */
const MOST_SPARE = 1_024;

function newWriter(role: Role): FrameWriter {
  return new FrameWriter(role === 'client' ? randomMask : undefined);
}

export interface SenderOwner {
  /** All has left after more than `highWaterBytes` were queued. */
  drained(): void;
  /** The peer takes too little for what is queued: cut it off. */
  tooSlow(why: string): void;
}

export class Sender extends Outlet {
  private readonly owner: SenderOwner;
  private readonly settings: ConnectionSettings;
  /** What is to leave next, from its first frame on. */
  private batch: FrameWriter | undefined = undefined;

  /** Whether a flush is sure to come in this turn. */
  private isScheduled = false;
  private wasHigh = false;
  private pendingPongs = 0;
  /** The one pong still owed when too many are pending (§5.5.3). */
  private newestPong: Uint8Array | undefined = undefined;
  /** Callbacks of sends, each with the number of the byte that ends its message. */
  private callbacks: { readonly end: number; readonly done: SendCallback }[] | undefined = undefined;
  private acceptedBytes = 0;
  /** Bytes that wait to be compressed. */
  private backlogBytes = 0;
  /** Bytes of the handshake in the batch: no application's, so `bufferedAmount` leaves them out. */
  private greetingBytes = 0;

  constructor(socket: Duplex, settings: ConnectionSettings, owner: SenderOwner) {
    super(socket);
    this.owner = owner;
    this.settings = settings;
  }

  get bufferedAmount(): number {
    return this.backlogBytes + this.batchBytes - this.greetingBytes + this.unsentBytes;
  }

  private get batchBytes(): number {
    return this.batch === undefined ? 0 : this.batch.bytes;
  }

  private get writer(): FrameWriter {
    const { role } = this.settings;
    return (this.batch ??= spare[role].pop() ?? newWriter(role));
  }

  /** Counts bytes that wait before us, or no longer do. */
  addBacklog(bytes: number): void {
    this.backlogBytes += bytes;
    const { bufferedAmount } = this;
    if (bufferedAmount > this.settings.limits.highWaterBytes) this.wasHigh = true;
    if (bufferedAmount > this.settings.limits.maxQueuedBytes)
      this.owner.tooSlow(`${bufferedAmount} bytes queued, limit ${this.settings.limits.maxQueuedBytes}`);
  }

  /** Sends the end of the opening handshake, in one write with what follows in this turn: it answers a chunk as well. */
  greet(greeting: string): void {
    this.writer.latin1(greeting);
    this.greetingBytes = this.batchBytes;
    this.beginTurn();
    process.nextTick(endOpening, this);
  }

  text(data: string, done?: SendCallback, lead?: number): void {
    this.writer.text(data, lead);
    this.accepted(done);
  }

  frame(opcode: Opcode, payload: Uint8Array, fin: boolean, done?: SendCallback, isCompressed = false): void {
    this.writer.frame(opcode, payload, fin, isCompressed);
    this.accepted(done);
  }

  raw(bytes: Uint8Array, done?: SendCallback): void {
    this.writer.raw(bytes);
    this.accepted(done);
  }

  /** Calls `done` once all that was accepted so far has left. */
  whenSent(done: SendCallback): void {
    if (this.bufferedAmount === 0) process.nextTick(done);
    else this.noteCallback(done);
  }

  /** Answers a ping: each for as long as the peer reads, only the newest where it doesn't. */
  answerPing(payload: Uint8Array): void {
    if (this.pendingPongs === this.settings.limits.maxPendingPongs) this.flushNow();
    if (this.pendingPongs === this.settings.limits.maxPendingPongs) {
      this.newestPong = payload;
      return;
    }
    this.pendingPongs++;
    this.writer.frame(Opcode.Pong, payload);
    this.accepted();
  }

  /** Sends a Close behind everything else, now: what is queued afterwards is what the peer doesn't take. */
  close(code: number, reason: string): void {
    const payload = code === 0 ? Buffer.alloc(0) : Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
    if (code !== 0) payload.write(reason, payload.writeUInt16BE(code));
    this.frame(Opcode.Close, payload, true);
    this.flush();
  }

  /** A chunk begins to be handled: until {@link endTurn} nothing leaves. */
  beginTurn(): void {
    this.isScheduled = true;
  }

  /** What was sent meanwhile leaves with what others send in theirs, unless it is much. */
  endTurn(flushLater = flushWithOthers): void {
    const bytes = this.batchBytes;
    if (bytes > 0 && bytes <= WAIT_UP_TO) flushLater(this);
    else this.flush();
  }

  /** Sends the batch now. */
  flush(): void {
    this.isScheduled = false;
    this.flushNow();
  }

  /** The connection is about to be cut: what the kernel takes at once still leaves. */
  hurry(): void {
    if (!this.isBlocked) this.flush();
  }

  /** Ends our direction once all has left. */
  end(): void {
    this.flush();
    this.endStream();
  }

  /** Nothing can leave any more: lets go of everything and tells whoever waits. */
  abandon(why: Error | undefined): void {
    forget(this);
    this.batch = undefined;
    this.drop();
    this.newestPong = undefined;
    const { callbacks } = this;
    this.callbacks = undefined;
    if (callbacks === undefined) return;
    const error = why ?? new ConnectionError(CloseCode.Abnormal, 'the connection is closed');
    for (const { done } of callbacks) done(error);
  }

  /** For the backlog. */
  cleared(): void {
    this.unblock();
    this.pendingPongs = 0;
    if (this.newestPong !== undefined) {
      const payload = this.newestPong;
      this.newestPong = undefined;
      this.answerPing(payload);
    }
    this.allLeft();
  }

  private allLeft(): void {
    if (this.callbacks !== undefined) this.callBack();
    if (!this.wasHigh || this.bufferedAmount > 0) return;
    this.wasHigh = false;
    this.owner.drained();
  }

  /** For the backlog. */
  tooSlow(why: string): void {
    this.owner.tooSlow(why);
  }

  private accepted(done?: SendCallback): void {
    if (done !== undefined) this.noteCallback(done);
    if (this.batchBytes >= FLUSH_FROM) this.flushNow();
    else if (!this.isScheduled) {
      this.isScheduled = true;
      flushAtEndOfTurn(this);
    }
  }

  private noteCallback(done: SendCallback): void {
    (this.callbacks ??= []).push({ end: this.acceptedBytes + this.batchBytes, done });
  }

  private flushNow(): void {
    const { batch } = this;
    if (batch === undefined) return;
    const { bytes } = batch;
    this.batch = undefined;
    this.acceptedBytes += bytes;
    this.greetingBytes = 0;
    if (bytes + this.unsentBytes > this.settings.limits.highWaterBytes) this.wasHigh = true;
    this.give(batch, this.settings.limits);
    const free = spare[this.settings.role];
    if (free.length < MOST_SPARE) free.push(batch);
    if (this.isBlocked) return;
    this.pendingPongs = 0;
    if (this.wasHigh || this.callbacks !== undefined) process.nextTick(() => this.allLeft());
  }

  private callBack(): void {
    const left = this.acceptedBytes - this.unsentBytes;
    let callbacks = this.callbacks;
    while (callbacks !== undefined && callbacks.length > 0 && callbacks[0]!.end <= left) {
      callbacks.shift()!.done();
      callbacks = this.callbacks;
    }
    if (callbacks?.length === 0) this.callbacks = undefined;
  }
}

/** One for all, so that none is made for each. */
function endOpening(sender: Sender): void {
  sender.endTurn(flushOpening);
}

/** What is sent too late does nothing; `done` is told so on the next tick. */
export function refuseSend(done: SendCallback | undefined): void {
  if (done !== undefined) process.nextTick(done, new ConnectionError(CloseCode.Abnormal, 'the connection is not open'));
}
