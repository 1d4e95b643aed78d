/** What a connection tells, as events of the WebSocket that an application holds. */
import type { EventEmitter } from 'node:events';

import { CloseCode } from './close-code.ts';
import { ConnectionError } from './connection-error.ts';
import type { ConnectionSink } from './connection.ts';

/** What a binary message is handed over as. */
export type BinaryType = (typeof binaryTypes)[number];
const binaryTypes = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const;

/** A message as `on('message')` gets it: a text is a Buffer with its UTF-8, as in `ws`. */
export type RawData = Buffer | ArrayBuffer | Buffer[] | Blob;

/** An empty buffer can't be changed, so all may have the same. */
const NO_REASON = Buffer.alloc(0);

export function isBinaryType(value: unknown): value is BinaryType {
  return binaryTypes.includes(value as BinaryType);
}

/** Who holds a connection, and tells what comes of it. */
export interface Announced extends EventEmitter {
  /** The connection is closed, and all is told. */
  letGo(): void;
}

/** Takes messages as they come, a text as a string. */
export interface MessageReceiver {
  onData(data: string | RawData): void;
  /** A piece of one has come, and its rest has not. */
  onPart(): void;
}

export class Announcer implements ConnectionSink {
  private readonly target: Announced;
  /** Where set before the connection is made, it gets all messages, and events are emitted for those who listen beside it. */
  receiver: MessageReceiver | undefined = undefined;
  binaryType: BinaryType = 'nodebuffer';
  isClosed = false;
  private hasFailed = false;
  /** Whether both sides said Close; known once closed. */
  wasClean = false;

  constructor(target: Announced) {
    this.target = target;
  }

  message(data: string | Buffer, isBinary: boolean): void {
    const { receiver, target } = this;
    // Without a receiver the connection was made with textAsBytes.
    const shown = isBinary ? shaped(data as Buffer, this.binaryType) : data;
    if (receiver !== undefined) {
      receiver.onData(shown);
      if (target.listenerCount('message') === 0) return;
    }
    target.emit('message', typeof shown === 'string' ? Buffer.from(shown) : shown, isBinary);
  }

  partial(): void {
    this.receiver?.onPart();
  }

  ping(payload: Buffer): void {
    this.target.emit('ping', payload);
  }

  pong(payload: Buffer): void {
    this.target.emit('pong', payload);
  }

  drain(): void {
    this.target.emit('drain');
  }

  closed(code: number, reason: string, wasClean: boolean, error?: Error): void {
    this.isClosed = true;
    this.wasClean = wasClean;
    // A broken line is no error to WHATWG, only an unclean close.
    if (error instanceof ConnectionError && !this.hasFailed) this.failed(error);
    this.guard(() => this.target.emit('close', code, reason === '' ? NO_REASON : Buffer.from(reason)));
    this.target.letGo();
  }

  /** Tells of an error to those who listen. One of a listener's own making is never lost: without them it is a warning. */
  failed(error: Error): void {
    this.hasFailed = true;
    if (this.target.listenerCount('error') > 0) this.guard(() => this.target.emit('error', error));
    else if (error instanceof ConnectionError && error.closeCode === CloseCode.InternalError) warnOf(error.cause);
  }

  /** Runs listeners where nobody above could bear it that one throws. */
  guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      warnOf(error);
    }
  }
}

/** Tells of what a listener threw where nobody above could bear it. */
export function warnOf(thrown: unknown): void {
  process.emitWarning(thrown instanceof Error ? thrown : new Error(`a WebSocket's listener threw ${String(thrown)}`));
}

function shaped(bytes: Buffer, binaryType: BinaryType): RawData {
  switch (binaryType) {
    case 'nodebuffer':
      return bytes;
    case 'fragments':
      return [bytes];
    case 'blob':
      return new Blob([bytes as Uint8Array<ArrayBuffer>]);
    case 'arraybuffer':
      return exactly(bytes);
  }
}

/** An ArrayBuffer that holds these bytes and nothing beside them. */
function exactly(bytes: Buffer): ArrayBuffer {
  const { buffer, byteOffset, length } = bytes;
  // What came off the wire is never shared memory.
  if (length === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
}
