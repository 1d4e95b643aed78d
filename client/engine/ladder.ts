/**
 * The ladder: which transport carries the session. It opens on the surest, climbs to better ones that prove open at both
 * ends, and after a fall comes back by the surest way first.
 *
 * Only decisions are made here: transports, time and chance come from outside. At most one transport beside the session's
 * own is being tried at any time, and until it has proved itself the session stays where it is.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import type { SessionCore } from '../../shared/engine/session.ts';
import type { Transport as SessionTransport } from '../../shared/engine/transport.ts';
import type { RungReason } from './timeline.ts';
import type { Joining, Transport } from './transport.ts';

/** How long a better transport may take to prove itself: less than the server's `upgradeTimeout` (ms). */
const PROBE_MS = 8_000;

/** How long an attempt to come back may take (ms). */
const ATTACH_MS = 5_000;

/** The first wait before coming back is tried again, and the longest (ms). */
const AGAIN_MS = [100, 5_000] as const;

/** The same for climbing. */
const CLIMB_MS = [2_000, 300_000] as const;

/** A transport that carried the session for so long has proved itself: its loss is not held against it (ms). */
const PROVEN_MS = 30_000;

/** What the ladder asks of its owner, who tells it what becomes of the transports that it made. */
export interface LadderHost {
  readonly core: SessionCore;
  readonly clock: Clock;
  random(): number;
  /** The transport that carries the session, or did last. */
  readonly transport: Transport;
  create(name: string, joins: Joining): Transport;
  /** `transport` carries the session from now on. */
  adopt(transport: Transport, why: RungReason, count: Packet | undefined): void;
  /** A probe was answered, and the session is about to move. */
  upgrading(transport: Transport): void;
  /** An attempt came to nothing. */
  failed(transport: Transport, isProbe: boolean, why: RungReason, detail: unknown): void;
}

/** A transport that is being tried. */
interface Candidate {
  readonly transport: Transport;
  readonly isProbe: boolean;
  hears(packet: Packet): void;
  /** It came to nothing. */
  failed(): void;
}

export class Ladder {
  private readonly host: LadderHost;
  /** The better ways, the best first. */
  private rungs: readonly string[] = [];
  private surest = '';
  private candidate: Candidate | undefined;
  /** With a candidate: until it must have proved itself. Without: until the next try. */
  private timer: Timer | undefined;
  /** How often in a row coming back failed. */
  private misses = 0;
  /** How often in a row climbing failed, or what was reached did not hold. */
  private falls = 0;
  private since = 0;
  /** The rung to begin with: the one that held last. */
  private first = 0;
  private asleep = false;

  constructor(host: LadderHost) {
    this.host = host;
  }

  /** The session is open. @param first - the rung to begin with, as it worked last time */
  start(rungs: readonly string[], surest: string, first: string | undefined): void {
    this.rungs = rungs;
    this.surest = surest;
    this.since = this.host.clock.now();
    this.first = Math.max(0, rungs.indexOf(first ?? ''));
    this.climb(this.first);
  }

  stop(): void {
    this.timer?.cancel();
    const { candidate } = this;
    this.candidate = undefined;
    candidate?.transport.close();
  }

  /** The session's transport is lost. Comes back at once. */
  fell(): void {
    const { clock, transport } = this.host;
    if (clock.now() - this.since > PROVEN_MS) this.falls = 0;
    else if (this.rungs.includes(transport.name)) this.falls++;
    this.misses = 0;
    this.comeBack();
  }

  /** The network may be another one, or the page is back: what waits for its time is done now. */
  wake(): void {
    const { stateName } = this.host.core;
    this.asleep = false;
    this.misses = 0;
    if (stateName === 'suspended') this.comeBack();
    else if (stateName === 'open' && !this.candidate) this.climb(0);
  }

  /** The page is put aside: nothing is tried until it wakes. */
  sleep(): void {
    this.asleep = true;
  }

