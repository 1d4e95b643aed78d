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
import type { RungReason } from './meanings.ts';
import type { Joining, Transport } from './transport.ts';
import { retryAfterMs } from './transport-error.ts';

/** How long a better transport may take to prove itself: less than the server's `upgradeTimeout` (ms). */
const PROBE_MS = 8_000;

/** How long the server's word may take that the session has moved (ms). Until then nothing comes down. */
const MOVE_MS = 2_000;

/** How long an attempt to come back may take (ms). */
const ATTACH_MS = 5_000;

/** The first wait before coming back is tried again, and the longest (ms): many tries fit into the time that a server waits. */
const AGAIN_MS = [100, 2_000] as const;

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
  current(): Transport;
  create(name: string, joins: Joining): Transport;
  /** `transport` carries the session from now on. @param first - its first packet, by a server of ours */
  adopt(transport: Transport, why: RungReason, first: Packet | undefined): void;
  /** A probe was answered, and the session is about to move. */
  upgrading(transport: Transport): void;
  /** An attempt came to nothing. */
  failed(transport: Transport, joins: Joining, why: RungReason, detail: unknown): void;
}

/** A transport that is being tried. */
interface Candidate {
  readonly transport: Transport;
  readonly joins: Joining;
  hears(packet: Packet): void;
  /** It came to nothing. */
  failed(detail: unknown): void;
}

export type Ladder = ReturnType<typeof createLadder>;

