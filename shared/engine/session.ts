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
import { readCount } from './count.ts';
import { Journal } from './journal.ts';
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

type State =
  | { readonly name: 'opening' }
  | { readonly name: 'open'; readonly transport: Transport }
  | { readonly name: 'closing'; readonly transport: Transport; readonly why: ReasonCode }
  | { readonly name: 'suspended'; readonly since: number; readonly window: Timer; readonly why: ReasonCode }
  | { readonly name: 'closed'; readonly why: ReasonCode };

type Input = 'attach' | 'lose' | 'close' | 'end';

/** Every move there is. An input missing from a row is a bug of ours; one that leads back to its row is ignored on purpose. */
// prettier-ignore
export const moves: Record<State['name'], Partial<Record<Input, State['name']>>> = {
  opening:   { attach: 'open',                        close: 'closed',  end: 'closed' },
  open:      { attach: 'open',    lose: 'suspended',  close: 'closing', end: 'closed' }, // lose without resume: an end
  closing:   { attach: 'closing', lose: 'closed',     close: 'closing', end: 'closed' }, // closing: what waits leaves first
  suspended: { attach: 'open',    lose: 'suspended',  close: 'closed',  end: 'closed' }, // lose: its error and its close
  closed:    { attach: 'closed',  lose: 'closed',     close: 'closed',  end: 'closed' },
};

/** How an attach goes on. */
export interface AttachOptions {
  /** The server: what the client said that it has seen, and the count that it is to be told first of all. */
  readonly seen?: number;
  /** The client, on a transport without numbers: hold messages back until the server's count tells where to go on. */
  readonly holdsForCount?: boolean;
}

/** How much a packet takes in a batch whose size is bounded; the wing that has such a transport supplies its own. */
export type Measure = (packet: Packet) => number;

export class SessionCore {
  /** Messages handed to the application. */
  seen = 0;
  /** Messages sent again after a loss, over the session's life. */
  replayed = 0;
  private state: State = { name: 'opening' };
  private readonly clock: Clock;
  private readonly sink: SessionSink;
  private readonly measure: Measure;
  private readonly journal = new Journal();
  private resume: ResumeTerms | undefined;
  /** Packets that are not messages: they leave ahead of messages and are not replayed. */
  private ahead: Packet[] = [];
  private holding = false;
  private flushing = false;
  /** What the peer itself has said that it saw, whatever the journal let go since. */
  private claimed = 0;
  private toldSeen = 0;
  private untoldBytes = 0;
  private waiters: { readonly upTo: number; readonly done: (confirmed: boolean) => void }[] = [];

