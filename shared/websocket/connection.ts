/**
 * One WebSocket connection, of either role: the thin shell that owns the stream (a TCP or TLS socket, an HTTP/2 stream).
 *
 * It knows the closing handshake and its time limits; what comes in is the Receiver's, what goes out the Sender's. Nothing
 * that a peer or the network does throws. An idle connection holds no buffers and no timer.
 */
import type { Duplex } from 'node:stream';

import debug from 'debug';

import { CloseCode } from './close-code.ts';
import { ConnectionError } from './connection-error.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { ConnectionSink } from './connection-sink.ts';
import type { DeflateAgreement } from './deflate-agreement.ts';
import type { DeflateSettings } from './deflate-options.ts';
import { Deflater } from './deflater.ts';
import { Opcode } from './frame.ts';
import type { Role } from './frame.ts';
import { Inflater } from './inflater.ts';
import { OrderedSender } from './ordered-sender.ts';
import { Receiver } from './receiver.ts';
import { refuseSend, Sender } from './sender.ts';
import type { SendCallback } from './sender.ts';
import type { SharedMessage } from './shared-message.ts';

export type { ConnectionSink };

const log = debug('throughline:websocket:connection');

/** How both ends compress, and how we go about it. */
export interface AgreedDeflate {
  readonly agreement: DeflateAgreement;
  readonly settings: DeflateSettings;
  /** The answer, as the header said it. */
  readonly extension: string;
}

/** How a connection begins. */
export interface Opening {
  /** Bytes that came right behind the handshake. */
  readonly head: Buffer;
  /** The end of the opening handshake, where it is still to be sent: it leaves with the first messages. */
  readonly greeting?: Uint8Array | undefined;
  /** Present where permessage-deflate was agreed on. */
  readonly deflate?: AgreedDeflate | undefined;
}

/** closing: our Close is out, the peer's has not come. ending: nothing is read or sent any more, the stream is being closed. */
type State = 'open' | 'closing' | 'ending' | 'closed';
type Input = 'close' | 'peerClose' | 'fail' | 'finish' | 'gone';

/** Every move there is; one that leads back to its row is ignored on purpose. */
// prettier-ignore
const moves: Record<State, Record<Input, State>> = {
  open:    { close: 'closing', peerClose: 'ending', fail: 'ending', finish: 'ending', gone: 'closed' },
  closing: { close: 'closing', peerClose: 'ending', fail: 'ending', finish: 'ending', gone: 'closed' },
  ending:  { close: 'ending',  peerClose: 'ending', fail: 'ending', finish: 'ending', gone: 'closed' },
  closed:  { close: 'closed',  peerClose: 'closed', fail: 'closed', finish: 'closed', gone: 'closed' },
};

/** Where a stream's listeners find its connection. Four closures would be 260 bytes of each idle connection's 2,600. */
const CONNECTION = Symbol('connection');

interface OwnedStream extends Duplex {
  [CONNECTION]?: Connection;
}

const silentSink: ConnectionSink = { message() {}, drain() {}, closed() {} };

export class Connection {
  /** Set by the owner in the tick in which it gets the connection: nothing is told before that is over. */
  sink: ConnectionSink = silentSink;

  private readonly socket: Duplex;
  private readonly settings: ConnectionSettings;
  /** The extensions agreed on, as the header named them; empty where there are none. */
  readonly extensions: string;
  private readonly sender: Sender;
  private readonly receiver: Receiver;
  /** Present once something that is sent may take time. */
  private ordered: OrderedSender | undefined = undefined;

  private state: State = 'open';
  private closeTimer: NodeJS.Timeout | undefined = undefined;
  private drainedBytes = 0;
  private isMidMessage = false;
  /** What happened to the stream while some of what had come was still to be told. */
  private behind: 'nothing' | 'end' | 'gone' = 'nothing';

  // What `closed` will say.
  private code: number = CloseCode.Abnormal;
  private reason = '';
  private wasClean = false;
  private error: Error | undefined = undefined;

