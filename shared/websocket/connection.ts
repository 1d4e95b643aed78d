/**
 * One WebSocket connection, of either role: the thin shell that owns the stream (a TCP or TLS socket, an HTTP/2 stream).
 *
 * It knows the closing handshake and its time limits; what comes in is the Receiver's, what goes out the Sender's. Nothing
 * that a peer or the network does throws. An idle connection holds no buffers and no timer.
 */
import type { Duplex } from 'node:stream';

import debug from 'debug';

import { newDeflater, newInflater } from './agreed-deflate.ts';
import type { AgreedDeflate } from './agreed-deflate.ts';
import { CloseCode } from './close-code.ts';
import { ConnectionError } from './connection-error.ts';
import type { Violation } from './connection-error.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { ConnectionSink } from './connection-sink.ts';
import { Ending } from './ending.ts';
import { streamOwning } from './owned-stream.ts';
import { Receiver } from './receiver.ts';
import type { ReceiverOwner } from './receiver.ts';
import { SendingHalf } from './sending-half.ts';
import { beginTurn, endTurn } from './turn.ts';

export type { ConnectionSink };

const log = debug('throughline:websocket:connection');

/** How a connection begins. */
export interface Opening {
  /** Bytes that came right behind the handshake. */
  readonly head: Buffer;
  /** The end of the opening handshake, where it is still to be sent: it leaves with the first messages. */
  readonly greeting?: string | undefined;
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

const silentSink: ConnectionSink = { message() {}, drain() {}, closed() {} };

export class Connection extends SendingHalf implements ReceiverOwner {
  /** Set by the owner in the tick in which it gets the connection: nothing is told before that is over. */
  sink: ConnectionSink = silentSink;

  private readonly socket: Duplex;
  private readonly settings: ConnectionSettings;
  /** The extensions agreed on, as the header named them; empty where there are none. */
  readonly extensions: string;
  private readonly receiver: Receiver;

  private state: State = 'open';
  /** What happened to the stream while some of what had come was still to be told. */
  private behind: 'nothing' | 'end' | 'gone' = 'nothing';
  /** There from the first sign of the end on. */
  private ending: Ending | undefined = undefined;

  constructor(socket: Duplex, settings: ConnectionSettings, { head, greeting, deflate }: Opening) {
    super(socket, settings, deflate && newDeflater(settings.role, deflate));
    this.socket = socket;
    this.settings = settings;
    this.extensions = deflate?.extension ?? '';
    this.receiver = new Receiver(this, settings, deflate && newInflater(settings.role, deflate));
    if (greeting !== undefined) this.sender.greet(greeting);
    if (head.length > 0) socket.unshift(head);
    Connection.own(socket, this);
    // It may have been paused until somebody would listen.
    socket.resume();
  }

  private static readonly own = streamOwning<Connection>({
    chunk: (connection, chunk) => connection.read(chunk),
    ended: (connection) => connection.finish(),
    failed: (connection, error) => void (connection.end.error ??= error),
    gone: (connection) => connection.gone(),
  });

  /** Whether messages can still be sent: neither side has begun to close. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Bytes that came so far, as the socket counts them; 0 on an HTTP/2 stream, which doesn't. */
  get bytesRead(): number {
    const stream: Duplex & { readonly bytesRead?: number } = this.socket;
    return stream.bytesRead ?? 0;
  }

  /** The same of bytes that were handed to the socket. */
  get bytesWritten(): number {
    const stream: Duplex & { readonly bytesWritten?: number } = this.socket;
    return stream.bytesWritten ?? 0;
  }

