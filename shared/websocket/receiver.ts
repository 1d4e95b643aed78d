/**
 * The receiving half of a connection: from chunks to calls on the sink. Holds back while the application has paused it or
 * a message is being inflated.
 */
import type { CloseCode } from './close-code.ts';
import type { ConnectionSink } from './connection.ts';
import type { Role } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import type { FrameSink } from './frame-reader.ts';
import type { Limits } from './limits.ts';

export interface ReceiverOwner {
  readonly sink: ConnectionSink;
  pinged(payload: Buffer): void;
  peerClosed(code: number, reason: string): void;
  peerFailed(code: CloseCode, why: string): void;
}

export interface ReceiverOptions {
  readonly role: Role;
  readonly limits: Limits;
  readonly textAsBytes: boolean;
}

export class Receiver implements FrameSink {
  private readonly owner: ReceiverOwner;
  private readonly reader: FrameReader;
  isPaused = false;

  constructor(owner: ReceiverOwner, options: ReceiverOptions) {
    this.owner = owner;
    const { maxMessageBytes, maxFragments } = options.limits;
    const { role, textAsBytes } = options;
    this.reader = new FrameReader(this, { role, maxMessageBytes, maxFragments, textAsBytes });
  }

  read(chunk: Buffer): void {
    this.reader.read(chunk);
  }

  pause(): void {
    this.isPaused = true;
    this.reader.hold();
  }

  /** Tells what came meanwhile. */
  resume(): void {
    this.isPaused = false;
    this.reader.release();
  }

  stop(): void {
    this.reader.stop();
  }

  message(data: string | Buffer, isBinary: boolean): void {
    this.owner.sink.message(data, isBinary);
  }

  compressed(_data: Buffer, _isBinary: boolean): void {
    throw new Error('unreachable');
  }

  ping(payload: Buffer): void {
    this.owner.pinged(payload);
  }

  pong(payload: Buffer): void {
    this.owner.sink.pong?.(payload);
  }

  close(code: number, reason: string): void {
    this.owner.peerClosed(code, reason);
  }

  fail(code: CloseCode, why: string): void {
    this.owner.peerFailed(code, why);
  }
}
