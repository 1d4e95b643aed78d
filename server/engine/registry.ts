/**
 * All sessions of a server: by id, and counted where counts are bounded.
 *
 * It keeps for a while what must be known of a session after its end (its farewell), and gives up the oldest suspended
 * sessions when all of them together keep too much.
 */
import type { EventEmitter } from 'node:events';

import debug from 'debug';

import type { Clock, Timer } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import type { ResumeTerms } from '../../shared/engine/session.ts';
import { Answers } from './answer.ts';
import type { Line, LineHost } from './line.ts';
import type { Settings } from './options.ts';
import { shortId } from './session-id.ts';

const log = debug('throughline:engine:registry');

/** How long the end of a session is kept for a peer that could not be told of it (ms). */
const FAREWELL_MS = 30_000;

/** How long a server that closes waits for peers that are between two polls (ms): one comes back within a round trip. */
const LINGER_MS = 1_000;

/** What is known of a session after its end. */
interface Farewell {
  readonly packets: readonly Packet[];
  /** Its peer may have several requests under way: each is told, so that it makes no difference which answer is read first. */
  readonly isForAll: boolean;
  /** The server closed it, and its peer is to hear that from its poll: what it POSTs before is void, and no error. */
  readonly takesPosts: boolean;
  readonly timer: Timer;
}

export class Registry implements LineHost {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly answers: Answers;
  readonly terms: ResumeTerms | undefined;
  tellsFlow = false;
  /** Whether the server takes no new sessions because it is about to stop. */
  isDraining = false;
  /** Called when a server that closes has told all whom it waits for. */
  private toldAll: (() => void) | undefined = undefined;
  private readonly server: EventEmitter;
  private readonly lines = new Map<string, Line>();
  private readonly farewells = new Map<string, Farewell>();
  /** Sessions that have not sent a message yet. */
  private silent = 0;
  /** Suspended sessions, the oldest first, with the bytes that each was counted with. */
  private readonly suspended = new Map<Line, number>();
  private suspendedBytes = 0;

  constructor(server: EventEmitter, settings: Settings, clock: Clock) {
    this.server = server;
    this.settings = settings;
    this.clock = clock;
    this.answers = new Answers(server, settings);
    this.terms = termsOf(settings);
    server.on('newListener', (event: string) => {
      if (event === 'flush' || event === 'drain') this.tellsFlow = true;
    });
  }

  get size(): number {
    return this.lines.size;
  }

  get suspendedSize(): number {
    return this.suspended.size;
  }

  /** Whether there are so many sessions that have said nothing yet that no more are let in. */
  get isCrowded(): boolean {
    return this.silent >= this.settings.maxSilentSessions;
  }

  [Symbol.iterator](): Iterator<Line> {
    return this.lines.values();
  }

  get(id: string): Line | undefined {
    return this.lines.get(id);
  }

  add(line: Line): void {
    this.lines.set(line.id, line);
    this.silent++;
  }

  spoke(): void {
    this.silent--;
  }

  /** Counts what a suspended session keeps, which may have grown. */
  countSuspended(line: Line): void {
    const bytes = line.core.keptBytes;
    this.suspendedBytes += bytes - (this.suspended.get(line) ?? 0);
    this.suspended.set(line, bytes);
    const most = this.settings.resume?.maxTotalBytes ?? 0;
    while (this.suspendedBytes > most && this.suspended.size > 0) {
      const [oldest] = this.suspended.keys() as Iterable<Line>;
      log('%s: given up, suspended sessions keep over %d bytes', shortId(oldest!.id), most);
      oldest!.core.end('journal-full', 'too much is kept for suspended sessions');
    }
  }

  uncountSuspended(line: Line): void {
    this.suspendedBytes -= this.suspended.get(line) ?? 0;
    this.suspended.delete(line);
  }

  forget(line: Line, packets: readonly Packet[] | undefined): void {
    const { id } = line;
    if (this.lines.get(id) !== line) return;
    this.lines.delete(id);
    this.uncountSuspended(line);
    if (!line.hasSpoken) this.silent--;
    if (packets === undefined) return;
    const timer = this.clock.after(FAREWELL_MS, () => this.farewells.delete(id));
    // Of a peer that stayed away for so long nothing is under way.
    const isForAll = line.core.resumable && line.ending !== 'window-passed';
    const takesPosts = !line.core.resumable && line.ending === 'closed-here';
    this.farewells.set(id, { packets, isForAll, takesPosts, timer });
  }

  /** Whether a POST of this session, which has ended, is answered as if it had not: the poll that tells is still to come. */
  takesPosts(id: string): boolean {
    return this.farewells.get(id)?.takesPosts === true;
  }

  takeFarewell(id: string, isPoll = true): readonly Packet[] | undefined {
    const farewell = this.farewells.get(id);
    if (farewell === undefined || !(isPoll || farewell.isForAll)) return undefined;
    if (isPoll && (!farewell.isForAll || this.toldAll)) this.dropFarewell(id);
    return farewell.packets;
  }

  /**
   * Ends all sessions. A peer of our own that is between two polls is about to ask: it is waited for, and told. Others are
   * only waited for where nobody else would answer them; to them the session is unknown then.
   *
   * @param isAlone - whether nobody else answers requests
   * @param done - called when all of those were told, which may be at once, or their time has passed
   */
  close(isAlone: boolean, done: () => void): void {
    const lines = [...this.lines.values()];
    const isAwaited = ({ isBetweenPolls, core }: Line): boolean => isBetweenPolls && (isAlone || core.resumable);
    const asking = new Map(lines.filter(isAwaited).map(({ id, core }) => [id, core]));
    for (const { core } of lines) core.close('closed-here', true);
    for (const [id, farewell] of this.farewells) {
      const core = asking.get(id);
      if (core === undefined) this.dropFarewell(id);
      else if (!core.resumable) this.farewells.set(id, { ...farewell, packets: [], takesPosts: false });
    }
    if (this.farewells.size === 0) return done();
    const timer = this.clock.after(LINGER_MS, () => this.stopLingering());
    this.toldAll = () => {
      this.toldAll = undefined;
      timer.cancel();
      done();
    };
  }

  /** Waits for nobody any more. */
  stopLingering(): void {
    for (const id of this.farewells.keys()) this.dropFarewell(id);
  }

  private dropFarewell(id: string): void {
    this.farewells.get(id)?.timer.cancel();
    this.farewells.delete(id);
    if (this.farewells.size === 0) this.toldAll?.();
  }

  emit(event: string, ...args: unknown[]): boolean {
    return this.server.emit(event, ...args);
  }
}

function termsOf({ resume }: Settings): ResumeTerms | undefined {
  if (resume === undefined) return undefined;
  const { window, maxPackets, maxBytes } = resume;
  return {
    windowMs: window,
    maxPackets,
    maxBytes,
    // So often that the peer lets go of messages while they are young: cheaper than to keep thousands, and the count mostly
    // leaves in one write with an answer. And so often that a small journal stays far from full.
    reportPackets: Math.min(16, Math.ceil(maxPackets / 8)),
    reportBytes: Math.ceil(maxBytes / 8),
  };
}
