/**
 * The session core: two counted streams of message packets that outlive any transport.
 *
 * Both ends run on it, with resume or without (plain Engine.IO 4, where a lost transport is the end). It owns what waits
 * to be sent and what is not confirmed, flushes to the current transport, and swaps transports. It leaves to its owner:
 * requests, probes, heartbeats, and when to try a new transport. `README.md` beside it specifies the wire.
 *
 * Always holds: a message is handed to the application once, in order; after `closed` the sink hears nothing more. The
 * state moves first and the sink is called last, so a listener may send, close or throw in the middle of any method.
 */
import type { Clock, Timer } from '../clock.ts';
import { parseJson } from '../json.ts';
import { readCount } from './count.ts';
import { type Confirmed, type Measure, Outbox, sizeOf } from './outbox.ts';
import type { Packet, PacketOptions, RawData } from './packet.ts';
import type { ReasonCode } from './reason.ts';
import type { Lane, Transport } from './transport.ts';

/** What both ends agreed on when the session opened. */
export interface ResumeTerms {
  /** How long a session outlives its transport (ms). */
  readonly windowMs: number;
  /** Most messages that the journal keeps unconfirmed. */
  readonly maxPackets: number;
  /** Most bytes that it keeps unconfirmed. */
  readonly maxBytes: number;
  /** After this many messages seen and not yet confirmed to the peer, a count is sent without being asked. */
  readonly reportPackets: number;
  /** The same in bytes. */
  readonly reportBytes: number;
}

/** A control object between our own ends. Keys that we don't know are ignored. */
export interface Control {
  /** The client shall attach anew at a random moment within that time (ms). */
  readonly move?: { readonly within: number };
  /** Why the session is about to be closed. */
  readonly why?: string;
  /** So many bytes of one message follow on a WebSocket; until they are there, nothing is heard. */
  readonly large?: number;
}

/** What a session tells its owner. */
export interface SessionSink {
  /** The next message of the peer: the application's from now on. */
  message(data: RawData): void;
  control(control: Control): void;
  /** The transport was lost; the session waits for another. */
  suspended(why: ReasonCode): void;
  /** A transport carries the session again after a loss. */
  resumed(suspendedMs: number, replayed: number): void;
  /** All that waited was handed to the transport. */
  drained(): void;
  /** The end. Nothing follows. */
  closed(why: ReasonCode, detail: string): void;
}

/**
 * What a session is. The moves there are:
 *
 * | from      | attach | a transport lost                    | end    |
 * | --------- | ------ | ----------------------------------- | ------ |
 * | opening   | -      | -                                   | closed |
 * | open      | open   | suspended; without resume closed    | closed |
 * | suspended | open   | suspended (its error and its close) | closed |
 * | closed    | closed | closed                              | closed |
 *
 * `closing` is the server's alone: open, but for new messages, until what waits has left. See `PassingCore`.
 */
export type SessionState = 'opening' | 'open' | 'closing' | 'suspended' | 'closed';

export class SessionCore {
  stateName: SessionState = 'opening';
  /** What carries the session now: there while it is open or closing. */
  transport: Transport | undefined = undefined;
  /** Messages handed to the application. */
  seen = 0;
  private readonly clock: Clock;
  private readonly sink: SessionSink;
  private readonly sizeInBatch: Measure;
  protected readonly outbox = new Outbox();
  protected resume: ResumeTerms | undefined = undefined;
  protected flushing = false;
  /** How far the peer was told that we are, and the bytes seen since. */
  private toldSeen = 0;
  private untoldBytes = 0;
  private suspendedAt = 0;
  private windowTimer: Timer | undefined = undefined;
  /** Takes messages already, though it is not attached yet, and how many of those were sent again. */
  private early: Transport | undefined = undefined;
  private resent = 0;

  constructor(clock: Clock, sink: SessionSink, measure: Measure) {
    this.clock = clock;
    this.sink = sink;
    this.sizeInBatch = measure;
  }

  get resumable(): boolean {
    return this.resume !== undefined;
  }

  /** Messages sent or waiting that the peer has not confirmed (without resume: that no transport has taken). */
  get unconfirmed(): number {
    return this.outbox.last - this.outbox.confirmed;
  }

  /** Messages that no transport has taken yet. */
  get waiting(): number {
    return this.outbox.waiting;
  }

  /** The number of the message that is to be sent next. */
  get next(): number {
    return this.outbox.next;
  }