export function createLadder({ core, clock, random, current, create, adopt, upgrading, failed }: LadderHost) {
  /** The better ways, the best first, and the one that is sure. */
  let rungs: readonly string[] = [];
  let surest = '';
  /** The rung to begin with: the one that held last. */
  let first = 0;
  let candidate: Candidate | undefined;
  /** With a candidate: until it must have proved itself. Without: until the next try. */
  let timer: Timer | undefined;
  /** How often in a row coming back failed. */
  let misses = 0;
  /** How often in a row climbing failed, or what was reached did not hold. */
  let falls = 0;
  /** When climbing is tried again, once that was put off. What is lost and found meanwhile changes nothing of it. */
  let climbAt: number | undefined;
  let since = 0;
  let isAsleep = false;

  const stop = (): void => {
    const left = candidate;
    timer?.cancel();
    candidate = undefined;
    left?.transport.close();
  };

  /** A transport failed; it matters only while it is being tried. */
  const lost = (transport: Transport, why: RungReason, detail?: unknown): void => {
    const gone = candidate;
    if (gone?.transport !== transport) return;
    stop();
    failed(transport, gone.joins, why, detail);
    gone.failed(detail);
  };

  /** Within that time the transport that is being tried must get on. */
  const expect = (withinMs: number): void => {
    timer?.cancel();
    timer = clock.after(withinMs, () => {
      const { transport } = candidate!;
      const isStream = transport.name === 'streaming';
      lost(transport, isStream ? 'buffered' : transport.readyState === 'open' ? 'silent' : 'unanswered');
    });
  };

  const attempt = (withinMs: number, next: Candidate): void => {
    const { transport } = next;
    stop();
    candidate = next;
    expect(withinMs);
    transport.open();
  };

  const later = (delayMs: number, task: () => void): void => {
    if (core.resumable && core.stateName !== 'closed') timer = clock.after(delayMs, task);
  };

  /** A wait that doubles each `time`, more or less (ms). */
  const waitMs = ([firstMs, mostMs]: readonly [number, number], time: number): number =>
    Math.min(mostMs, firstMs * 2 ** time) * (0.5 + random());

  const climbLater = (): void => {
    climbAt ??= clock.now() + waitMs(CLIMB_MS, falls++);
    later(Math.max(0, climbAt - clock.now()), () => climb(0));
  };

  /** What else a server may say on a transport that is being tried: why, and that the session is over. */
  const takeNews = (transport: Transport, packet: Packet): void => {
    if (!/^(noop|close)$/.test(packet.type) || !core.receive(packet, transport.lane)) lost(transport, 'refused');
  };

  /** The server's first packet where the session goes on is how many messages it has seen. */
  const join = (transport: Transport, why: RungReason, packet: Packet): void => {
    if (packet.type === 'noop' && /^\d/.test(String(packet.data))) settle(transport, why, packet);
    else takeNews(transport, packet);
  };

  /** The session goes on here. */
  const settle = (transport: Transport, why: RungReason, packet?: Packet): void => {
    candidate = undefined;
    timer?.cancel();
    since = clock.now();
    adopt(transport, why, packet);
    if (core.stateName !== 'open' || candidate) return;
    const at = rungs.indexOf(transport.name);
    if (at >= 0) first = at;
    if (at > 0 || falls > 0) climbLater();
    else if (at < 0) climb(first);
  };

  /** Probes rung after rung, from `at` down to the one in use. */
  const climb = (at: number): void => {
    climbAt = undefined;
    const name = rungs[at];
    const isThere = name === undefined || name === current().name;
    if (isThere && at > 0) climbLater();
    if (isThere || core.stateName !== 'open') return;

    let isMoving = false;
    const transport = create(name, 'probe');
    const move = (): void => {
      if (candidate?.transport !== transport) return;
      transport.send([core.upgradePacket()], core.next);
      transport.lane = { next: core.seen + 1 };
      if (!core.resumable) settle(transport, 'climbed');
    };
    transport.once('open', () => transport.probe());
    attempt(PROBE_MS, {
      transport,
      joins: 'probe',
      hears: (packet) => {
        if (isMoving) return join(transport, 'climbed', packet);
        if (packet.data !== 'probe') return takeNews(transport, packet);
        isMoving = true;
        if (core.resumable) expect(MOVE_MS);
        upgrading(transport);
        current().pause(move);
      },
      failed: () => {
        // The server may have moved the session: where it is now, coming back tells.
        if (isMoving) core.lose(current() as SessionTransport, 'transport-error');
        else climb(at + 1);
      },
    });
  };

  /** Attaches by the surest way. */
  const comeBack = (): void => {
    stop();
    if (isAsleep || core.stateName === 'closed') return;
    const transport = create(surest, 'attach');
    attempt(ATTACH_MS, {
      transport,
      joins: 'attach',
      hears: (packet) => join(transport, 'resumed', packet),
      failed: (detail) => later(Math.max(waitMs(AGAIN_MS, misses++), retryAfterMs(detail)), comeBack),
    });
    core.resend(transport as SessionTransport);
  };

  return {
    lost,

    /** The session has ended, and with it whatever was being tried. */
    stop(): void {
      if (candidate) lost(candidate.transport, 'ended');
      stop();
    },

    /** The session is open. @param best - the rung to begin with, as it held last time */
    start(better: readonly string[], sure: string, best: string | undefined): void {
      rungs = better;
      surest = sure;
      since = clock.now();
      climb((first = Math.max(0, rungs.indexOf(best!))));
    },

    /** A packet arrived on a transport; it matters only while that is being tried. */
    hears(transport: Transport, packet: Packet): void {
      if (candidate?.transport === transport) candidate.hears(packet);
    },

    /** The session's transport is lost. Comes back at once. */
    fell(): void {
      if (clock.now() - since > PROVEN_MS) falls = 0;
      else if (rungs.includes(current().name)) falls++;
      misses = 0;
      comeBack();
    },

    /** The network may be another one, or the page is back: what waits for its time is done now. */
    wake(): void {
      const { stateName } = core;
      isAsleep = false;
      // What fell before was another network's doing; and what is being tried now may end on a lower rung.
      misses = falls = 0;
      climbAt = undefined;
      if (stateName === 'suspended') comeBack();
      else if (stateName === 'open' && !candidate) climb(0);
    },

    /** The page is put aside: nothing is tried until it wakes. */
    sleep(): void {
      isAsleep = true;
    },

    /** Attaches anew, at a random moment within `withinMs`. */
    move(withinMs: number): void {
      stop();
      timer = clock.after(random() * withinMs, comeBack);
    },
  };
}