  /** Attaches anew, at a random moment within `withinMs`. */
  move(withinMs: number): void {
    this.stop();
    this.timer = this.host.clock.after(this.host.random() * withinMs, this.comeBack);
  }

  /** A packet for a transport that is being tried. */
  hears(transport: Transport, packet: Packet): void {
    if (this.candidate?.transport === transport) this.candidate.hears(packet);
  }

  /** A transport failed that is being tried. */
  lost(transport: Transport, why: RungReason, detail?: unknown): void {
    const { candidate } = this;
    if (candidate?.transport !== transport) return;
    this.stop();
    this.host.failed(transport, candidate.isProbe, why, detail);
    candidate.failed();
  }

  /** Probes rung after rung, from `at` down to the one in use. */
  private climb(at: number): void {
    const { host } = this;
    const { core } = host;
    const name = this.rungs[at];
    const isTop = name === undefined || name === host.transport.name;
    if (isTop && at > 0) this.climbLater();
    if (isTop || core.stateName !== 'open') return;

    let swapping = false;
    const transport = host.create(name, 'probe');
    const swap = (): void => {
      if (this.candidate?.transport !== transport) return;
      transport.send([core.upgradePacket()], core.next);
      transport.lane = { next: core.seen + 1 };
      if (!core.resumable) this.settle(transport, 'climbed');
    };
    transport.once('open', () => transport.probe());
    this.attempt(PROBE_MS, {
      transport,
      isProbe: true,
      hears: (packet) => {
        if (swapping) return this.settle(transport, 'climbed', packet);
        if (packet.data !== 'probe') return this.lost(transport, 'refused');
        swapping = true;
        host.upgrading(transport);
        host.transport.pause(swap);
      },
      failed: () => {
        // The server may have moved the session: where it is now, coming back tells.
        if (swapping) core.lose(host.transport as SessionTransport, 'transport-error');
        else this.climb(at + 1);
      },
    });
  }

  private climbLater(): void {
    this.retry(CLIMB_MS, this.falls++, () => this.climb(0));
  }

  private readonly comeBack = (): void => {
    this.stop();
    if (this.asleep || this.host.core.stateName === 'closed') return;
    const transport = this.host.create(this.surest, 'attach');
    this.attempt(ATTACH_MS, {
      transport,
      isProbe: false,
      hears: (packet) => this.settle(transport, 'resumed', packet),
      failed: () => this.retry(AGAIN_MS, this.misses++, this.comeBack),
    });
  };

  private attempt(withinMs: number, candidate: Candidate): void {
    const { transport } = candidate;
    this.stop();
    this.candidate = candidate;
    this.timer = this.host.clock.after(withinMs, () => {
      const why =
        transport.readyState === 'open' ? 'silent' : transport.name === 'streaming' ? 'buffered' : 'unanswered';
      this.lost(transport, why);
    });
    transport.open();
  }

  /** Tries again after a wait that doubles each `time`, more or less. */
  private retry([firstMs, mostMs]: readonly [number, number], time: number, task: () => void): void {
    const { core, clock, random } = this.host;
    if (core.resumable && core.stateName !== 'closed')
      this.timer = clock.after(Math.min(mostMs, firstMs * 2 ** time) * (0.5 + random()), task);
  }

  /** The session goes on here. @param count - the server's first packet: how many messages it has seen */
  private settle(transport: Transport, why: RungReason, count?: Packet): void {
    const { host } = this;
    const { core } = host;
    if (count && count.type !== 'noop') return this.lost(transport, 'refused');
    this.candidate = undefined;
    this.timer?.cancel();
    this.since = host.clock.now();
    host.adopt(transport, why, count);
    if (core.stateName !== 'open' || this.candidate) return;
    const at = this.rungs.indexOf(transport.name);
    if (at >= 0) this.first = at;
    if (at > 0 || this.falls > 0) this.climbLater();
    else if (at < 0) this.climb(this.first);
  }
}