  constructor(clock: Clock, sink: SessionSink, measure: Measure) {
    this.clock = clock;
    this.sink = sink;
    this.measure = measure;
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

  /** Messages sent or waiting that the peer has not confirmed (without resume: not handed to a transport). */
  get unconfirmed(): number {
    return this.journal.kept;
  }

  /** Messages that no transport has taken yet. */
  get waiting(): number {
    return this.journal.waiting;
  }

  /** Bytes that are kept, sent or waiting. */
  get keptBytes(): number {
    return this.journal.bytes;
  }

  /** The handshake is done: from here on `transport` carries the session, resumable if both ends agreed on terms. */
  open(transport: Transport, resume?: ResumeTerms): void {
    if (!this.may('attach', 'open')) return;
    this.resume = resume;
    this.state = { name: 'open', transport };
    this.flush();
  }

  /**
   * Another transport carries the session from now on; the older one, if there is one, is ended.
   *
   * @returns false where that can't be: the session is closed, or messages that the peer lacks are no longer kept (then it closes)
   */
  attach(transport: Transport, options: AttachOptions = {}): boolean {
    const before = this.state;
    if (before.name !== 'open' && before.name !== 'suspended' && before.name !== 'closing') return false;
    const same = before.name !== 'suspended' && before.transport === transport;
    let again = 0;
    if (this.resume !== undefined) {
      if (options.seen !== undefined && !this.confirmSeen(options.seen)) return false;
      const rewound = this.journal.rewind(this.journal.confirmed + 1);
      again = rewound ?? 0;
      this.replayed += again;
      // The transport died with what was put ahead; of counts only the newest means something.
      if (!same) this.ahead = options.seen === undefined ? [] : [this.countPacket('noop')];
      this.holding = options.holdsForCount === true;
    }
    if (before.name === 'closing') this.state = { ...before, transport };
    else this.state = { name: 'open', transport };
    if (before.name === 'suspended') {
      before.window.cancel();
      this.flush();
      if (this.stateName !== 'closed') this.sink.resumed(this.clock.now() - before.since, again);
      return true;
    }
    if (!same) before.transport.close();
    this.flush();
    return true;
  }

  /** A transport ended without being asked to. Ignored where it is not the session's any more. */
  lose(transport: Transport, why: ReasonCode, detail = ''): void {
    const { state } = this;
    if (state.name === 'closing' && state.transport === transport) return this.finish(state.why, detail);
    if (state.name !== 'open' || state.transport !== transport) return;
    if (this.resume === undefined) return this.finish(why, detail);
    const window = this.clock.after(this.resume.windowMs, () => this.finish('window-passed', why));
    this.state = { name: 'suspended', since: this.clock.now(), window, why };
    transport.close();
    this.sink.suspended(why);
    this.boundSuspended();
  }

  /** Queues a message, and sends it at once where the transport can take it. Silently dropped once closing. */
  send(data: RawData, options?: PacketOptions): void {
    const { state } = this;
    if (state.name === 'closing' || state.name === 'closed') return;
    const packet: Packet = options === undefined ? { type: 'message', data } : { type: 'message', data, options };
    this.journal.push(packet);
    if (state.name === 'open') this.flush();
    else if (state.name === 'suspended') this.boundSuspended();
  }

  /** Sends a packet that is no message, ahead of the messages that wait. Not kept for a later transport. */
  sendAhead(packet: Packet): void {
    if (this.transport === undefined) return;
    this.ahead.push(packet);
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
        this.takeCount(packet.data);
        this.sendAhead(this.resume === undefined ? { type: 'pong' } : this.countPacket('pong'));
        return true;
      case 'pong':
        return this.takeCount(packet.data);
      case 'noop':
        return this.receiveNoop(packet.data);
      case 'close':
        this.finish('closed-by-peer', '');
        return true;
      default:
        return false;
    }
  }

  /**
   * The peer says in a request that it has seen `count` messages.
   *
   * @returns false where that can't be, more than was sent or less than it said before: the session is closed then
   */
  confirmSeen(count: number): boolean {
    if (count < this.journal.next && count >= this.journal.confirmed) {
      this.confirm(count);
      return true;
    }
    // Not a lie of the peer: it lacks what the journal had to let go.
    if (count < this.journal.confirmed && count >= this.claimed)
      this.finish('journal-full', `message ${count + 1} is no longer kept`);
    else this.finish('count-impossible', `seen ${count}`);
    return false;
  }

  /** Our own count went to the peer with a request or an answer. */
  told(): void {
    this.toldSeen = this.seen;
    this.untoldBytes = 0;
  }

  /** Calls `done(true)` when the peer has seen all that was sent so far, `done(false)` when the session ends before. */
  flushed(done: (confirmed: boolean) => void): void {
    if (this.state.name === 'closed') return done(this.journal.kept === 0);
    if (this.journal.kept === 0) return done(true);
    this.waiters.push({ upTo: this.journal.last, done });
    if (this.resume !== undefined && this.state.name === 'open' && this.journal.waiting === 0) this.ping();
  }

  /** Hands what waits to the transport. The owner calls it whenever the transport has become writable. */
  flush(): void {
    if (this.flushing) return;
    const { state } = this;
    if (state.name !== 'open' && state.name !== 'closing') return;
    const { transport } = state;
    let sent = false;
    this.flushing = true;
    while (transport.writable && this.transport === transport && this.hasWork()) {
      const batch = this.ahead;
      this.ahead = [];
      const from = this.journal.next;
      if (!this.holding) this.journal.take(batch, transport.maxBatchBytes, this.measure);
      this.afterTake();
      sent = true;
      transport.send(batch, from);
    }
    this.flushing = false;
    if (this.state.name === 'closing' && this.journal.waiting === 0) this.finish(this.state.why, '');
    else if (sent && this.state.name === 'open' && this.journal.waiting === 0) this.sink.drained();
  }

