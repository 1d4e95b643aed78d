/**
 * The ladder: which transport carries the session. It opens on the surest, climbs to better ones that prove open at both
 * ends, and after a fall comes back by the surest way first.
 *
 * Only decisions are made here: transports, time and chance come from outside. At most one transport beside the session's
 * own is being tried at any time, and until it has proved itself the session stays where it is.
 */
import type { Timer } from '../../shared/clock.ts';
import { readCount } from '../../shared/engine/count.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { backoffMs } from './backoff.ts';
import type { RungReason } from './meanings.ts';
import type { Socket } from './socket.ts';
import type { Emit } from './socket-events.ts';
import type { Joining, Transport } from './transport.ts';
import { TransportError } from './transport-error.ts';

/** How long a better transport may take to prove itself: less than the server's `upgradeTimeout` (ms). */
const PROBE_MS = 8_000;

/** How long the server's word may take that the session has moved (ms). Until then nothing comes down. */
const MOVE_MS = 2_000;

/** How long an attempt to come back may take (ms). */
const ATTACH_MS = 5_000;

/** The first wait before coming back is tried again, and the longest (ms): many tries fit into the time that a server waits. */
const AGAIN_MS = 100;
const AGAIN_MOST_MS = 2_000;

/** The same for climbing. */
const CLIMB_MS = 2_000;
const CLIMB_MOST_MS = 300_000;

/** By which part of itself a wait is longer or shorter. */
const JITTER = 0.5;

/** A transport that carried the session for so long has proved itself: its loss is not held against it (ms). */
const PROVEN_MS = 30_000;

/** What the ladder asks of its owner, who tells it what becomes of the transports that it made. */
export interface LadderOwner {
  /** Whether something large is on its way down. */
  isArriving(): boolean;
  create(name: string, joins: Joining): Transport;
  /** `transport` carries the session from now on. @param seen - how many messages a server of ours has seen */
  adopt(transport: Transport, why: RungReason, seen: number | undefined): void;
  /** An attempt came to nothing. */
  failed(transport: Transport, wasAttaching: boolean, why: RungReason, detail: unknown): void;
}

export type Ladder = ReturnType<typeof createLadder>;

