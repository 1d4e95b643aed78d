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
import type { Clock } from '../clock.ts';
import { readCount } from './count.ts';
import { Inbox } from './inbox.ts';
import { Outbox, type Measure } from './outbox.ts';
import type { Packet, PacketOptions, RawData } from './packet.ts';
import type { ReasonCode } from './reason.ts';
import { moves, type State } from './state.ts';
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

/** How an attach goes on. */
export interface AttachOptions {
  /** The server: what the client said that it has seen, and the count that it is to be told first of all. */
  readonly seen?: number;
  /** The client, on a transport without numbers: hold messages back until the server's count tells where to go on. */
  readonly holdsForCount?: boolean;
}

export class SessionCore {
  /** Messages sent again after a loss, over the session's life. */
  replayed = 0;
  private state: State = { name: 'opening' };
  private readonly clock: Clock;
  private readonly sink: SessionSink;
  private readonly inbox = new Inbox();
  private readonly outbox: Outbox;
  private resume: ResumeTerms | undefined;
  private flushing = false;
  /** How long the session had been suspended, while the transport that ended that waits for the peer's count (ms). */
  private heldAfterMs: number | undefined;

  constructor(clock: Clock, sink: SessionSink, measure: Measure) {
    this.clock = clock;
    this.sink = sink;
    this.outbox = new Outbox(measure);
  }

  get stateName(): State['name'] {
    return this.state.name;
  }

  /** The transport that carries the session now. */
  get transport(): Transport | undefined {
    return this.state.name === 'open' || this.state.name === 'closing' ? this.state.transport : undefined;
  }

  get resumable(): boolean {
    return this.resume !== undefined;
  }

  /** Messages handed to the application. */
  get seen(): number {
    return this.inbox.seen;
  }

  /** Messages sent or waiting that the peer has not confirmed (without resume: that no transport has taken). */
  get unconfirmed(): number {
    return this.outbox.journal.kept;
  }

  /** Messages that no transport has taken yet. */
  get waiting(): number {
    return this.outbox.journal.waiting;
  }

  /** A copy of the messages that no transport has taken yet. */
  waitingPackets(): readonly Packet[] {
    return this.outbox.journal.waitingPackets();
  }

  /** The number of the message that is to be sent next. */
  get next(): number {
    return this.outbox.journal.next;
  }

  /** Bytes that are kept, sent or waiting. */
  get keptBytes(): number {
    return this.outbox.journal.bytes;
  }

  /** The handshake is done: from here on `transport` carries the session, resumable if both ends agreed on terms. */
  open(transport: Transport, resume?: ResumeTerms): void {
    if (this.state.name !== 'opening') return;
    this.resume = resume;
    this.state = { name: 'open', transport };
    this.flush();
  }

  /**
   * Another transport carries the session from now on; the older one, if there is one, is ended. The same one again is a
   * poll that follows a poll.
   *
   * @returns false where that can't be: the session is closed, or the peer's count ended it
   */
  attach(transport: Transport, options: AttachOptions = {}): boolean {
    const before = this.state;
    if (before.name === 'opening' || before.name === 'closed') return false;
    const older = before.name === 'suspended' ? undefined : before.transport;
    let again = 0;
    if (this.resume !== undefined) {
      if (options.seen !== undefined && !this.goOnFrom(options.seen)) return false;
      if (options.holdsForCount !== true) again = this.goBack();
      if (older !== transport) {
        this.outbox.dropAhead();
        if (options.seen !== undefined) this.outbox.pushAhead(this.countPacket('noop'));
      }
      this.outbox.holding = options.holdsForCount === true;
    }
    this.state = before.name === 'closing' ? { ...before, transport } : { name: 'open', transport };
    if (before.name === 'suspended') before.window.cancel();
    if (older !== transport) older?.close();
    this.flush();
    if (before.name !== 'suspended' || this.stateName === 'closed') return true;
    const suspendedMs = this.clock.now() - before.since;
    if (this.outbox.holding) this.heldAfterMs = suspendedMs;
    else this.sink.resumed(suspendedMs, again);
    return true;
  }

