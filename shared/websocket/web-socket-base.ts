/**
 * What every WebSocket of ours offers an application, on a server as on a client: WHATWG's surface, and Node's conveniences
 * as users of `ws` know them. How a connection comes about is left to those who extend it.
 */
import { Announcer, isBinaryType } from './announcer.ts';
import type { BinaryType } from './announcer.ts';
import { CloseCode, isWireCloseCode } from './close-code.ts';
import type { Connection } from './connection.ts';
import { DomSurface } from './dom-surface.ts';
import { MAX_CONTROL_BYTES } from './frame.ts';
import { iterateMessages } from './iterate-messages.ts';
import type { Message } from './iterate-messages.ts';
import { outgoing, outgoingBytes } from './outgoing-data.ts';
import type { SendData } from './outgoing-data.ts';
import { refuseSend } from './sender.ts';
import type { SendCallback } from './sender.ts';
import type { SharedMessage } from './shared-message.ts';
import { CloseEvent, ErrorEvent, MessageEvent, OpenEvent } from './socket-events.ts';
import type { SocketEventMap } from './socket-events.ts';

export interface SendOptions {
  /** Default: whether the data is not a string. */
  readonly binary?: boolean | undefined;
  /** Whether the message may be compressed, where that was agreed on. Default true. */
  readonly compress?: boolean | undefined;
  /** Whether this ends the message. Default true; after a false the next sends go on with the same message. */
  readonly fin?: boolean | undefined;
  /** As in `ws`. Has no effect: a client always masks and a server never does (RFC 6455 §5.1). */
  readonly mask?: boolean | undefined;
}

/** Most bytes in the reason of a Close (RFC 6455 §5.5): a control frame's, less the code's two. */
const MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2;

const readyStates = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
export type ReadyState = (typeof readyStates)[keyof typeof readyStates];

/** As `ws` says it: programs look for that. */
const CLOSED_EARLY = 'WebSocket was closed before the connection was established';

/** Events: `open`, `message` (data, isBinary), `close` (code, reason), `error` (error), `ping` and `pong` (data). */
export abstract class WebSocketBase extends DomSurface {
  static readonly CONNECTING = readyStates.CONNECTING;
  static readonly OPEN = readyStates.OPEN;
  static readonly CLOSING = readyStates.CLOSING;
  static readonly CLOSED = readyStates.CLOSED;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;
  static {
    Object.assign(this.prototype, readyStates);
  }

  /** The subprotocol agreed on, or empty. */
  protocol = '';
  /** The extensions agreed on, as the answer named them, or empty. */
  extensions = '';

  protected readonly announcer = new Announcer(this);
  protected connection: Connection | undefined = undefined;
  /** Whether the opening handshake failed and `close` is about to say so. */
  protected hasFailed = false;
  private isReadingPaused = false;
  private knownOrigin: string | undefined = undefined;
  /** Bytes given to `send` when it was too late: WHATWG counts them as buffered. */
  private lateBytes = 0;

  /** What was connected to; empty on a server. */
  abstract readonly url: string;

  /** Gives up the opening handshake: an `error` and a `close` with 1006 follow. */
  protected abstract abandonOpening(why: string): void;

  /** Opens the socket on `connection`, in the tick in which that came to be. */
  protected attach(connection: Connection): void {
    this.connection = connection;
    connection.sink = this.announcer;
  }

  /**
   * For the announcer. What is closed may be held for long, by an application or by a Set's former table that the collector has
   * not come to: what was below it is not held with it.
   */
  letGo(): void {
    this.connection = undefined;
  }

  get readyState(): ReadyState {
    if (this.announcer.isClosed) return readyStates.CLOSED;
    if (this.connection === undefined) return this.hasFailed ? readyStates.CLOSING : readyStates.CONNECTING;
    return this.connection.isOpen ? readyStates.OPEN : readyStates.CLOSING;
  }

  /** Bytes accepted by `send` and not yet handed to the kernel, with those that came too late. */
  get bufferedAmount(): number {
    return (this.connection?.bufferedAmount ?? 0) + this.lateBytes;
  }

  /** What a binary message is handed over as. Default `nodebuffer`; what is no such type is ignored, as WHATWG asks. */
  get binaryType(): BinaryType {
    return this.announcer.binaryType;
  }

  set binaryType(type: BinaryType) {
    if (isBinaryType(type)) this.announcer.binaryType = type;
  }

  get isPaused(): boolean {
    return this.isReadingPaused;
  }

  /**
   * Sends a message, or a part of one. Bytes are not copied: don't change them until they are sent.
   *
   * In CLOSING and CLOSED it does nothing, as WHATWG asks, but tells `done`.
   *
   * @param done called once: without an error when the kernel has the message, with one when it never will
   * @throws DOMException `InvalidStateError` in CONNECTING
   * @throws TypeError for what can't be sent
   */
  send(data: SendData, options?: SendOptions | SendCallback, done?: SendCallback): void {
    if (typeof options === 'function') return this.send(data, undefined, options);
    const { connection } = this;
    if (connection === undefined || !connection.isOpen) return this.sendLate(data, done);
    const binary = options?.binary;
    const compress = options?.compress ?? true;
    const isLast = options?.fin ?? true;
    const value = outgoing(data);
    if (typeof value !== 'string') {
      if (value instanceof Uint8Array) connection.sendPart(value, binary ?? true, isLast, compress, done);
      else connection.sendBlob(value, binary ?? true, isLast, compress, done);
    } else if (isLast && binary !== true && !connection.isInsideMessage) connection.sendText(value, compress, done);
    else connection.sendPart(Buffer.from(value), binary ?? false, isLast, compress, done);
  }

