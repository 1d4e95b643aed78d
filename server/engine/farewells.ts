/**
 * What a peer that could not be told of the end of its session is to hear when it asks: kept for a while after the end.
 */
import type { Clock, Timer } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';

/** How long the end of a session is kept (ms). */
const KEPT_MS = 30_000;

/** Most of them that are kept; beyond, the oldest go, and to whoever asks late the session is unknown. */
const MOST_KEPT = 50_000;

/** How long a server that closes waits for peers that are between two polls (ms): one comes back within a round trip. */
const LINGER_MS = 1_000;

/**
 * Who hears of an end.
 *
 * - `each`: every request of a peer of our own. It may have several under way, and whichever answer it reads first tells it.
 * - `poll`: the next poll, and no other request.
 * - `poll-then-posts`: the next poll; POSTs that come before are answered as if all was well, for the server closed the
 *   session, and what is sent into that is void and no error.
 */
export type Audience = 'each' | 'poll' | 'poll-then-posts';

interface Farewell {
  readonly words: readonly Packet[];
  readonly audience: Audience;
  readonly timer: Timer;
}

export class Farewells {
  private readonly clock: Clock;
  private readonly byId = new Map<string, Farewell>();
  /** Called when a server that closes has told all whom it waits for. */
  private toldAll: (() => void) | undefined = undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The session of that id has ended: `words` say so. */
  keep(id: string, words: readonly Packet[], audience: Audience): void {
    const [oldest] = this.byId.keys();
    if (this.byId.size >= MOST_KEPT) this.drop(oldest!);
    const timer = this.clock.after(KEPT_MS, () => this.byId.delete(id));
    this.byId.set(id, { words, audience, timer });
  }

  /** What a poll or an upgrade is told; undefined where nothing is known of the session. */
  toPoll(id: string): readonly Packet[] | undefined {
    const farewell = this.byId.get(id);
    if (farewell !== undefined && (farewell.audience !== 'each' || this.toldAll)) this.drop(id);
    return farewell?.words;
  }

  /** What a POST is told; `nothing` where it is to be answered as if the session were there. */
  toPost(id: string): readonly Packet[] | 'nothing' | undefined {
    const farewell = this.byId.get(id);
    if (farewell?.audience === 'poll-then-posts') return 'nothing';
    return farewell?.audience === 'each' ? farewell.words : undefined;
  }

  /**
   * The server closes: only these are waited for, until their polls have come or their time has passed.
   *
   * @param awaited - ids, each with whether its peer is told of the end; to others the session is unknown then
   * @param done - called when nobody is waited for any more, which may be at once
   */
  linger(awaited: ReadonlyMap<string, boolean>, done: () => void): void {
    for (const [id, farewell] of this.byId) {
      const isTold = awaited.get(id);
      if (isTold === undefined) this.drop(id);
      else if (!isTold) this.byId.set(id, { ...farewell, words: [], audience: 'poll' });
    }
    if (this.byId.size === 0) return done();
    const timer = this.clock.after(LINGER_MS, () => this.dropAll());
    this.toldAll = () => {
      this.toldAll = undefined;
      timer.cancel();
      done();
    };
  }

  /** Waits for nobody any more. */
  dropAll(): void {
    for (const id of this.byId.keys()) this.drop(id);
  }

  private drop(id: string): void {
    this.byId.get(id)?.timer.cancel();
    this.byId.delete(id);
    if (this.byId.size === 0) this.toldAll?.();
  }
}