export function createLadder(socket: Socket, emit: Emit, { isArriving, create, adopt, failed }: LadderOwner) {
  const { core, environment } = socket;
  const { clock, random } = environment;
  /** The better ways, the best first, and the one that is sure. */
  let rungs: readonly string[] = [];
  let surest = '';
  /** The rung at hand: the one that is being probed, or that held last. */
  let at = 0;
  /** The transport that is being tried. */
  let candidate: Transport | undefined;
  /** How. Once a probe was answered the session moves: as when it attaches, the server's next word is that it goes on there. */
  let stage: Joining | 'move';
  /** With a candidate: until it must have got on. Without: until the next try. */
  let timer: Timer | undefined;
  /** How often in a row coming back failed. */
  let misses = 0;
  /** How often in a row climbing failed, or what was reached did not hold. */
  let falls = 0;
  /** When climbing is tried again, once that was put off. What is lost and found meanwhile changes nothing of it. */
  let climbAt: number | undefined;
  /** When the transport at hand began to carry the session, and before that when the session was asked for. */
  let since = clock.now();
  /** Twice as long as it took to open the session: so slow are the line and the server. */
  let patienceMs = 0;
  let isAsleep = false;

  const stop = (): void => {
    const left = candidate;
    timer?.cancel();
    candidate = undefined;
    left?.close();
  };

  /** A transport failed; it matters only while it is being tried. */
  const lost = (transport: Transport, why: RungReason, detail?: unknown): void => {
    if (transport !== candidate) return;
    stop();
    failed(transport, stage === 'attach', why, detail);
    if (stage === 'attach') {
      const askedMs = detail instanceof TransportError ? detail.retryAfterMs : 0;
      later(askedMs + backoffMs(AGAIN_MS, AGAIN_MOST_MS, JITTER, misses++, random()), comeBack);
    } else if (stage === 'probe') climb(at + 1);
    else {
      // Where the session was to go has not held: that counts, however long what carried it until then had held.
      falls++;
      since = clock.now();
      // The server may have moved it: where it is now, coming back tells.
      core.lose(socket.transport, 'transport-error');
    }
  };

  /** That time (ms), or longer where all takes longer. */
  const atLeast = (ms: number): number => Math.max(ms, patienceMs);

  /** Within that time the transport that is being tried must get on. */
  const expect = (withinMs: number): void => {
    timer?.cancel();
    timer = clock.after(atLeast(withinMs), () => {
      const { name, readyState } = candidate!;
      lost(candidate!, name === 'streaming' ? 'buffered' : readyState === 'open' ? 'silent' : 'unanswered');
    });
  };

  const attempt = (name: string, how: Joining, withinMs: number): Transport => {
    stop();
    candidate = create(name, how);
    stage = how;
    expect(withinMs);
    return candidate;
  };

  const later = (delayMs: number, task: () => void): void => {
    if (core.resumable && core.stateName !== 'closed') timer = clock.after(delayMs, task);
  };

  const climbLater = (): void => {
    climbAt ??= clock.now() + backoffMs(CLIMB_MS, CLIMB_MOST_MS, JITTER, falls++, random());
    later(Math.max(0, climbAt - clock.now()), climb);
  };

  /** The session goes on here. @param seen - how many messages a server of ours has seen */
  const settle = (transport: Transport, seen?: number): void => {
    candidate = undefined;
    timer?.cancel();
    since = clock.now();
    adopt(transport, stage === 'attach' ? 'resumed' : 'climbed', seen);
    if (core.stateName !== 'open' || candidate) return;
    const rung = rungs.indexOf(transport.name);
    if (rung > 0 || falls > 0) climbLater();
    else if (rung < 0) climb(at);
  };

  /** Probes rung after rung, from `from` down to the one in use. */
  const climb = (from = 0): void => {
    climbAt = undefined;
    const name = rungs[from];
    at = name ? from : 0;
    const isThere = !name || name === socket.transport.name;
    if (isThere && from > 0) climbLater();
    if (isThere || core.stateName !== 'open') return;
    const transport = attempt(name, 'probe', PROBE_MS);
    transport.once('open', () => transport.probe());
    transport.open();
  };

  /** The probe was answered, and what carried the session has stopped. */
  const move = (transport: Transport): void => {
    if (transport !== candidate) return;
    transport.send([core.withCount('upgrade')], core.next);
    transport.lane = { next: core.seen + 1 };
    if (!core.resumable) settle(transport);
  };

  /** Attaches by the surest way. */
  const comeBack = (): void => {
    stop();
    if (isAsleep || core.stateName === 'closed') return;
    const transport = attempt(surest, 'attach', ATTACH_MS);
    transport.open();
    core.resend(transport);
  };

  return {
    lost,
    atLeast,

    /** The session has ended, and with it whatever was being tried. */
    stop(): void {
      if (candidate) lost(candidate, 'ended');
      stop();
    },

    /** Whether the session is about to move. */
    isMoving: (): boolean => !!candidate && stage === 'move',

    /**
     * The session is open.
     *
     * @param best - the rung to begin with, as it held last time
     * @param mostMs - how long an answer is waited for at most where the line, or the server, is slow
     */
    start(better: readonly string[], sure: string, best: string | undefined, mostMs: number): void {
      rungs = better;
      surest = sure;
      patienceMs = Math.min(mostMs, 2 * (clock.now() - since));
      since = clock.now();
      climb(Math.max(0, rungs.indexOf(best!)));
    },

    /** A packet arrived on a transport; it matters only while that is being tried. */
    hears(transport: Transport, packet: Packet): void {
      const { type, data } = packet;
      if (transport !== candidate) return;
      const count = type === 'noop' ? readCount(data) : undefined;
      if (stage === 'probe' && data === 'probe' && isArriving()) {
        // It would have to begin anew there, and on a slow line it might never get through.
        stop();
        climbLater();
      } else if (stage === 'probe' && data === 'probe') {
        stage = 'move';
        if (core.resumable) expect(MOVE_MS);
        emit('upgrading', transport);
        socket.transport.pause(() => move(transport));
      } else if (stage !== 'probe' && count !== undefined) settle(transport, count);
      // A server may also say why the session is over, and that it is.
      else if (!/^(noop|close)$/.test(type) || !core.receive(packet, transport.lane)) lost(transport, 'refused');
    },

    /** The session's transport is lost. Comes back at once. */
    fell(): void {
      if (clock.now() - since > PROVEN_MS) falls = 0;
      else if (rungs.includes(socket.transport.name)) falls++;
      misses = 0;
      comeBack();
    },

    /** The network may be another one, or the page is back: what waits for its time is done now. */
    wake(): void {
      isAsleep = false;
      // What fell before was another network's doing; and what is being tried now may end on a lower rung.
      misses = falls = 0;
      climbAt = undefined;
      if (core.stateName === 'suspended') comeBack();
      else if (!candidate) climb();
    },

    /** The page is put aside: nothing is tried until it wakes. */
    sleep(): void {
      isAsleep = true;
      stop();
    },

    /** Attaches anew, at a random moment within `withinMs`. */
    move(withinMs: number): void {
      stop();
      timer = clock.after(random() * withinMs, comeBack);
    },
  };
}
