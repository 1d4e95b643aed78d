/**
 * What a session runs on: its core, its heartbeat and the transport that carries it.
 *
 * Always holds: packets count only from the transport that carries the session, or in a numbered POST. Its requests are read in
 * `take-get.ts`, `take-post.ts` and `take-upgrade.ts`; those for another transport are its attempts.
 */
import debug from 'debug';

import type { Clock, SharedClock, Timer } from '../../shared/clock.ts';
import { Heartbeat, Watchdog } from '../../shared/engine/heartbeat.ts';
import type { HeartbeatSink } from '../../shared/engine/heartbeat.ts';
import type { Packet, PacketOptions, RawData } from '../../shared/engine/packet.ts';
import { reasons } from '../../shared/engine/reason.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import type { ResumeTerms, SessionSink } from '../../shared/engine/session.ts';
import type { Lane } from '../../shared/engine/transport.ts';
import type { Answers } from './answer.ts';
import { Attempts } from './attempts.ts';
import { Backlog } from './backlog.ts';
import type { Counts } from './counts.ts';
import type { Farewells } from './farewells.ts';
import { HttpTransport } from './http-transport.ts';
import { tellClosed, tellMoved, tellResumed, tellSuspended } from './news.ts';
import type { Settings } from './options.ts';
import { PassingCore } from './passing-core.ts';
import type { AnyRequest } from './request.ts';
import { SendCallbacks } from './send-callbacks.ts';
import { Session } from './session.ts';
import type { SendCallback } from './session.ts';
import { shortId } from './session-id.ts';
import type { Transport, TransportOwner } from './transport.ts';

const log = debug('throughline:engine:line');

/** How long what a peer sent before its goodbye may take to come, where the goodbye was faster (ms). */
const LEAVING_MS = 1_000;

/** Where the messages of peers that don't count are: nobody looks. */
const UNCOUNTED: Lane = { next: 1 };

/** The server, as a line sees it. */
export interface LineHost {
  readonly clock: SharedClock;
  readonly settings: Settings;
  readonly answers: Answers;
  readonly farewells: Farewells;
  readonly counts: Counts;
  /** What is offered to peers of our own. */
  readonly terms: ResumeTerms | undefined;
  readonly isDraining: boolean;
  /** A line got its first message. */
  spoke(): void;
  /** A suspended line keeps so much now, and other lines may have to go for it. */
  countSuspended(line: Line): void;
  uncountSuspended(line: Line): void;
  /** The line has ended. @param lastWords what its peer should find where it asks again */
  forget(line: Line, lastWords: readonly Packet[] | undefined): void;
  emit(event: string, ...args: unknown[]): boolean;
  /** Whether the application has ever asked the server for each `flush` and `drain`. */
  readonly tellsFlow: boolean;
}

/** What became of a packet: taken, taken and none more is wanted, or none of the protocol. */
export type Delivery = 'taken' | 'last' | 'bad';

/** What the opening request says. */
export interface Opening {
  readonly id: string;
  readonly request: AnyRequest;
  readonly protocol: number;
  readonly origin: string | undefined;
}

export class Line implements SessionSink, HeartbeatSink, TransportOwner {
  readonly id: string;
  readonly host: LineHost;
  readonly core: PassingCore;
  readonly session: Session;
  /** The first Origin seen. */
  origin: string | undefined;
  /** POSTs whose bodies are being read. */
  posts = 0;
  /** Whether a message of the peer has come. */
  hasSpoken = false;
  /** Why it ended. */
  ending: ReasonCode | undefined = undefined;
  private current!: Transport;
  /** Where the stream of messages on the current transport is. */
  private lane: Lane = UNCOUNTED;
  private readonly heartbeat: Heartbeat | Watchdog;
  /** There from the first one on. */
  private lazyAttempts: Attempts | undefined = undefined;
  private callbacks: SendCallbacks | undefined = undefined;
  private backlog: Backlog | undefined = undefined;
  private leaving: Timer | undefined = undefined;
  private toldClose = false;
  /** When it began (ms). A whole number: others take three times as much memory. */
  private readonly begunAt: number;

  constructor(host: LineHost, opening: Opening) {
    this.id = opening.id;
    this.host = host;
    this.origin = opening.origin;
    this.core = new PassingCore(host.clock, this, sizeOf);
    const { pingInterval, pingTimeout } = host.settings;
    // In revision 3 it is the client that pings.
    const Pulse = opening.protocol === 3 ? Watchdog : Heartbeat;
    this.heartbeat = new Pulse(host.clock, this, pingInterval, pingTimeout);
    this.session = new Session(this, opening.request, opening.protocol);
    this.begunAt = Math.trunc(host.clock.now());
  }

  get clock(): Clock {
    return this.host.clock;
  }

  get isDraining(): boolean {
    return this.host.isDraining;
  }

  get isOurs(): boolean {
    return this.core.resumable;
  }

  get owedBytes(): number {
    return this.core.keptBytes;
  }