  constructor(socket: Duplex, settings: ConnectionSettings, { head, greeting, deflate }: Opening) {
    this.socket = socket;
    this.settings = settings;
    this.extensions = deflate?.extension ?? '';
    this.sender = new Sender(socket, settings, this);
    if (deflate !== undefined) this.ordered = new OrderedSender(this.sender, newDeflater(settings.role, deflate), this);
    this.receiver = new Receiver(this, settings, deflate && newInflater(settings.role, deflate));
    if (greeting !== undefined) this.sender.greet(greeting);
    if (head.length > 0) socket.unshift(head);
    const owned: OwnedStream = socket;
    owned[CONNECTION] = this;
    socket.on('error', Connection.onError);
    socket.on('end', Connection.onEnd);
    socket.on('close', Connection.onClose);
    socket.on('data', Connection.onData);
  }

  private static readonly onData = function (this: OwnedStream, chunk: Buffer): void {
    this[CONNECTION]!.read(chunk);
  };

  private static readonly onEnd = function (this: OwnedStream): void {
    this[CONNECTION]!.finish();
  };

  private static readonly onError = function (this: OwnedStream, error: Error): void {
    this[CONNECTION]!.error ??= error;
  };

  private static readonly onClose = function (this: OwnedStream): void {
    this[CONNECTION]!.gone();
  };

  /** Bytes accepted and not yet handed to the kernel. */
  get bufferedAmount(): number {
    return this.sender.bufferedAmount;
  }

  /** Whether messages can still be sent: neither side has begun to close. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** @param compress whether it may be compressed, where that was agreed on */
  sendText(text: string, compress = true, done?: SendCallback): void {
    if (this.state !== 'open') refuseSend(done);
    else if (this.ordered === undefined) this.sender.text(text, done);
    else this.ordered.text(text, compress, done);
  }

  /** @param bytes must not change until they are sent */
  sendBinary(bytes: Uint8Array, compress = true, done?: SendCallback): void {
    if (this.state !== 'open') refuseSend(done);
    else if (this.ordered === undefined) this.sender.frame(Opcode.Binary, bytes, true, done);
    else this.ordered.part(Opcode.Binary, bytes, true, compress, done);
  }

  /**
   * Sends a part of a message, or all of it: parts follow each other until one is the last.
   *
   * @param bytes must not change until they are sent; those of a text must be UTF-8
   */
  sendPart(bytes: Uint8Array, isBinary: boolean, isLast: boolean, compress = true, done?: SendCallback): void {
    if (this.state !== 'open') return refuseSend(done);
    const opcode = this.isMidMessage ? Opcode.Continuation : isBinary ? Opcode.Binary : Opcode.Text;
    this.isMidMessage = !isLast;
    if (this.ordered === undefined) this.sender.frame(opcode, bytes, isLast, done);
    else this.ordered.part(opcode, bytes, isLast, compress, done);
  }

  /** Whether a message was begun by {@link sendPart} and its last part is still to come. */
  get isInsideMessage(): boolean {
    return this.isMidMessage;
  }

  /** Sends a Blob once it is read; what is sent later comes later. */
  sendBlob(blob: Blob, isBinary: boolean, compress = true, done?: SendCallback): void {
    if (this.state !== 'open') return refuseSend(done);
    this.ordered ??= new OrderedSender(this.sender, undefined, this);
    this.ordered.blob(blob, isBinary, compress, done);
  }

  /** Sends what {@link frameMessage} made: only a server may, as a client has to mask. */
  sendFrames(frames: Uint8Array, done?: SendCallback): void {
    if (this.state !== 'open') refuseSend(done);
    else if (this.ordered === undefined) this.sender.raw(frames, done);
    else this.ordered.raw(frames, done);
  }

  /** Sends a message that others get too: only a server may. */
  sendShared(message: SharedMessage, compress = true, done?: SendCallback): void {
    if (this.state !== 'open') refuseSend(done);
    else if (this.ordered === undefined) this.sender.raw(message.frames, done);
    else this.ordered.shared(message, compress, done);
  }

