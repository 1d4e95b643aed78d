/**
 * The heartbeat of Engine.IO 4: the server pings, the client answers, and each notices when the other is gone.
 *
 * A verdict that comes much later than it was due says that this process slept or was blocked, not that the peer was
 * silent: what arrived meanwhile has not been read yet. So such a verdict is put off once more instead of spoken.
 */
import type { Clock, SharedClock, Timer } from '../clock.ts';

/** A timer that fires this much after its time (ms) tells of a blocked or sleeping process. */
const LATE_MS = 1_000;

/** A message of more than that (bytes) is announced before it, where the receiver can't see it arrive. */
export const LARGE_BYTES = 131_072;

/** A network that takes less (bytes a ms) is not waited for, and none for longer (ms). */
const LEAST_RATE = 16;
const MOST_LEEWAY_MS = 60_000;

/** How much longer (ms) one may stay silent who has so many bytes to take first, or to send, before it can be heard. */
function leewayMs(bytes: number): number {
  return Math.min(MOST_LEEWAY_MS, Math.max(0, bytes - LARGE_BYTES) / LEAST_RATE);
}

/** What a heartbeat tells its owner. */
export interface HeartbeatSink {
  /** Bytes on their way to the peer, which it can't answer a ping before. */
  readonly owedBytes?: number;
  /** Send a ping now (the server), or ask whether the peer is there (a client that has slept). */
  ping(): void;
  /** The peer is gone. Nothing follows. */
  lost(): void;
}

/** Waits for a sign of life, and speaks the verdict when none came in time. */
class Verdict {
  private readonly clock: Clock;
  private readonly sink: HeartbeatSink;
  private timer: Timer | undefined;
  private due = 0;
  private readonly askedAt: number;

  constructor(clock: Clock, sink: HeartbeatSink) {
    this.clock = clock;
    this.sink = sink;
    this.askedAt = clock.now();
  }

  /** Whether it is still to be spoken. */
  get isPending(): boolean {
    return this.timer !== undefined;
  }

  /** How long ago the peer was asked (ms). */
  get sinceMs(): number {
    return this.clock.now() - this.askedAt;
  }

  within(delayMs: number, graceMs: number): void {
    this.timer?.cancel();
    this.due = this.clock.now() + delayMs;
    this.timer = this.clock.after(delayMs, () => {
      this.timer = undefined;
      if (this.clock.now() - this.due < LATE_MS) return this.sink.lost();
      this.within(graceMs, graceMs);
      this.sink.ping();
    });
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}

/** The server's half. It pings even a peer that never stops talking: Engine.IO's clients give up when no ping comes. */
export class Heartbeat {
  private readonly clock: SharedClock;
  private readonly sink: HeartbeatSink;
  private readonly intervalMs: number;
  private readonly timeoutMs: number;
  /** There from a ping to its answer, which may come when it is cancelled already: most of the time none is. */
  private verdict: Verdict | undefined = undefined;
  private next: Timer | undefined = undefined;

  constructor(clock: SharedClock, sink: HeartbeatSink, intervalMs: number, timeoutMs: number) {
    this.clock = clock;
    this.sink = sink;
    this.intervalMs = intervalMs;
    this.timeoutMs = timeoutMs;
  }

  start(): void {
    this.stop();
    this.next = this.clock.afterFor(this.intervalMs, Heartbeat.ask, this);
  }

  stop(): void {
    this.next?.cancel();
    this.next = undefined;
    this.heard();
    this.verdict = undefined;
  }

  /** Any byte is a sign of life, not only the pong. */
  heard(): void {
    this.verdict?.cancel();
  }

  /** The pong has come. @returns how long it took (ms), undefined where none was due */
  answered(): number | undefined {
    const { verdict } = this;
    this.heard();
    this.verdict = undefined;
    return verdict?.sinceMs;
  }

  private static ask(this: void, heartbeat: Heartbeat): void {
    const { clock, sink, intervalMs, timeoutMs } = heartbeat;
    heartbeat.next = clock.afterFor(intervalMs, Heartbeat.ask, heartbeat);
    if (!heartbeat.verdict?.isPending) {
      heartbeat.verdict = new Verdict(clock, sink);
      heartbeat.verdict.within(timeoutMs + leewayMs(sink.owedBytes ?? 0), timeoutMs);
    }
    sink.ping();
  }
}

/** The client's half: it expects to hear something within an interval and a timeout. */
export class Watchdog {
  private readonly clock: Clock;
  private readonly sink: HeartbeatSink;
  private readonly silenceMs: number;
  private readonly timeoutMs: number;
  private timer: Timer | undefined;
  private heardAt = 0;
  /** What that was when the peer was last asked about a quiet way. */
  private askedOf = -1;
  /** Whether something large is arriving, whose end is not here yet. */
  isMidway = false;
  /** When the peer was last told that what it sends is still arriving. */
  private toldAt = 0;

  /** @param intervalMs - the server's `pingInterval`; @param timeoutMs - its `pingTimeout` */
  constructor(clock: Clock, sink: HeartbeatSink, intervalMs: number, timeoutMs: number) {
    this.clock = clock;
    this.sink = sink;
    this.silenceMs = intervalMs + timeoutMs;
    this.timeoutMs = timeoutMs;
  }

  start(): void {
    this.expect(this.silenceMs);
  }

  stop(): void {
    this.timer?.cancel();
  }

  /**
   * Only notes the time; the one timer runs on and looks at that note when it fires.
   *
   * @param isMidway - it was a piece of something large. A ping of the peer's waits behind that, and so would the answer:
   *   the peer is told now and then that somebody is here
   */
  heard(isMidway = false): void {
    const now = (this.heardAt = this.clock.now());
    this.isMidway = isMidway;
    if (!isMidway || now - this.toldAt < this.timeoutMs / 2) return;
    this.toldAt = now;
    this.sink.ping();
  }

  /** Nothing will be heard until so many bytes have arrived. */
  awaits(bytes: number): void {
    this.heardAt = this.clock.now() + leewayMs(bytes);
  }

  /** Asked for an answer: one must come within `withinMs`, or the peer is gone. */
  expect(withinMs: number): void {
    this.heardAt = this.clock.now() - this.silenceMs + withinMs;
    this.look(withinMs);
  }

  /**
   * The peer took something that came another way than the one on which it is heard. Where that has been quiet for
   * `withinMs` it is asked, and once it took the question too an answer must come within that time again: so a stream
   * that somebody has begun to hold back is found long before its silence would show it. A peer that takes nothing, as it
   * is busy, is not judged by this.
   */
  taken(withinMs: number): void {
    const { heardAt } = this;
    const quietMs = this.clock.now() - heardAt;
    // Towards the end of the silence the verdict is due by itself; `expect` goes there.
    if (quietMs < withinMs || quietMs >= this.silenceMs - withinMs) return;
    if (this.askedOf === heardAt) this.expect(withinMs);
    else this.sink.ping();
    this.askedOf = heardAt;
  }

  private look(inMs: number): void {
    const { clock } = this;
    const due = clock.now() + inMs;
    this.stop();
    this.timer = clock.after(inMs, () => {
      const leftMs = this.heardAt + this.silenceMs - clock.now();
      if (clock.now() - due >= LATE_MS) {
        this.look(this.timeoutMs);
        this.sink.ping();
      } else if (leftMs > 0) this.look(leftMs);
      else this.sink.lost();
    });
  }
}