  /**
   * The handshake is done: from here on `transport` carries the session, resumable if both ends agreed on terms.
   *
   * @param tell - what it sends leaves together, when it is done
   */
  open(transport: Transport, resume?: ResumeTerms, tell?: () => void): void {
    if (this.stateName !== 'opening') return;
    this.resume = resume;
    this.stateName = 'open';
    this.transport = transport;
    this.flushing = true;
    tell?.();
    this.flushing = false;
    this.flush();
  }

  /**
   * The client, about to attach a transport that numbers its messages: what is not confirmed leaves at once, and what is sent
   * meanwhile. So it arrives with the attach, and not a round trip later.
   */
  resend(transport: Transport): void {
    const { outbox } = this;
    // While another still carries the session it would all go there once more. And where messages had to be let go, the
    // server's count decides whether the session can go on.
    if (this.transport || !transport.writable || outbox.claimed < outbox.confirmed) return;
    this.early = transport;
    outbox.ahead = [];
    this.resent = outbox.rewind();
    this.flush();
  }

  /**
   * Another transport carries the session from now on; the older one, if there is one, is ended. The same one again is a
   * poll that follows a poll.
   *
   * @param seen - what the peer said that it has seen; undefined where it doesn't count
   * @param tells - whether the peer is told first of all what was seen here: the server does
   * @returns false where that can't be: the session is closed, or the peer's count ended it
   */
  attach(transport: Transport, seen?: number, tells = false): boolean {
    const { outbox, transport: older, stateName: before } = this;
    if (before === 'opening' || before === 'closed') return false;
    let again = 0;
    if (this.resume) {
      if (seen !== undefined && !this.goOnFrom(seen)) return false;
      // A transport took with it what was put ahead: of counts only the newest means something, and a ping asks nobody.
      if (older !== transport) outbox.ahead = tells ? [this.withCount('noop')] : [];
      if (this.early !== transport) again = outbox.rewind();
      else {
        again = this.resent;
        // What the peer answered before it was attached got lost.
        if (outbox.isAwaited) outbox.ahead.push(this.withCount('ping'));
      }
      this.early = undefined;
    }
    if (before === 'suspended') {
      this.windowTimer?.cancel();
      this.stateName = 'open';
    }
    this.transport = transport;
    if (older !== transport) older?.close();
    this.flush();
    if (before === 'suspended' && this.stateName === 'open')
      this.sink.resumed(this.clock.now() - this.suspendedAt, again);
    return true;
  }

  /** A transport ended without being asked to. Ignored where it is not the session's any more. */
  lose(transport: Transport, why: ReasonCode, detail = ''): void {
    if (this.transport !== transport) return;
    if (!this.resume) return this.end(why, detail);
    this.stateName = 'suspended';
    this.transport = undefined;
    this.suspendedAt = this.clock.now();
    this.windowTimer = this.clock.after(this.resume.windowMs, () => this.end('window-passed', why));
    transport.close();
    this.sink.suspended(why);
    this.boundSuspended();
  }

  /** Queues a message, and sends it at once where the transport can take it. Silently dropped once closed. */
  send(data: RawData, options?: PacketOptions): void {
    if (this.stateName === 'closed') return;
    this.outbox.push(data, options);
    this.flush();
    this.boundSuspended();
  }

  /** Sends a packet that is no message, ahead of the messages that wait. Not kept for a later transport. */
  sendAhead(packet: Packet): void {
    if (!this.transport) return;
    this.outbox.ahead.push(packet);
    this.flush();
  }

  /** Sends a ping: a heartbeat, or a question whether the peer is there and what it has seen. */
  ping(): void {
    this.sendAhead(this.withCount('ping'));
  }

  /**
   * What came in on a transport or in a POST. Probes and the open packet are the owner's, not the session's.
   *
   * @param lane - where that stream of messages is; means nothing without resume
   * @returns false where the packet breaks the protocol: the owner ends the session or the transport
   */
  receive({ type, data = '' }: Packet, lane: Lane): boolean {
    if (type === 'message') return this.receiveMessage(data, lane);
    if (type === 'close') this.end('closed-by-peer');
    else if (type === 'noop' && this.resume && (data as string)[0] === '{') return this.receiveControl(data as string);
    else if (!/^(ping|pong|noop)$/.test(type) || !this.takeCount(data)) return false;
    if (type === 'ping') this.sendAhead(this.withCount('pong'));
    return true;
  }

  /** Our own count went to the peer with a request or an answer. */
  told(): void {
    this.toldSeen = this.seen;
    this.untoldBytes = 0;
  }

  /** Calls `done(true)` when the peer has seen all that was sent so far, `done(false)` when the session ends before. */
  whenFlushed(done: Confirmed): void {
    if (!this.unconfirmed || this.stateName === 'closed') return done(!this.unconfirmed);
    this.outbox.whenConfirmed(done);
    // Where some still wait to be sent, flush asks behind them.
    if (this.resume && !this.waiting) this.ping();
  }