  get counts(): Counts {
    return this.host.counts;
  }

  /** How long it has lasted (ms). */
  get ageMs(): number {
    return this.clock.now() - this.begunAt;
  }

  /** What carries the session, or carried it last. */
  get transport(): Transport {
    return this.current;
  }

  /** Whether its peer is about to ask: its poll has been answered, and the next one is not here yet. */
  get isBetweenPolls(): boolean {
    const { transport } = this.core;
    return transport instanceof HttpTransport && !transport.isTaken;
  }

  /** What its peer attempts beside {@link transport}. */
  get attempts(): Attempts {
    return (this.lazyAttempts ??= new Attempts(this));
  }

  /** Whether another transport is being tried. */
  get isUpgrading(): boolean {
    return this.lazyAttempts?.isUpgrading === true;
  }

  /** Whether it has moved from its first transport to a better one. */
  get hasUpgraded(): boolean {
    return this.lazyAttempts?.hasUpgraded === true;
  }

  /** Begins the session on its first transport: the open packet, and what the application wants sent behind it. */
  open(transport: Transport, openPacket: string, terms: ResumeTerms | undefined): void {
    const { initialPacket } = this.host.settings;
    this.current = transport;
    if (terms !== undefined) this.lane = { next: 1 };
    this.core.open(transport, terms);
    this.core.sendAhead({ type: 'open', data: openPacket });
    if (initialPacket !== undefined) this.core.send(initialPacket);
    this.heartbeat.start();
  }

  send(data: RawData, options: PacketOptions | undefined, done: SendCallback | undefined): void {
    const { session, core } = this;
    if (done === undefined && this.passes) return this.pass(data, options);
    if (core.stateName === 'closing') return;
    if (session.isHeard && session.readyState === 'open') ({ data, options } = this.announce(data, options));
    if (done !== undefined && session.readyState === 'open') (this.callbacks ??= new SendCallbacks(this)).add(done);
    core.send(data, options);
    if (core.stateName === 'suspended') this.host.countSuspended(this);
    else if (core.keptBytes > this.host.settings.stalledQueueBytes) (this.backlog ??= new Backlog(this)).grew();
  }

  /** Lets the application see a message before it is sent, and change it, as in Engine.IO. */
  private announce(data: RawData, options: PacketOptions | undefined): Pick<Required<Packet>, 'data' | 'options'> {
    const packet = { type: 'message', data, options: { compress: true, ...options } };
    this.session.emit('packetCreate', packet);
    return packet;
  }

  /**
   * Whether a message can leave without a stay in the outbox: nothing waits before it, and nobody hears of it on the way.
   * Spares a fifth of an echo with 32 in flight.
   */
  private get passes(): boolean {
    const { core, session, host, current } = this;
    return (
      core.isClear &&
      current.writable &&
      core.keptBytes <= host.settings.stalledQueueBytes &&
      !session.isHeard &&
      !host.tellsFlow
    );
  }

  private pass(data: RawData, options: PacketOptions | undefined): void {
    if (this.core.resumable) this.core.passed(data, options);
    else this.host.counts.passed++;
    this.current.pass(data, options);
  }

  /** @param seen - how many messages the peer has seen; undefined where it doesn't count */
  attach(transport: Transport, seen: number | undefined, why: string): boolean {
    const isSwap = this.core.transport !== transport;
    const before = this.current;
    if (isSwap) {
      log('%s: %s carries it now (%s)', shortId(this.id), transport.name, why);
      this.current = transport;
      this.lane = { next: this.core.seen + 1 };
    }
    // Of those which were sent, what the peer has not seen.
    const again = Math.max(0, this.core.sent - (seen ?? Infinity));
    if (!this.core.attach(transport, seen, true)) return false;
    this.host.counts.replayed += again;
    if (isSwap) {
      this.heartbeat.start();
      if (before.name !== transport.name) tellMoved(this, before.name, why);
    }
    return true;
  }

  /** A sign of life. */
  heard(): void {
    this.heartbeat.heard();
  }

  /** Takes a packet. */
  deliver(packet: Packet, lane: Lane): Delivery {
    const { session, core } = this;
    this.heartbeat.heard();
    if (packet.type === 'upgrade' && core.resumable) {
      this.lazyAttempts?.upgradeByPost(packet);
      return core.stateName === 'closed' ? 'last' : 'taken';
    }
    const { type } = packet;
    try {
      if (session.isHeard) session.emit('packet', packet);
      if (type === 'ping' || type === 'pong') {
        const isDue = type === (session.protocol === 3 ? 'ping' : 'pong');
        if (this.heartbeat instanceof Heartbeat && isDue) this.host.counts.roundTrip(this.heartbeat.answered());
        if (isDue) session.emit('heartbeat');
        else if (!core.resumable) {
          core.end('transport-error', 'heartbeat in the wrong direction');
          return 'last';
        }
      }
      if (core.receive(packet, lane)) return core.stateName === 'closed' ? 'last' : 'taken';
    } catch (error) {
      this.listenerThrew(error);
      return 'last';
    }
    // A gap can be mended by attaching anew; a packet that is none can't.
    const carrier = core.transport;
    if (packet.type === 'message' && carrier !== undefined) core.lose(carrier, 'malformed', 'a message is missing');
    else core.end('malformed', 'packet that breaks the protocol');
    return 'bad';
  }

