/**
 * The receiving half of a connection: from chunks to calls on the sink. Holds back while the application has paused it or a
 * message is being inflated, so that the order of the wire is kept.
 */
import { isUtf8 } from 'node:buffer';

import { CloseCode } from './close-code.ts';
import type { Violation } from './connection-error.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { ConnectionSink } from './connection-sink.ts';
import { FrameReader } from './frame-reader.ts';
import type { FrameSink } from './frame-reader.ts';
import type { Inflater } from './inflater.ts';
import { OutputTooBig } from './zlib-stream.ts';

export interface ReceiverOwner {
  readonly sink: ConnectionSink;
  pinged(payload: Buffer): void;
  peerClosed(code: number, reason: string): void;
  peerFailed(code: CloseCode, why: string, violation: Violation): void;
  /** A message is inflated: handle it, and what came behind it. */
  inflated(): void;
}

/** A message that was inflated and not yet told. */
interface Inflated {
  readonly data: Buffer;
  readonly isBinary: boolean;
  readonly error: Error | undefined;
}

/** Readers between two chunks, which serve whoever gets one next: an idle connection would hold 176 bytes for nothing. */
const spare: FrameReader[] = [];

export class Receiver implements FrameSink {
  private readonly owner: ReceiverOwner;
  /** There while a chunk is read, a message is unfinished or something is held back. */
  private reader: FrameReader | undefined = undefined;
  private readonly settings: ConnectionSettings;
  /** Present where permessage-deflate was agreed on. */
  private readonly inflater: Inflater | undefined;
  isPaused = false;
  private isInflating = false;
  private inflated: Inflated | undefined = undefined;

  constructor(owner: ReceiverOwner, settings: ConnectionSettings, inflater: Inflater | undefined) {
    this.owner = owner;
    this.settings = settings;
    this.inflater = inflater;
  }

  /** Whether something has come that is not told yet. */
  get isBehind(): boolean {
    return this.isInflating || this.inflated !== undefined || this.reader?.isBehind === true;
  }

  read(chunk: Buffer): void {
    const reader = this.reader ?? this.borrowReader();
    reader.read(chunk);
    if (reader.isMidway) this.owner.sink.partial?.();
    // Where a listener threw, it stays here.
    if (!reader.isAtRest) return;
    this.reader = undefined;
    spare.push(reader);
  }

  pause(): void {
    this.isPaused = true;
    this.reader?.hold();
  }

  /** Ends {@link pause}; what came meanwhile is told by {@link catchUp}. */
  resume(): void {
    this.isPaused = false;
  }

  /** Tells what came while it was held back. */
  catchUp(): void {
    if (this.isPaused || this.isInflating) return;
    const { inflated } = this;
    this.inflated = undefined;
    if (inflated !== undefined) this.tell(inflated);
    // A listener may have paused it, just now.
    if (!this.isPaused) this.reader?.release();
  }

  /** Tells nothing more, for good. */
  stop(): void {
    this.reader?.stop();
    // It may be we whom one of them served last.
    spare.length = 0;
    this.inflated = undefined;
    this.inflater?.rest();
    this.isInflating = false;
  }

  message(data: string | Buffer, isBinary: boolean): void {
    this.owner.sink.message(data, isBinary);
  }

  compressed(bytes: Buffer, isBinary: boolean): void {
    this.isInflating = true;
    this.reader!.hold();
    // The reader lets RSV1 through only where there is an inflater.
    this.inflater!.inflate(bytes, this.settings.limits.maxMessageBytes, (error, data) => {
      this.isInflating = false;
      this.inflated = { data, isBinary, error };
      this.owner.inflated();
    });
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

  fail(code: CloseCode, why: string, violation: Violation): void {
    this.owner.peerFailed(code, why, violation);
  }

  private borrowReader(): FrameReader {
    const options = this.inflater === undefined ? this.settings.plain : this.settings.deflated;
    const reader = spare.pop() ?? new FrameReader(this, options);
    reader.serve(this, options);
    if (this.isPaused) reader.hold();
    this.reader = reader;
    return reader;
  }

  private tell({ data, isBinary, error }: Inflated): void {
    const { maxMessageBytes } = this.settings.limits;
    if (error instanceof OutputTooBig)
      this.fail(
        CloseCode.TooBig,
        `message inflates to more than ${maxMessageBytes} bytes`,
        'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      );
    else if (error !== undefined)
      this.fail(CloseCode.InvalidPayload, `message can't be inflated: ${error.message}`, 'Z_DATA_ERROR');
    else if (isBinary) this.message(data, true);
    else if (!isUtf8(data)) this.fail(CloseCode.InvalidPayload, 'text is not UTF-8', 'WS_ERR_INVALID_UTF8');
    else this.message(this.settings.plain.textAsBytes ? data : data.toString(), false);
  }
}