  /** Hands what waits to the transport. The owner calls it whenever the transport has become writable. */
  flush(): void {
    const { outbox, resume } = this;
    const transport = this.transport ?? this.early;
    if (!transport || this.flushing) return;
    let sent = false;
    this.flushing = true;
    while ((this.transport ?? this.early) === transport && transport.writable && outbox.hasWork) {
      const from = outbox.next;
      const batch = outbox.take(transport.maxBatchBytes, this.sizeInBatch);
      if (resume) outbox.keepWithin(resume.maxPackets, resume.maxBytes);
      else outbox.confirmUpTo(outbox.next - 1);
      sent = true;
      transport.send(batch, from);
      // Behind the messages: a question that went ahead of them would be answered before they were seen.
      if (resume && outbox.isAwaited && !outbox.waiting && from < outbox.next)
        outbox.ahead.push(this.withCount('ping'));
    }
    this.flushing = false;
    if (sent && !outbox.waiting && this.stateName !== 'closed') this.sink.drained();
  }

  /** Ends the session at once: closed by either side, or for bad input, a limit, a heartbeat missed. */
  end(why: ReasonCode, detail = ''): void {
    const { outbox, transport } = this;
    if (this.stateName === 'closed') return;
    this.stateName = 'closed';
    this.transport = this.early = undefined;
    this.windowTimer?.cancel();
    if (transport) {
      // Of a plain WebSocket the closing handshake says it all.
      const isTold = why === 'closed-by-peer' || (!this.resume && transport.name === 'websocket');
      if (!isTold && transport.writable) transport.send(this.lastWords(why), outbox.next);
      transport.close();
    }
    outbox.abandon();
    this.sink.closed(why, detail);
    // Only now: who hears of the end may look at what has not left.
    outbox.forget();
  }

  /** What a peer is told at the end: why, if it's one of our own. */
  lastWords(why: ReasonCode): readonly Packet[] {
    const close: Packet = { type: 'close' };
    return this.resume ? [{ type: 'noop', data: JSON.stringify({ why }) }, close] : [close];
  }

  /**
   * The peer names the count from which it goes on.
   *
   * @returns false where that can't be: the session is ended
   */
  goOnFrom(count: number): boolean {
    const { sent, claimed, confirmed } = this.outbox;
    if (count > sent || count < claimed) this.end('count-impossible', `seen ${count}`);
    else if (count < confirmed) this.end('journal-full', `message ${count + 1} is no longer kept`);
    else {
      this.outbox.confirmUpTo(count);
      return true;
    }
    return false;
  }

  /** A packet that between our own ends carries our count: `upgrade` moves the session to a transport that the client has probed. */
  withCount(type: 'ping' | 'pong' | 'noop' | 'upgrade'): Packet {
    if (!this.resume) return { type };
    this.told();
    return { type, data: String(this.seen) };
  }

  private receiveMessage(data: RawData, lane: Lane): boolean {
    const { resume } = this;
    if (this.stateName === 'closed') return true;
    if (resume) {
      const number = lane.next++;
      if (number <= this.seen) return true;
      if (number > this.seen + 1) return false;
      this.untoldBytes += sizeOf(data);
    }
    this.seen++;
    this.sink.message(data);
    if (resume && (this.seen - this.toldSeen >= resume.reportPackets || this.untoldBytes >= resume.reportBytes))
      this.sendAhead(this.withCount('noop'));
    return true;
  }

  private receiveControl(text: string): boolean {
    // It starts with a brace, so it is an object if it parses; its keys are checked by who uses them.
    const control = parseJson(text) as Control | undefined;
    if (control) this.sink.control(control);
    return !!control;
  }

  /** A count inside a packet. An old one is no offence: a repeated POST brings it a second time. */
  private takeCount(data: RawData): boolean {
    if (!this.resume || data === '') return true;
    const count = readCount(data);
    if (count === undefined || count > this.outbox.sent) return false;
    this.outbox.confirmUpTo(count);
    return true;
  }

  private boundSuspended(): void {
    const { outbox, resume } = this;
    if (this.stateName !== 'suspended' || !resume) return;
    outbox.keepWithin(resume.maxPackets, resume.maxBytes);
    // A single message may be larger than the bound: it was accepted, so it is kept.
    if (outbox.waiting > resume.maxPackets || (outbox.bytes > resume.maxBytes && outbox.waiting > 1))
      this.end('journal-full', 'while suspended');
  }
}