  /** Calls `done` once all that was sent so far has left, or never will. */
  whenSent(done: SendCallback): void {
    if (this.state === 'closed') refuseSend(done);
    else if (this.ordered === undefined) this.sender.whenSent(done);
    else this.ordered.behind(() => this.sender.whenSent(done), done);
  }

  /** @param payload at most 125 bytes */
  ping(payload: Uint8Array = NOTHING, done?: SendCallback): void {
    if (this.state === 'open') this.sender.frame(Opcode.Ping, payload, true, done);
    else refuseSend(done);
  }

  /** A pong that nobody asked for (§5.5.3). @param payload at most 125 bytes */
  pong(payload: Uint8Array = NOTHING, done?: SendCallback): void {
    if (this.state === 'open') this.sender.frame(Opcode.Pong, payload, true, done);
    else refuseSend(done);
  }

  /**
   * Begins the closing handshake (§7.1.2). Cut after `closeTimeoutMs` where the peer doesn't answer.
   *
   * @param code without it the Close says nothing
   */
  close(code?: number, reason = ''): void {
    if (this.state !== 'open') return;
    this.move('close', `closing with ${code ?? 'no code'}`);
    this.sendLast(() => this.sender.close(code ?? 0, reason));
    this.cutAfterTimeout();
  }

  /** Cuts the connection. Nothing more is told but `closed`. */
  terminate(): void {
    this.receiver.stop();
    this.move('fail', 'terminated');
    if (this.behind === 'gone') this.gone();
    else this.socket.destroy();
  }

  /** Tells no message until {@link resume}, and soon reads no more. */
  pause(): void {
    if (this.state === 'ending' || this.state === 'closed') return;
    this.receiver.pause();
    this.socket.pause();
  }

  resume(): void {
    this.receiver.resume();
    // Not from within the call: a listener may be on the stack below it.
    process.nextTick(() => this.catchUp());
  }

  /** Whether the event loop stays alive for this connection. Default true. */
  setRef(isRef: boolean): void {
    // Sockets have these two, an HTTP/2 stream has not.
    const stream: Duplex & { ref?(): void; unref?(): void } = this.socket;
    if (isRef) stream.ref?.();
    else stream.unref?.();
  }