  /** The peer has gone for good, and messages that it sent before may still be on their way, or may never come. */
  leaveSoon(): void {
    this.leaving ??= this.host.clock.after(LEAVING_MS, () => this.core.end('closed-by-peer'));
  }

  packetFrom(transport: Transport, packet: Packet): void {
    if (transport === this.core.transport) this.deliver(packet, this.lane);
    else this.lazyAttempts?.packetFrom(transport, packet);
  }

  messageFrom(transport: Transport, data: RawData): void {
    this.packetFrom(transport, { type: 'message', data });
  }

  flushed(transport: Transport, packets: readonly Packet[]): void {
    const { session, host } = this;
    const { type } = packets[packets.length - 1]!;
    if (type === 'close') this.toldClose = true;
    // What a probe, a poll that is let go or the end say is no business of the application.
    const isEmpty = type === 'close' || (type === 'noop' && packets.length === 1);
    if (isEmpty || transport !== this.core.transport) return;
    if (session.isHeard) session.emit('flush', packets);
    if (host.tellsFlow) host.emit('flush', session, packets);
  }

  /** A peer that can't resume is told of the end. Over a WebSocket the closing handshake does that. */
  closing(transport: Transport): void {
    const { core } = this;
    if (!core.resumable && transport === core.transport && transport instanceof HttpTransport && transport.writable)
      transport.send(core.lastWords('transport-closed'));
  }

  readied(transport: Transport): void {
    if (transport === this.core.transport) this.core.flush();
  }

  gone(transport: Transport, why: ReasonCode, detail: string): void {
    if (this.lazyAttempts?.gone(transport) === true) return;
    if (reasons[why].by === 'policy' && transport === this.core.transport) this.core.end(why, detail);
    else this.core.lose(transport, why, detail);
  }

  ping(): void {
    if (this.session.protocol === 3) return;
    if (this.session.isHeard) this.session.emit('packetCreate', { type: 'ping' });
    this.core.ping();
  }

  lost(): void {
    const carrier = this.core.transport;
    if (carrier !== undefined) this.core.lose(carrier, 'heartbeat-missed');
  }

  message(data: RawData): void {
    const { session } = this;
    if (!this.hasSpoken) {
      this.hasSpoken = true;
      this.host.spoke();
    }
    session.receiver?.message(data as string | Buffer); // so it was decoded
    if (!session.isHeard) return;
    session.emit('data', data);
    session.emit('message', data);
  }

  control(): void {
    // Clients have nothing to control here yet; what they say is left for later versions.
  }

  suspended(why: ReasonCode): void {
    log('%s: suspended, %s', shortId(this.id), why);
    this.heartbeat.stop();
    this.host.countSuspended(this);
    tellSuspended(this, why);
  }

  resumed(suspendedMs: number, replayed: number): void {
    this.host.uncountSuspended(this);
    log('%s: resumed after %d ms, %d sent again', shortId(this.id), Math.round(suspendedMs), replayed);
    tellResumed(this, suspendedMs, replayed);
  }

  drained(): void {
    const { session, host } = this;
    this.callbacks?.drained();
    if (session.isHeard) session.emit('drain');
    if (host.tellsFlow) host.emit('drain', session);
  }

  closed(why: ReasonCode, detail: string): void {
    this.heartbeat.stop();
    this.backlog?.stop();
    this.leaving?.cancel();
    this.lazyAttempts?.end();
    this.ending = why;
    this.host.forget(this, this.lastWords(why));
    if (this.core.waiting === 0) this.callbacks?.drained();
    this.callbacks?.end();
    tellClosed(this, why, detail);
  }

  private listenerThrew(error: unknown): void {
    log('%s: a listener threw', shortId(this.id));
    this.core.end('transport-error', 'a listener threw');
    if (this.session.listenerCount('error') > 0) this.session.emit('error', error);
  }

  /**
   * A peer between two polls could not be told of the end: it is, when it asks. One of our own may not have got what it
   * was told, or may read the answer to another of its requests first.
   */
  private lastWords(why: ReasonCode): readonly Packet[] | undefined {
    const { core, current, toldClose } = this;
    const isDone = !core.resumable && (toldClose || current.name === 'websocket');
    return isDone || why === 'closed-by-peer' ? undefined : core.lastWords(why);
  }
}

/** What a packet takes in a batch. */
function sizeOf({ data }: Packet): number {
  return 1 + (typeof data === 'string' ? data.length : (data?.byteLength ?? 0));
}
