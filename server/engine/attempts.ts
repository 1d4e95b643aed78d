/**
 * What a peer attempts beside the transport that carries its session: to attach another one, or to probe one first.
 *
 * A peer of our own numbers its requests by turns, for they overtake each other on the way: what is about an earlier attempt than
 * the newest comes too late. There is one probe at a time; it disturbs nothing until its `5`.
 */
import { readCount } from '../../shared/engine/count.ts';
import type { Packet, RawData } from '../../shared/engine/packet.ts';
import { HttpTransport } from './http-transport.ts';
import type { Line } from './line.ts';
import { Probe } from './probe.ts';
import type { ProbeOwner } from './probe.ts';
import type { Transport } from './transport.ts';

/** A poll that comes while another transport is being tried is held no longer than this (ms): the peer waits for its end. */
const RELEASE_MS = 50;

export class Attempts implements ProbeOwner {
  /** Whether a probe has won. */
  hasUpgraded = false;
  private readonly line: Line;
  private probe: Probe | undefined = undefined;
  /** Of the newest request that attached a transport, or followed one that did. */
  private turn = 0;
  /** Of the newest request that began something, a probe or an attach. */
  private begunTurn = 0;

  constructor(line: Line) {
    this.line = line;
  }

  get id(): string {
    return this.line.id;
  }

  /** Whether the peer knows of another transport that it can be carried by. */
  get isUpgrading(): boolean {
    return this.probe?.isAnswered === true;
  }

  /** A request that attaches, or follows one that did, becomes the newest. @returns false where it was overtaken, or has no turn */
  takeTurn(turn: number | undefined): boolean {
    if (turn === undefined || turn < this.turn) return false;
    this.turn = turn;
    return true;
  }

  /**
   * A request of that turn begins something: a probe, or an attach, at which the peer gave up whatever it was trying.
   *
   * @returns false where it was overtaken by a later one
   */
  begins(turn: number | undefined): boolean {
    if (this.isLate(turn)) return false;
    this.begunTurn = turn ?? this.begunTurn;
    this.probe?.drop('the peer begins anew');
    return true;
  }

  /** Whether a request is about something that the peer has given up since. */
  isLate(turn: number | undefined): boolean {
    return turn !== undefined && turn < this.begunTurn;
  }

  /** Tries another transport while the current one goes on. */
  beginProbe(transport: Transport): Probe {
    this.probe?.drop('another one came');
    this.probe = new Probe(transport, this, this.line.host.settings.upgradeTimeout);
    return this.probe;
  }

  /** A transport that does not carry the session says something: it counts where that is being tried. */
  packetFrom(transport: Transport, packet: Packet): void {
    if (this.probe?.transport === transport) this.probe.hear(packet);
  }

  /** A transport ended. @returns whether it was only being tried */
  gone(transport: Transport): boolean {
    const { probe } = this;
    if (probe?.transport !== transport) return false;
    probe.drop('closed by the peer');
    return true;
  }

  /** To a stream the peer moves with a POST. A repeated one finds the session there already. */
  upgradeByPost(packet: Packet): void {
    if (this.probe?.transport instanceof HttpTransport) this.probe.hear(packet);
  }

  /** A poll came while another transport is being tried: it ends soon, so that the peer can go over. */
  releaseSoon(): void {
    this.line.clock.after(RELEASE_MS, () => {
      if (this.isUpgrading) this.releasePoll();
    });
  }

  /** The session has ended. */
  end(): void {
    this.probe?.drop('the session ended');
  }

  probeAnswered({ transport }: Probe): void {
    this.line.session.emit('upgrading', transport);
    this.releasePoll();
  }

  probeWon(probe: Probe, count: RawData | undefined): void {
    const { transport } = probe;
    const { core, session } = this.line;
    const seen = core.resumable ? readCount(count) : undefined;
    if (core.resumable && seen === undefined) return probe.drop('upgrade without a count');
    probe.settle();
    this.probe = undefined;
    this.hasUpgraded = true;
    if (this.line.attach(transport, seen, 'upgrade')) session.emit('upgrade', transport);
    else transport.close();
  }

  probeLost(): void {
    this.probe = undefined;
  }

  private releasePoll(): void {
    const { transport } = this.line;
    if (transport.name === 'polling') (transport as HttpTransport).release();
  }
}