  /** Sends a message that others get too, for `WebSocketServer.publish`: only a server may. Does nothing unless open. */
  sendShared(message: SharedMessage, compress?: boolean): void {
    this.connection?.sendShared(message, compress);
  }

  /** Resolves when all that was sent so far has left for the kernel; rejects when it never will. */
  drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done: SendCallback = (error) => (error === undefined ? resolve() : reject(error));
      if (this.connection === undefined) refuseSend(done);
      else this.connection.whenSent(done);
    });
  }

  /**
   * @param data at most 125 bytes
   * @throws RangeError where it is longer
   * @throws DOMException `InvalidStateError` in CONNECTING
   */
  ping(data?: SendData | SendCallback, mask?: boolean | SendCallback, done?: SendCallback): void {
    this.refuseWhileConnecting('ping');
    const callback = typeof data === 'function' ? data : typeof mask === 'function' ? mask : done;
    const payload = controlPayload(typeof data === 'function' ? undefined : data);
    if (this.connection === undefined) refuseSend(callback);
    else this.connection.ping(payload, callback);
  }

  /** A pong that nobody asked for; pings are answered without it. See {@link ping}. */
  pong(data?: SendData | SendCallback, mask?: boolean | SendCallback, done?: SendCallback): void {
    this.refuseWhileConnecting('pong');
    const callback = typeof data === 'function' ? data : typeof mask === 'function' ? mask : done;
    const payload = controlPayload(typeof data === 'function' ? undefined : data);
    if (this.connection === undefined) refuseSend(callback);
    else this.connection.pong(payload, callback);
  }

  /**
   * Begins the closing handshake; in CONNECTING gives up the opening one.
   *
   * @param code 1000, 3000 to 4999, and in Node also the others that may stand on the wire; without it the Close says none
   * @param reason at most 123 bytes of UTF-8
   * @throws DOMException `InvalidAccessError` for another code
   * @throws RangeError for a longer reason
   */
  close(code?: number, reason?: string | Uint8Array): void {
    if (code !== undefined && !(Number.isInteger(code) && isWireCloseCode(code)))
      throw new DOMException(`${String(code)} is no close code that may be sent`, 'InvalidAccessError');
    const bytes = outgoingBytes(reason);
    if (bytes.length > MAX_REASON_BYTES)
      throw new RangeError(`a reason has at most ${MAX_REASON_BYTES} bytes, this one ${bytes.length}`);
    if (this.connection !== undefined) {
      // A reason needs a code before it on the wire.
      const isBare = code === undefined && bytes.length === 0;
      this.connection.close(isBare ? undefined : (code ?? CloseCode.Normal), Buffer.from(bytes).toString());
    } else if (this.readyState === readyStates.CONNECTING) this.abandonOpening(CLOSED_EARLY);
  }

  /** Cuts the connection: no more messages, and a `close` with 1006. */
  terminate(): void {
    if (this.connection !== undefined) this.connection.terminate();
    else if (this.readyState === readyStates.CONNECTING) this.abandonOpening(CLOSED_EARLY);
  }

  /** Tells no message until {@link resume}; what the kernel can't keep makes the peer wait. Only while open or closing. */
  pause(): void {
    if (this.connection === undefined || this.announcer.isClosed) return;
    this.isReadingPaused = true;
    this.connection.pause();
  }

  resume(): void {
    if (this.connection === undefined || this.announcer.isClosed) return;
    this.isReadingPaused = false;
    this.connection.resume();
  }

  /** Lets the event loop end although this is open. */
  unref(): void {
    this.connection?.setRef(false);
  }

  /** Takes {@link unref} back. */
  ref(): void {
    this.connection?.setRef(true);
  }

  /** Messages from now on; see {@link iterateMessages}. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    return iterateMessages(this);
  }

  protected override toEvent(type: keyof SocketEventMap, emitted: unknown[]): SocketEventMap[keyof SocketEventMap] {
    const [first, second] = emitted;
    switch (type) {
      case 'open':
        return new OpenEvent('open', this);
      case 'message':
        return new MessageEvent(this, second === true ? first : String(first), this.origin);
      case 'close':
        return new CloseEvent(this, Number(first), String(second), this.announcer.wasClean);
      case 'error':
        return new ErrorEvent(this, first instanceof Error ? first : new Error(String(first)));
    }
  }

  private get origin(): string {
    // Every message event carries it.
    return (this.knownOrigin ??= this.url === '' ? '' : new URL(this.url).origin);
  }

  private sendLate(data: SendData, done: SendCallback | undefined): void {
    this.refuseWhileConnecting('send');
    const value = outgoing(data);
    this.lateBytes += value instanceof Blob ? value.size : Buffer.byteLength(value);
    refuseSend(done);
  }

  private refuseWhileConnecting(deed: string): void {
    if (this.readyState === readyStates.CONNECTING)
      throw new DOMException(`${deed}: the WebSocket is still connecting`, 'InvalidStateError');
  }
}

function controlPayload(data: SendData | undefined): Uint8Array {
  const payload = outgoingBytes(data);
  if (payload.length <= MAX_CONTROL_BYTES) return payload;
  throw new RangeError(`a ping or pong has at most ${MAX_CONTROL_BYTES} bytes, this one ${payload.length}`);
}