  /** A transport ended without being asked to. Ignored where it is not the session's any more. */
  lose(transport: Transport, why: ReasonCode, detail = ''): void {
    if (this.transport !== transport) return;
    if (this.state.name === 'closing') return this.finish(this.state.why, detail);
    if (this.resume === undefined) return this.finish(why, detail);
    const window = this.clock.after(this.resume.windowMs, () => this.finish('window-passed', why));
    this.state = { name: 'suspended', since: this.clock.now(), window };
    transport.close();
    this.sink.suspended(why);
    this.boundSuspended();
  }

  /** Queues a message, and sends it at once where the transport can take it. Silently dropped once closing. */
  send(data: RawData, options?: PacketOptions): void {
    const { name } = this.state;
    if (name === 'closing' || name === 'closed') return;
    this.outbox.journal.push(options === undefined ? { type: 'message', data } : { type: 'message', data, options });
    if (name === 'open') this.flush();
    else if (name === 'suspended') this.boundSuspended();
  }

  /** Sends a packet that is no message, ahead of the messages that wait. Not kept for a later transport. */
  sendAhead(packet: Packet): void {
    if (this.transport === undefined) return;
    this.outbox.pushAhead(packet);
    this.flush();
  }

  /** Sends a ping: a heartbeat, or a question whether the peer is there and what it has seen. */
  ping(): void {
    this.sendAhead(this.resume === undefined ? { type: 'ping' } : this.countPacket('ping'));
  }

  /** Sends a control object. Only between our own ends; to others it is left out. */
  sendControl(control: Control): void {
    if (this.resume !== undefined) this.sendAhead({ type: 'noop', data: JSON.stringify(control) });
  }

  /** The packet by which the client moves the session to a transport that it has probed. */
  upgradePacket(): Packet {
    return this.resume === undefined ? { type: 'upgrade' } : this.countPacket('upgrade');
  }

  /**
   * What came in on a transport or in a POST. Probes and the open packet are the owner's, not the session's.
   *
   * @param lane - where that stream of messages is; means nothing without resume
   * @returns false where the packet breaks the protocol: the owner ends the session or the transport
   */
  receive(packet: Packet, lane: Lane): boolean {
    switch (packet.type) {
      case 'message':
        return this.receiveMessage(packet.data ?? '', lane);
      case 'ping':
        if (!this.takeCount(packet.data)) return false;
        this.sendAhead(this.resume === undefined ? { type: 'pong' } : this.countPacket('pong'));
        return true;
      case 'pong':
        return this.takeCount(packet.data);
      case 'noop':
        return this.receiveNoop(packet.data);
      case 'close':
        this.finish('closed-by-peer');
        return true;
      default:
        return false;
    }
  }

  /** A transport proved that the peer has seen `count` messages: the answer to a POST. */
  confirm(count: number): void {
    this.outbox.confirm(count);
  }

  /** Our own count went to the peer with a request or an answer. */
  told(): void {
    this.inbox.told();
  }

  /** Calls `done(true)` when the peer has seen all that was sent so far, `done(false)` when the session ends before. */
  whenFlushed(done: (confirmed: boolean) => void): void {
    if (this.unconfirmed === 0 || this.state.name === 'closed') return done(this.unconfirmed === 0);
    this.outbox.whenConfirmed(done);
    if (this.resume !== undefined) this.ping();
  }

  /** Hands what waits to the transport. The owner calls it whenever the transport has become writable. */
  flush(): void {
    const { transport } = this;
    if (transport === undefined || this.flushing) return;
    const { outbox } = this;
    let sent = false;
    this.flushing = true;
    while (this.transport === transport && transport.writable && outbox.hasWork) {
      const from = outbox.journal.next;
      const batch = outbox.take(transport.maxBatchBytes);
      if (this.resume === undefined) outbox.confirm(outbox.journal.next - 1);
      else outbox.journal.trim(this.resume.maxPackets, this.resume.maxBytes);
      sent = true;
      transport.send(batch, from);
    }
    this.flushing = false;
    if (this.waiting > 0) return;
    if (this.state.name === 'closing') this.finish(this.state.why);
    else if (sent && this.state.name === 'open') this.sink.drained();
  }

  /** Ends the session from here. What waits leaves first where a transport can take it; `discard` drops it. */
  close(why: ReasonCode = 'closed-here', discard = false): void {
    const { state } = this;
    const input = discard || this.waiting === 0 ? 'end' : 'close';
    if (moves[state.name][input] === 'closed') return this.finish(why);
    if (state.name !== 'open') return;
    this.state = { name: 'closing', transport: state.transport, why };
    this.flush();
  }

