/**
 * Keeps what is sent in order where something of it takes time: compressing, or reading a Blob. Stands before a Sender on
 * connections that need it; what has nothing to wait for goes straight through.
 */
import { CloseCode } from './close-code.ts';
import { ConnectionError } from './connection-error.ts';
import { Opcode } from './frame.ts';
import type { Deflater } from './deflater.ts';
import type { SendCallback, Sender } from './sender.ts';
import type { SharedMessage } from './shared-message.ts';

interface Job {
  /** Bytes of the application's that wait in it. */
  readonly bytes: number;
  readonly done: SendCallback | undefined;
  /** Does it, and calls `next` once it is done. */
  start(next: () => void): void;
}

export interface OrderedSenderOwner {
  /** Something that was to be sent can't be. */
  cannotSend(error: Error): void;
}

export class OrderedSender {
  private readonly sender: Sender;
  private readonly owner: OrderedSenderOwner;
  private readonly deflater: Deflater | undefined;
  private jobs: Job[] = [];
  private isBusy = false;
  private isAbandoned = false;
  /** Whether the message at hand, of which parts are still to come, is compressed. */
  private isCompressing = false;

  constructor(sender: Sender, deflater: Deflater | undefined, owner: OrderedSenderOwner) {
    this.sender = sender;
    this.deflater = deflater;
    this.owner = owner;
  }

  text(text: string, compress: boolean, done?: SendCallback): void {
    const isLong = compress && this.deflater !== undefined && isAtLeast(text, this.deflater.threshold);
    if (isLong) this.part(Opcode.Text, Buffer.from(text), true, true, done);
    else if (this.isBusy)
      this.add({ bytes: text.length, done, start: (next) => (this.sender.text(text, done), next()) });
    else this.sender.text(text, done);
  }

  /** A part of a message, or all of it. Whether a message is compressed is decided with its first part (RFC 7692 §6). */
  part(opcode: Opcode, bytes: Uint8Array, isLast: boolean, compress: boolean, done?: SendCallback): void {
    const isCompressing = this.chooses(opcode, bytes.length, isLast, compress);
    if (!isCompressing && !this.isBusy) return this.sender.frame(opcode, bytes, isLast, done);
    this.add({
      bytes: bytes.length,
      done,
      start: (next) => this.sendPart(opcode, bytes, isLast, isCompressing, done, next),
    });
  }

  /** The same of a Blob, once it is read. */
  blob(opcode: Opcode, blob: Blob, isLast: boolean, compress: boolean, done?: SendCallback): void {
    const isCompressing = this.chooses(opcode, blob.size, isLast, compress);
    const start = (next: () => void): void => {
      blob.arrayBuffer().then((buffer) => {
        this.sendPart(opcode, new Uint8Array(buffer), isLast, isCompressing, done, next);
      }, this.onError);
    };
    this.add({ bytes: blob.size, done, start });
  }

  /** A message that many get: compressed once for all of them, where this connection can take that. */
  shared(message: SharedMessage, compress: boolean, done?: SendCallback): void {
    const { deflater } = this;
    if (
      !compress ||
      deflater === undefined ||
      !deflater.allows(message.windowBits) ||
      !this.isWorthwhile(message.size, true)
    )
      return this.raw(message.frames, done);
    const start = (next: () => void): void => {
      message.compress((error, frames) => {
        if (error !== undefined) return this.onError(error);
        // The peer's window moved on without ours.
        deflater.rest();
        this.sender.raw(frames, done);
        next();
      });
    };
    this.add({ bytes: message.size, done, start });
  }

  raw(frames: Uint8Array, done?: SendCallback): void {
    if (this.isBusy) this.add({ bytes: frames.length, done, start: (next) => (this.sender.raw(frames, done), next()) });
    else this.sender.raw(frames, done);
  }

  /** Runs `task` behind all that was given before it. @param done told if it never runs */
  behind(task: () => void, done?: SendCallback): void {
    if (this.isBusy) this.add({ bytes: 0, done, start: (next) => (task(), next()) });
    else task();
  }

  /** Nothing of what waits will be sent. */
  abandon(why: Error | undefined): void {
    const { jobs } = this;
    this.isAbandoned = true;
    this.isBusy = false;
    this.jobs = [];
    this.deflater?.rest();
    if (jobs.length === 0) return;
    const error = why ?? new ConnectionError(CloseCode.Abnormal, 'the connection is closed');
    for (const { bytes, done } of jobs) {
      this.sender.addBacklog(-bytes);
      done?.(error);
    }
  }

  private sendPart(
    opcode: Opcode,
    bytes: Uint8Array,
    isLast: boolean,
    isCompressing: boolean,
    done: SendCallback | undefined,
    next: () => void,
  ): void {
    if (this.isAbandoned) return;
    if (!isCompressing) {
      this.sender.frame(opcode, bytes, isLast, done);
      return next();
    }
    this.deflater!.deflate(bytes, isLast, (error, output) => {
      if (error !== undefined) return this.onError(error);
      this.sender.frame(opcode, output, isLast, done, opcode !== Opcode.Continuation);
      next();
    });
  }

  private readonly onError = (error: Error): void => this.owner.cannotSend(error);

  /** Whether this part is compressed: as the first one of its message was. */
  private chooses(opcode: Opcode, size: number, isLast: boolean, compress: boolean): boolean {
    if (opcode !== Opcode.Continuation) this.isCompressing = compress && this.isWorthwhile(size, isLast);
    return this.isCompressing;
  }

  /** Fragments can't be weighed before the last one came, and an empty message has nothing to compress. */
  private isWorthwhile(size: number, isLast: boolean): boolean {
    return this.deflater !== undefined && (!isLast || (size > 0 && size >= this.deflater.threshold));
  }

  private add(job: Job): void {
    this.jobs.push(job);
    this.sender.addBacklog(job.bytes);
    if (!this.isBusy) this.startNext();
  }

  private readonly startNext = (): void => {
    const [job] = this.jobs;
    this.isBusy = job !== undefined;
    job?.start(this.onDone);
  };

  private readonly onDone = (): void => {
    // Gone from the list where all was abandoned meanwhile.
    const job = this.jobs.shift();
    if (job !== undefined) this.sender.addBacklog(-job.bytes);
    this.startNext();
  };
}

function isAtLeast(text: string, size: number): boolean {
  return text.length >= size || (text.length * 3 >= size && Buffer.byteLength(text) >= size);
}