  /** Ends the session from here. What waits leaves first where a transport can take it; `discard` drops it. */
  close(why: ReasonCode = 'closed-here', discard = false): void {
    const { state } = this;
    if (state.name === 'open' && !discard && this.journal.waiting > 0) {
      this.state = { name: 'closing', transport: state.transport, why };
      this.flush();
    } else if (state.name !== 'closing' || discard) {
      this.finish(why, '');
    }
  }

  /** Ends the session at once, for a reason of its owner's: bad input, a limit, a heartbeat missed. */
  end(why: ReasonCode, detail = ''): void {
    this.finish(why, detail);
  }

  private may(input: Input, to: State['name']): boolean {
    return moves[this.state.name][input] === to;
  }

  private hasWork(): boolean {
    return this.ahead.length > 0 || (!this.holding && this.journal.waiting > 0);
  }

  private afterTake(): void {
    if (this.resume === undefined) this.confirm(this.journal.next - 1);
    else this.journal.trim(this.resume.maxPackets, this.resume.maxBytes);
  }

  private countPacket(type: 'ping' | 'pong' | 'noop' | 'upgrade'): Packet {
    this.told();
    return { type, data: String(this.seen) };
  }

  private receiveMessage(data: RawData, lane: Lane): boolean {
    if (this.state.name === 'closed') return true;
    if (this.resume !== undefined) {
      const number = lane.next++;
      if (number <= this.seen) return true;
      if (number > this.seen + 1) return false;
      this.untoldBytes += typeof data === 'string' ? data.length : data.byteLength;
    }
    this.seen++;
    this.sink.message(data);
    if (this.resume !== undefined) this.reportSeen(this.resume);
    return true;
  }

  private reportSeen(terms: ResumeTerms): void {
    if (this.seen - this.toldSeen >= terms.reportPackets || this.untoldBytes >= terms.reportBytes)
      this.sendAhead(this.countPacket('noop'));
  }

  private receiveNoop(data: RawData | undefined): boolean {
    if (this.resume === undefined || data === undefined || data === '') return true;
    if (typeof data !== 'string') return false;
    if (data.startsWith('{')) return this.receiveControl(data);
    if (!this.holding) return this.takeCount(data);
    const count = readCount(data);
    if (count === undefined) return false;
    if (!this.confirmSeen(count)) return true;
    this.holding = false;
    this.flush();
    return true;
  }

  private receiveControl(text: string): boolean {
    let control: unknown;
    try {
      control = JSON.parse(text);
    } catch {
      return false;
    }
    this.sink.control(control as Control);
    return true;
  }

  /** A count inside a packet. An old one is no offence: a repeated POST brings it a second time. */
  private takeCount(data: RawData | undefined): boolean {
    if (this.resume === undefined || data === undefined || data === '') return true;
    const count = readCount(data);
    if (count === undefined || count >= this.journal.next) return false;
    if (count > this.journal.confirmed) this.confirm(count);
    return true;
  }

  private confirm(count: number): void {
    this.claimed = Math.max(this.claimed, count);
    this.journal.forget(count);
    while (this.waiters.length > 0 && this.waiters[0]!.upTo <= count) this.waiters.shift()!.done(true);
  }

  private boundSuspended(): void {
    const { journal, resume } = this;
    if (this.state.name !== 'suspended' || resume === undefined) return;
    journal.trim(resume.maxPackets, resume.maxBytes);
    if (journal.waiting > resume.maxPackets || (journal.bytes > resume.maxBytes && journal.waiting > 1))
      this.finish('journal-full', 'while suspended');
  }

  private finish(why: ReasonCode, detail: string): void {
    const { state } = this;
    if (state.name === 'closed') return;
    if (state.name === 'suspended') state.window.cancel();
    this.state = { name: 'closed', why };
    this.ahead = [];
    if (state.name === 'open' || state.name === 'closing') {
      if (why !== 'closed-by-peer' && state.transport.writable)
        state.transport.send([{ type: 'close' }], this.journal.next);
      state.transport.close();
    }
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.done(false);
    this.sink.closed(why, detail);
  }
}
