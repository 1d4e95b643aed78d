/**
 * What can be sent on a connection while it is open. What is sent later does nothing, but tells its callback.
 */
import type { Duplex } from 'node:stream';

import type { ConnectionSettings } from './connection-settings.ts';
import type { Deflater } from './deflater.ts';
import { Opcode } from './frame.ts';
import { OrderedSender } from './ordered-sender.ts';
import type { OrderedSenderOwner } from './ordered-sender.ts';
import { refuseSend, Sender } from './sender.ts';
import type { SendCallback, SenderOwner } from './sender.ts';
import type { SharedMessage } from './shared-message.ts';

const NOTHING = Buffer.alloc(0);

export abstract class SendingHalf implements SenderOwner, OrderedSenderOwner {
  protected readonly sender: Sender;
  /** Present once something that is sent may take time. */
  protected ordered: OrderedSender | undefined = undefined;
  private isMidMessage = false;

  /** @param deflater present where permessage-deflate was agreed on */
  constructor(socket: Duplex, settings: ConnectionSettings, deflater: Deflater | undefined) {
    this.sender = new Sender(socket, settings, this);
    if (deflater !== undefined) this.ordered = new OrderedSender(this.sender, deflater, this);
  }

  /** Whether messages can still be sent: neither side has begun to close. */
  abstract readonly isOpen: boolean;
  /** Whether the stream is closed. */
  protected abstract readonly isClosed: boolean;

  abstract drained(): void;
  abstract tooSlow(why: string): void;
  abstract cannotSend(error: Error): void;

  /** Bytes accepted and not yet handed to the kernel. */
  get bufferedAmount(): number {
    return this.sender.bufferedAmount;
  }

  /** @param compress whether it may be compressed, where that was agreed on */
  sendText(text: string, compress = true, done?: SendCallback): void {
    if (!this.isOpen) refuseSend(done);
    else if (this.ordered === undefined) this.sender.text(text, done);
    else this.ordered.text(text, compress, done);
  }

  /** Sends a text with the ASCII character of code `lead` before it: the type of a packet of the floor above. */
  sendTyped(lead: number, text: string, compress = true): void {
    if (this.ordered !== undefined) this.sendText(String.fromCharCode(lead) + text, compress);
    else if (this.isOpen) this.sender.text(text, undefined, lead);
  }

  /** @param bytes must not change until they are sent */
  sendBinary(bytes: Uint8Array, compress = true, done?: SendCallback): void {
    if (!this.isOpen) refuseSend(done);
    else if (this.ordered === undefined) this.sender.frame(Opcode.Binary, bytes, true, done);
    else this.ordered.part(Opcode.Binary, bytes, true, compress, done);
  }

  /**
   * Sends a part of a message, or all of it: parts follow each other until one is the last.
   *
   * @param bytes must not change until they are sent; those of a text must be UTF-8
   */
  sendPart(bytes: Uint8Array, isBinary: boolean, isLast: boolean, compress = true, done?: SendCallback): void {
    if (!this.isOpen) return refuseSend(done);
    const opcode = this.opcodeOfPart(isBinary, isLast);
    if (this.ordered === undefined) this.sender.frame(opcode, bytes, isLast, done);
    else this.ordered.part(opcode, bytes, isLast, compress, done);
  }

  /** Whether a message was begun by {@link sendPart} and its last part is still to come. */
  get isInsideMessage(): boolean {
    return this.isMidMessage;
  }

  /** {@link sendPart} of a Blob, once it is read; what is sent later comes later. */
  sendBlob(blob: Blob, isBinary: boolean, isLast: boolean, compress = true, done?: SendCallback): void {
    if (!this.isOpen) return refuseSend(done);
    this.ordered ??= new OrderedSender(this.sender, undefined, this);
    this.ordered.blob(this.opcodeOfPart(isBinary, isLast), blob, isLast, compress, done);
  }

  /** Sends what {@link frameMessage} made: only a server may, as a client has to mask. */
  sendFrames(frames: Uint8Array, done?: SendCallback): void {
    if (!this.isOpen) refuseSend(done);
    else if (this.ordered === undefined) this.sender.raw(frames, done);
    else this.ordered.raw(frames, done);
  }

  /** Sends a message that others get too: only a server may. */
  sendShared(message: SharedMessage, compress = true, done?: SendCallback): void {
    if (!this.isOpen) refuseSend(done);
    else if (this.ordered === undefined) this.sender.raw(message.frames, done);
    else this.ordered.shared(message, compress, done);
  }

  /** Calls `done` once all that was sent so far has left, or never will. */
  whenSent(done: SendCallback): void {
    if (this.isClosed) refuseSend(done);
    else if (this.ordered === undefined) this.sender.whenSent(done);
    else this.ordered.behind(() => this.sender.whenSent(done), done);
  }

  /** A ping, behind all that was sent before. @param payload at most 125 bytes */
  ping(payload: Uint8Array = NOTHING, done?: SendCallback): void {
    this.control(Opcode.Ping, payload, done);
  }

  /** A pong that nobody asked for (§5.5.3), behind all that was sent before. @param payload at most 125 bytes */
  pong(payload: Uint8Array = NOTHING, done?: SendCallback): void {
    this.control(Opcode.Pong, payload, done);
  }

  /** Sends the last of what we have to say, behind all that was sent before. */
  protected sendLast(send: () => void): void {
    if (this.ordered === undefined) send();
    else this.ordered.behind(send);
  }

  private control(opcode: Opcode, payload: Uint8Array, done: SendCallback | undefined): void {
    if (!this.isOpen) refuseSend(done);
    else if (this.ordered === undefined) this.sender.frame(opcode, payload, true, done);
    else this.ordered.behind(() => this.sender.frame(opcode, payload, true, done), done);
  }

  private opcodeOfPart(isBinary: boolean, isLast: boolean): Opcode {
    const opcode = this.isMidMessage ? Opcode.Continuation : isBinary ? Opcode.Binary : Opcode.Text;
    this.isMidMessage = !isLast;
    return opcode;
  }
}
