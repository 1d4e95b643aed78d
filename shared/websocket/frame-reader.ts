/**
 * Bytes to messages (RFC 6455 §5, §6.2): takes chunks as they come off the wire, however they are cut, and tells a sink.
 *
 * It fails fast: what breaks the protocol is told at the byte that breaks it. It holds no bytes between messages, and of
 * an unfinished message at most twice what has come. Chunks become its own: payloads are unmasked where they lie, and what
 * a sink is given is a view of them. Inflating, answering and closing are the owner's.
 */
import { isUtf8 } from 'node:buffer';

import { CloseCode } from './close-code.ts';
import { readClosePayload } from './close-payload.ts';
import type { Violation } from './connection-error.ts';
import * as frame from './frame.ts';
import { Opcode } from './frame.ts';
import type { Role } from './frame.ts';
import { applyMask, turnMask } from './mask.ts';
import { encodingOf, PartialMessage } from './partial-message.ts';
import { PayloadCollector } from './payload-collector.ts';

/** What a FrameReader tells its owner: in wire order, and nothing after `close` or `fail`. Buffers are the sink's for good. */
export interface FrameSink {
  /** A text is checked, and a string unless `textAsBytes`. */
  message(data: string | Buffer, isBinary: boolean): void;
  /** A message with RSV1 set (RFC 7692 §6): to be inflated, and then checked if it is a text. */
  compressed(data: Buffer, isBinary: boolean): void;
  ping(payload: Buffer): void;
  pong(payload: Buffer): void;
  /** The peer's Close. `code` is 1005 where it had none. */
  close(code: number, reason: string): void;
  /** The peer broke the protocol: tell it `code` and end the connection. */
  fail(code: CloseCode, why: string, violation: Violation): void;
}

export interface FrameReaderOptions {
  readonly role: Role;
  readonly maxMessageBytes: number;
  /** 0: no limit. */
  readonly maxFragments: number;
  /** Whether permessage-deflate was agreed on, so that RSV1 means something. Default false. */
  readonly deflate?: boolean;
  /** Whether texts are told as the checked bytes that they came in. Default false: as strings. */
  readonly textAsBytes?: boolean;
}

/** The first byte of a header comes next, the second, the length's, the mask's, the payload's; none any more. */
const FIRST = 0;
const SECOND = 1;
const LENGTH = 2;
const MASK = 3;
const PAYLOAD = 4;
const DONE = 5;

/** Up to this length a payload is looked through for letters beyond ASCII here, past it `isUtf8` is quicker. */
const SCAN_UP_TO = 128;

const NOTHING = Buffer.alloc(0);

export class FrameReader {
  private sink: FrameSink;
  private options: FrameReaderOptions;

  private state = FIRST;
  /** Chunks not yet read, while held. */
  private waiting: Buffer[] | undefined = undefined;
  private isHeld = false;

  // The frame at hand.
  private opcode: number = Opcode.Continuation;
  private fin = false;
  /** Payload bytes of this frame, and how many of them have not come yet. */
  private length = 0;
  private remaining = 0;
  /** What a length in so many bytes says at least. */
  private leastLength = 0;
  /** Bytes of its length or of its mask that have not come yet. */
  private headerBytes = 0;
  private mask = 0;

  // The message at hand: its first frame's opcode, or Continuation where no message has begun.
  private messageOpcode: number = Opcode.Continuation;
  private isCompressed = false;
  private fragments = 0;
  private partial: PartialMessage | undefined = undefined;
  private control: PayloadCollector | undefined = undefined;

  constructor(sink: FrameSink, options: FrameReaderOptions) {
    this.sink = sink;
    this.options = options;
  }

  /** Whether it is as good as a new one: it is at the beginning of a message, and nothing holds it back. */
  get isAtRest(): boolean {
    return this.state !== DONE && !this.isMidway && !this.isHeld;
  }

  /** Reads for another one from now on. Only while it {@link isAtRest}. */
  serve(sink: FrameSink, options: FrameReaderOptions): void {
    this.sink = sink;
    this.options = options;
  }

  /** Reads one chunk. It is the reader's from now on. */
  read(chunk: Buffer): void {
    if (this.isHeld) (this.waiting ??= []).push(chunk);
    else this.parse(chunk);
  }

  /** Whether chunks are waiting for {@link release}. */
  get isBehind(): boolean {
    return this.waiting !== undefined;
  }

  /** Whether a frame or a message has begun whose end has not come yet. */
  get isMidway(): boolean {
    return this.state === FIRST ? this.messageOpcode !== Opcode.Continuation : this.state !== DONE;
  }

  /** Tells nothing more until {@link release}: what comes meanwhile is kept. */
  hold(): void {
    this.isHeld = true;
  }

  /** Goes on where {@link hold} stopped. */
  release(): void {
    this.isHeld = false;
    while (this.waiting !== undefined && !this.isHeld) {
      const chunk = this.waiting.shift();
      if (this.waiting.length === 0) this.waiting = undefined;
      if (chunk !== undefined) this.parse(chunk);
    }
  }