  /** Ends the session at once, for a reason of its owner's: bad input, a limit, a heartbeat missed. */
  end(why: ReasonCode, detail = ''): void {
    this.finish(why, detail);
  }

  /** What a peer is told at the end: why, if it's one of our own. */
  lastWords(why: ReasonCode): readonly Packet[] {
    const close: Packet = { type: 'close' };
    return this.resume === undefined ? [close] : [{ type: 'noop', data: JSON.stringify({ why }) }, close];
  }

  private countPacket(type: 'ping' | 'pong' | 'noop' | 'upgrade'): Packet {
    this.inbox.told();
    return { type, data: String(this.inbox.seen) };
  }

  private receiveMessage(data: RawData, lane: Lane): boolean {
    if (this.state.name === 'closed') return true;
    const { resume } = this;
    if (resume === undefined) {
      this.sink.message(data);
      return true;
    }
    const arrival = this.inbox.accept(lane, typeof data === 'string' ? data.length : data.byteLength);
    if (arrival !== 'next') return arrival === 'again';
    this.sink.message(data);
    if (this.inbox.overdue(resume.reportPackets, resume.reportBytes)) this.sendAhead(this.countPacket('noop'));
    return true;
  }

  private receiveNoop(data: RawData | undefined): boolean {
    if (this.resume === undefined || data === undefined || data === '') return true;
    if (typeof data !== 'string') return false;
    if (data.startsWith('{')) return this.receiveControl(data);
    if (!this.outbox.holding) return this.takeCount(data);
    const count = readCount(data);
    if (count === undefined) return false;
    if (!this.goOnFrom(count)) return true;
    const again = this.goBack();
    const suspendedMs = this.heldAfterMs;
    this.outbox.holding = false;
    this.heldAfterMs = undefined;
    this.flush();
    if (suspendedMs !== undefined && this.stateName === 'open') this.sink.resumed(suspendedMs, again);
    return true;
  }

  private receiveControl(text: string): boolean {
    let control: Control;
    try {
      // It starts with a brace, so it is an object if it parses; its keys are checked by who uses them.
      control = JSON.parse(text) as Control;
    } catch {
      return false;
    }
    this.sink.control(control);
    return true;
  }

  /** A count inside a packet. An old one is no offence: a repeated POST brings it a second time. */
  private takeCount(data: RawData | undefined): boolean {
    if (this.resume === undefined || data === undefined || data === '') return true;
    const count = readCount(data);
    if (count === undefined || count > this.outbox.journal.sent) return false;
    this.outbox.confirm(count);
    return true;
  }

  /**
   * The peer names the count from which it goes on.
   *
   * @returns false where that can't be: the session is ended
   */
  goOnFrom(count: number): boolean {
    const confirmation = this.outbox.confirmFrom(count);
    if (confirmation === 'good') return true;
    if (confirmation === 'let-go') this.finish('journal-full', `message ${count + 1} is no longer kept`);
    else this.finish('count-impossible', `seen ${count}`);
    return false;
  }

  private goBack(): number {
    const again = this.outbox.rewind();
    this.replayed += again;
    return again;
  }

  private boundSuspended(): void {
    const { resume } = this;
    if (this.state.name !== 'suspended' || resume === undefined) return;
    const { journal } = this.outbox;
    journal.trim(resume.maxPackets, resume.maxBytes);
    // A single message may be larger than the bound: it was accepted, so it is kept.
    if (journal.waiting > resume.maxPackets || (journal.bytes > resume.maxBytes && journal.waiting > 1))
      this.finish('journal-full', 'while suspended');
  }

  private finish(why: ReasonCode, detail = ''): void {
    const { state } = this;
    if (state.name === 'closed') return;
    this.state = { name: 'closed' };
    if (state.name === 'suspended') state.window.cancel();
    if (state.name === 'open' || state.name === 'closing') {
      if (why !== 'closed-by-peer' && state.transport.writable)
        state.transport.send(this.lastWords(why), this.outbox.journal.next);
      state.transport.close();
    }
    this.outbox.abandon();
    this.sink.closed(why, detail);
  }
}