  /** Runs listeners of this connection: one that throws ends it with 1011. */
  guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.threw(error);
    }
  }

  /** For the sender. */
  drained(): void {
    this.sink.drain();
  }

  /** For the sender. */
  tooSlow(why: string): void {
    this.error ??= new ConnectionError(CloseCode.PolicyViolation, `slow consumer: ${why}`);
    log('cut: slow consumer, %s', why);
    this.terminate();
  }

  /** For the receiver. */
  pinged(payload: Buffer): void {
    if (this.settings.autoPong && this.state === 'open') this.sender.answerPing(payload);
    this.sink.ping?.(payload);
  }

  /** For the receiver. */
  peerClosed(code: number, reason: string): void {
    const wasOpen = this.state === 'open';
    this.move('peerClose', `peer closed with ${code}`);
    this.code = code;
    this.reason = reason;
    this.wasClean = true;
    this.sendLast(() => {
      if (wasOpen) this.sender.close(code === CloseCode.NoStatus ? 0 : code, reason);
      // §7.1.1: the server ends the TCP connection first; a client waits for that.
      if (this.settings.role === 'server') this.sender.end();
    });
    this.cutAfterTimeout();
  }

  /** For the receiver. */
  peerFailed(code: CloseCode, why: string): void {
    this.fail(new ConnectionError(code, why));
  }

  /** For the receiver. */
  inflated(): void {
    this.catchUp();
  }

  /** For the ordered sender. */
  cannotSend(error: Error): void {
    this.fail(new ConnectionError(CloseCode.InternalError, 'a message could not be sent', { cause: error }));
  }

  private fail(error: ConnectionError): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.receiver.stop();
    this.ordered?.abandon(error);
    this.move('fail', error.message);
    this.error ??= error;
    if (wasOpen) this.sender.close(error.closeCode, '');
    this.sender.end();
    this.cutAfterTimeout();
  }

  private read(chunk: Buffer): void {
    if (this.state === 'ending') return this.drainInput(chunk.length);
    const wasBehind = this.receiver.isBehind;
    this.turn(chunk);
    // A chunk more may come while a message is being inflated; a peer that goes on has to wait.
    if (wasBehind && this.receiver.isBehind) this.socket.pause();
  }

  /** Tells what was held back, if nothing holds it back any more. */
  private catchUp(): void {
    if (this.state === 'open' || this.state === 'closing') this.turn();
    if (this.receiver.isBehind) return;
    if (this.behind === 'gone') this.gone();
    else if (this.behind === 'end') this.finish();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** Handles a chunk, or what was held back. What is sent meanwhile leaves in one write. */
  private turn(chunk?: Buffer): void {
    this.sender.beginTurn();
    try {
      if (chunk === undefined) this.receiver.catchUp();
      else this.receiver.read(chunk);
    } catch (error) {
      this.threw(error);
    }
    this.sender.endTurn();
  }

  /** The application's listener threw: its own connection bears it, not the process and all other connections. */
  private threw(error: unknown): void {
    this.fail(new ConnectionError(CloseCode.InternalError, 'a listener threw', { cause: error }));
  }

  /** What comes behind the end is read so that our Close isn't lost to a reset, but not for ever. */
  private drainInput(size: number): void {
    this.drainedBytes += size;
    if (this.drainedBytes > this.settings.limits.maxDrainBytes) this.socket.destroy();
  }

  private finish(): void {
    this.behind = 'nothing';
    if (this.receiver.isBehind) {
      this.behind = 'end';
      return;
    }
    if (this.state !== 'ending') {
      this.receiver.stop();
      this.move('finish', 'peer ended the stream without a Close');
      this.cutAfterTimeout();
    }
    this.sender.end();
  }

  private gone(): void {
    clearTimeout(this.closeTimer);
    this.behind = 'nothing';
    // After an orderly end all that came is told first.
    if (this.receiver.isBehind && this.error === undefined) {
      this.behind = 'gone';
      return;
    }
    this.receiver.stop();
    this.move('gone', 'stream closed');
    const error = this.error ?? new ConnectionError(this.code, 'the connection is closed');
    this.ordered?.abandon(error);
    this.sender.abandon(error);
    this.sink.closed(this.code, this.reason, this.wasClean, this.error);
  }

  /** Sends the last of what we have to say, behind all that was sent before. */
  private sendLast(send: () => void): void {
    if (this.ordered === undefined) send();
    else this.ordered.behind(send);
  }

  private cutAfterTimeout(): void {
    clearTimeout(this.closeTimer);
    this.closeTimer = setTimeout(() => this.socket.destroy(), this.settings.limits.closeTimeoutMs).unref();
    if (this.state === 'ending') this.socket.resume();
  }

  private move(input: Input, why: string): void {
    const from = this.state;
    this.state = moves[from][input];
    log('%s: %s → %s', why, from, this.state);
  }
}

const NOTHING = Buffer.alloc(0);

function newDeflater(role: Role, { agreement, settings }: AgreedDeflate): Deflater {
  return role === 'server'
    ? new Deflater(agreement.serverMaxWindowBits, agreement.serverNoContextTakeover, settings)
    : new Deflater(agreement.clientMaxWindowBits, agreement.clientNoContextTakeover, settings);
}

function newInflater(role: Role, { agreement, settings }: AgreedDeflate): Inflater {
  return role === 'server'
    ? new Inflater(agreement.clientMaxWindowBits, agreement.clientNoContextTakeover, settings.concurrencyLimit)
    : new Inflater(agreement.serverMaxWindowBits, agreement.serverNoContextTakeover, settings.concurrencyLimit);
}