  /** Tells nothing more, for good, and lets go of all bytes. */
  stop(): void {
    this.state = DONE;
    this.isHeld = false;
    this.waiting = undefined;
    this.partial = undefined;
    this.control = undefined;
  }

  private parse(chunk: Buffer): void {
    const end = chunk.length;
    let at = 0;
    while (at < end || (this.state === PAYLOAD && this.remaining === 0)) {
      if (this.isHeld) return this.keep(chunk, at);
      switch (this.state) {
        case FIRST:
          this.readFirst(chunk[at++]!);
          break;
        case SECOND:
          this.readSecond(chunk[at++]!);
          break;
        case LENGTH:
          this.readLength(chunk[at++]!);
          break;
        case MASK:
          if (this.headerBytes === 4 && end - at >= 4) {
            this.mask = (chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!;
            this.headerBytes = 0;
            at += 4;
          } else {
            this.mask = (this.mask << 8) | chunk[at++]!;
            this.headerBytes--;
          }
          if (this.headerBytes === 0) this.state = PAYLOAD;
          break;
        case PAYLOAD:
          at = this.readPayload(chunk, at);
          break;
        default:
          return;
      }
    }
  }

  private keep(chunk: Buffer, at: number): void {
    (this.waiting ??= []).unshift(chunk.subarray(at));
  }

  private readFirst(byte: number): void {
    const opcode = byte & frame.OPCODE;
    const isCompressed = (byte & frame.RSV1) !== 0;
    this.opcode = opcode;
    this.fin = (byte & frame.FIN) !== 0;
    this.state = SECOND;
    if ((byte & (frame.RSV2 | frame.RSV3)) !== 0)
      return this.fail(CloseCode.ProtocolError, 'RSV2 or RSV3 is set', 'WS_ERR_UNEXPECTED_RSV_2_3');
    // RFC 7692 §6: only on the first frame of a message, and only where it was agreed on.
    if (isCompressed && (this.options.deflate !== true || (opcode !== Opcode.Text && opcode !== Opcode.Binary)))
      return this.fail(CloseCode.ProtocolError, 'RSV1 is set', 'WS_ERR_UNEXPECTED_RSV_1');
    if (opcode >= frame.FIRST_CONTROL) {
      if (opcode > Opcode.Pong) this.fail(CloseCode.ProtocolError, 'reserved opcode', 'WS_ERR_INVALID_OPCODE');
      else if (!this.fin) this.fail(CloseCode.ProtocolError, 'fragmented control frame', 'WS_ERR_EXPECTED_FIN');
      return;
    }
    if (opcode === Opcode.Continuation) {
      if (this.messageOpcode === Opcode.Continuation)
        return this.fail(CloseCode.ProtocolError, 'nothing to continue', 'WS_ERR_INVALID_OPCODE');
    } else {
      if (opcode > Opcode.Binary) return this.fail(CloseCode.ProtocolError, 'reserved opcode', 'WS_ERR_INVALID_OPCODE');
      if (this.messageOpcode !== Opcode.Continuation)
        return this.fail(CloseCode.ProtocolError, 'new message inside a fragmented one', 'WS_ERR_INVALID_OPCODE');
      this.messageOpcode = opcode;
      this.isCompressed = isCompressed;
    }
    if (this.options.maxFragments > 0 && ++this.fragments > this.options.maxFragments)
      this.fail(
        CloseCode.PolicyViolation,
        `more than ${this.options.maxFragments} fragments`,
        'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      );
  }

  private readSecond(byte: number): void {
    const isMasked = (byte & frame.MASK) !== 0;
    // §5.1, checked before the length is read: a flood of wrong frames costs two bytes a connection.
    if (isMasked !== (this.options.role === 'server'))
      return isMasked
        ? this.fail(CloseCode.ProtocolError, 'server frame with mask', 'WS_ERR_UNEXPECTED_MASK')
        : this.fail(CloseCode.ProtocolError, 'client frame without mask', 'WS_ERR_EXPECTED_MASK');
    const length = byte & frame.LENGTH;
    this.length = 0;
    if (length < frame.LENGTH_16) {
      this.length = length;
      return this.readAfterLength();
    }
    if (this.opcode >= frame.FIRST_CONTROL)
      return this.fail(
        CloseCode.ProtocolError,
        'control frame of more than 125 bytes',
        'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
      );
    this.headerBytes = length === frame.LENGTH_16 ? 2 : 8;
    this.leastLength = length === frame.LENGTH_16 ? frame.LENGTH_16 : 65_536;
    this.state = LENGTH;
  }

  private readLength(byte: number): void {
    // §5.2: the most significant bit of the 64 must be 0. Below it, a double is exact wherever a limit can be.
    if (this.headerBytes === 8 && byte >= 0x80)
      return this.fail(
        CloseCode.ProtocolError,
        'length of more than 63 bits',
        'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
      );
    this.length = this.length * 256 + byte;
    if (--this.headerBytes > 0) return;
    // §5.2: "in all cases, the minimal number of bytes MUST be used".
    if (this.length < this.leastLength)
      return this.fail(
        CloseCode.ProtocolError,
        'length in more bytes than it needs',
        'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
      );
    this.readAfterLength();
  }

  private readAfterLength(): void {
    this.remaining = this.length;
    if (this.opcode < frame.FIRST_CONTROL) {
      const size = this.length + (this.partial === undefined ? 0 : this.partial.size);
      if (size > this.wireLimit()) {
        const limit = this.options.maxMessageBytes;
        return this.fail(
          CloseCode.TooBig,
          `message of at least ${size} bytes, limit ${limit}`,
          'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        );
      }
    }
    if (this.options.role === 'client') {
      this.state = PAYLOAD;
    } else {
      this.mask = 0;
      this.headerBytes = 4;
      this.state = MASK;
    }
  }

  /** What does not compress grows by five bytes a block (RFC 1951 §3.2.4): that alone must not refuse a message. */
  private wireLimit(): number {
    const limit = this.options.maxMessageBytes;
    return this.isCompressed ? limit + (limit >>> 8) + 64 : limit;
  }

  private readPayload(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.remaining);
    const done = this.length - this.remaining;
    let seen: number;
    if (this.options.role === 'server') seen = applyMask(chunk, start, end, turnMask(this.mask, done));
    else seen = end - start > SCAN_UP_TO ? 0x80 : scan(chunk, start, end);
    this.remaining -= end - start;
    if (this.opcode >= frame.FIRST_CONTROL) this.readControl(chunk, start, end);
    else this.readData(chunk, start, end, seen);
    return end;
  }

  private readData(chunk: Buffer, start: number, end: number, seen: number): void {
    if (this.remaining === 0) this.state = FIRST;
    const isLast = this.remaining === 0 && this.fin;
    const isText = this.messageOpcode === Opcode.Text && !this.isCompressed;
    if (isLast && end - start === this.length && this.partial === undefined) {
      // A whole message in one piece, as most are: no copy.
      if (isText) return this.tellText(chunk, start, end, seen < 0x80);
      return this.tellBytes(chunk.subarray(start, end));
    }
    const isString = isText && this.options.textAsBytes !== true;
    const partial = (this.partial ??= new PartialMessage(isText, isString));
    const expected = this.fin ? partial.size + (end - start) + this.remaining : Infinity;
    if (!partial.push(chunk, start, end, seen, expected))
      return this.fail(CloseCode.InvalidPayload, 'text is not UTF-8', 'WS_ERR_INVALID_UTF8');
    if (!isLast) return;
    this.partial = undefined;
    if (!isText) return this.tellBytes(partial.take());
    if (!partial.finish())
      return this.fail(CloseCode.InvalidPayload, 'text ends inside a letter', 'WS_ERR_INVALID_UTF8');
    this.forgetMessage();
    this.sink.message(isString ? partial.takeText() : partial.take(), false);
  }

  private tellText(chunk: Buffer, start: number, end: number, isAscii: boolean): void {
    this.forgetMessage();
    if (!isAscii && !isUtf8(chunk.subarray(start, end)))
      return this.fail(CloseCode.InvalidPayload, 'text is not UTF-8', 'WS_ERR_INVALID_UTF8');
    if (this.options.textAsBytes === true) this.sink.message(chunk.subarray(start, end), false);
    else this.sink.message(chunk.toString(encodingOf(isAscii), start, end), false);
  }

  private tellBytes(data: Buffer): void {
    const isBinary = this.messageOpcode === Opcode.Binary;
    const { isCompressed } = this;
    this.forgetMessage();
    if (isCompressed) this.sink.compressed(data, isBinary);
    else this.sink.message(data, isBinary);
  }

  private forgetMessage(): void {
    this.messageOpcode = Opcode.Continuation;
    this.isCompressed = false;
    this.fragments = 0;
  }

  private readControl(chunk: Buffer, start: number, end: number): void {
    if (this.remaining > 0) {
      (this.control ??= new PayloadCollector()).push(chunk, start, end, this.length);
      return;
    }
    this.state = FIRST;
    let payload = start === end ? NOTHING : chunk.subarray(start, end);
    if (this.control !== undefined) {
      this.control.push(chunk, start, end, this.length);
      payload = this.control.take();
      this.control = undefined;
    }
    if (this.opcode === Opcode.Ping) this.sink.ping(payload);
    else if (this.opcode === Opcode.Pong) this.sink.pong(payload);
    else this.readClose(payload);
  }

  private readClose(payload: Buffer): void {
    const read = readClosePayload(payload);
    if ('violation' in read) return this.fail(read.answer, read.why, read.violation);
    this.stop();
    this.sink.close(read.code, read.reason);
  }

  private fail(code: CloseCode, why: string, violation: Violation): void {
    this.stop();
    this.sink.fail(code, why, violation);
  }
}

function scan(bytes: Buffer, start: number, end: number): number {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at]!;
  return seen;
}