  get isClosed(): boolean {
    return this.state === 'closed';
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

  /** Cuts the connection, behind what the kernel takes at once of what was sent. Nothing more is told but `closed`. */
  terminate(): void {
    this.receiver.stop();
    this.move('fail', 'terminated');
    this.sender.hurry();
    this.destroy();
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
    try {
      this.sink.drain();
    } catch (error) {
      this.threw(error);
    }
  }

  /** For the sender. */
  tooSlow(why: string): void {
    this.end.error ??= new ConnectionError(CloseCode.PolicyViolation, `slow consumer: ${why}`);
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
    this.end.byPeer(code, reason);
    this.sendLast(() => {
      if (wasOpen) this.sender.close(code === CloseCode.NoStatus ? 0 : code, reason);
      // §7.1.1: the server ends the TCP connection first; a client waits for that.
      if (this.settings.role === 'server') this.sender.end();
    });
    this.cutAfterTimeout();
  }

  /** For the receiver. */
  peerFailed(closeCode: CloseCode, why: string, code: Violation): void {
    this.fail(new ConnectionError(closeCode, why, { code }));
  }

  /** For the receiver. */
  inflated(): void {
    this.catchUp();
  }

  /** For the ordered sender. */
  cannotSend(error: Error): void {
    const failure = new ConnectionError(CloseCode.InternalError, 'a message could not be sent', { cause: error });
    this.ordered?.abandon(failure);
    this.fail(failure);
  }

  private fail(error: ConnectionError): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    const { end } = this;
    const isFirst = end.error === undefined;
    this.receiver.stop();
    this.move('fail', error.message);
    end.error ??= error;
    // What the application sent before still leaves, whether it has to be compressed or not.
    this.sendLast(() => {
      if (wasOpen) this.sender.close(error.closeCode, '');
      this.sender.end();
    });
    this.cutAfterTimeout();
    if (isFirst) this.sink.failed?.(error);
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
    // Resumed and paused again, before this came to run.
    if (this.receiver.isPaused) return;
    if (this.state === 'open' || this.state === 'closing') this.turn();
    if (this.receiver.isBehind) return;
    if (this.behind === 'gone') this.gone();
    else if (this.behind === 'end') this.finish();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** Handles a chunk, or what was held back. What is sent meanwhile leaves in one write. */
  private turn(chunk?: Buffer): void {
    beginTurn();
    this.sender.beginTurn();
    try {
      try {
        if (chunk === undefined) this.receiver.catchUp();
        else this.receiver.read(chunk);
      } finally {
        endTurn();
      }
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
    const { end } = this;
    end.drainedBytes += size;
    if (end.drainedBytes > this.settings.limits.maxDrainBytes) this.socket.destroy();
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
    this.behind = 'nothing';
    const { timer, code, reason, wasClean, error } = this.end;
    // After an orderly end all that came is told first: when the application resumes, or the time to close is over.
    if (this.receiver.isBehind && error === undefined) {
      this.behind = 'gone';
      return;
    }
    clearTimeout(timer);
    this.receiver.stop();
    this.move('gone', 'stream closed');
    this.ordered?.abandon(error);
    this.sender.abandon(error);
    this.sink.closed(code, reason, wasClean, error);
  }

  private cutAfterTimeout(): void {
    const { end, bufferedAmount } = this;
    clearTimeout(end.timer);
    // An application that blocked the loop for so long has timers run before what came is read: read it first.
    const later = (): void => void setImmediate(() => this.cut(bufferedAmount));
    end.timer = setTimeout(later, this.settings.limits.closeTimeoutMs).unref();
    if (this.state === 'ending') this.socket.resume();
  }

  /** The time is over, unless the peer is still taking what was sent before the Close. */
  private cut(bufferedBefore: number): void {
    if (this.state === 'closed') return;
    if (this.bufferedAmount < bufferedBefore) return this.cutAfterTimeout();
    this.tellRest();
    // A message that is still being inflated may have its listener pause this again.
    if (this.receiver.isBehind) this.cutAfterTimeout();
    this.destroy();
  }

  /** What came while the application had paused this is told before the end: the peer's Close may be in it. */
  private tellRest(): void {
    if (this.state !== 'closing' || !this.receiver.isPaused) return;
    this.receiver.resume();
    this.turn();
    // Emits `data`.
    this.socket.read();
    // A listener may have paused it again. Nothing would come after that, not even `close`.
    if (this.receiver.isPaused) this.receiver.stop();
  }

  private destroy(): void {
    // A stream that has closed already says so no more.
    if (this.behind === 'gone') this.gone();
    else this.socket.destroy();
  }

  private get end(): Ending {
    return (this.ending ??= new Ending());
  }

  private move(input: Input, why: string): void {
    const from = this.state;
    this.state = moves[from][input];
    if (log.enabled) log('%s: %s → %s', why, from, this.state);
  }
}
