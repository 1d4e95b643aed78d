/**
 * All sessions of a server: by id, and counted where counts are bounded. It gives up the oldest suspended ones when all of
 * them together keep too much.
 */
import type { EventEmitter } from 'node:events';

import debug from 'debug';

import type { SharedClock } from '../../shared/clock.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import type { ResumeTerms } from '../../shared/engine/session.ts';
import { Answers } from './answer.ts';
import { Counts } from './counts.ts';
import { Farewells } from './farewells.ts';
import type { Audience } from './farewells.ts';
import type { Line, LineHost } from './line.ts';
import type { Settings } from './options.ts';
import { shortId } from './session-id.ts';

const log = debug('throughline:engine:registry');

export class Registry implements LineHost {
  readonly clock: SharedClock;
  readonly settings: Settings;
  readonly answers: Answers;
  readonly farewells: Farewells;
  readonly counts = new Counts();
  readonly terms: ResumeTerms | undefined;
  tellsFlow = false;
  /** Whether the server takes no new sessions because it is about to stop. */
  isDraining = false;
  /** When the time for that is up, on {@link clock}. */
  drainEndsAt: number | undefined = undefined;
  /** How many sessions are silent. The floor above may know better. */
  countSilent = (): number => this.silent;
  private readonly server: EventEmitter;
  private readonly lines = new Map<string, Line>();
  /** Sessions that have not sent a message yet. */
  private silent = 0;
  /** Suspended sessions, the oldest first, with the bytes that each was counted with. */
  private readonly suspended = new Map<Line, number>();
  private suspendedBytes = 0;

  constructor(server: EventEmitter, settings: Settings, clock: SharedClock) {
    this.server = server;
    this.settings = settings;
    this.clock = clock;
    this.answers = new Answers(server, settings, this.counts);
    this.farewells = new Farewells(clock);
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
    return this.countSilent() >= this.settings.maxSilentSessions;
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
      oldest!.core.end('journal-full', 'suspended sessions keep more than resume.maxTotalBytes');
    }
  }

  uncountSuspended(line: Line): void {
    this.suspendedBytes -= this.suspended.get(line) ?? 0;
    this.suspended.delete(line);
  }

  forget(line: Line, lastWords: readonly Packet[] | undefined): void {
    if (this.lines.get(line.id) !== line) return;
    this.lines.delete(line.id);
    this.counts.sessionEnded(line, this.suspended.has(line));
    this.uncountSuspended(line);
    if (!line.hasSpoken) this.silent--;
    if (lastWords !== undefined) this.farewells.keep(line.id, lastWords, audienceOf(line));
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
    const awaited = new Map(lines.filter(isAwaited).map(({ id, core }) => [id, core.resumable]));
    for (const { core } of lines) core.close('closed-here', true);
    this.farewells.linger(awaited, done);
  }

  emit(event: string, ...args: unknown[]): boolean {
    return this.server.emit(event, ...args);
  }
}

function audienceOf({ core, ending }: Line): Audience {
  // Of a peer that stayed away for so long nothing is under way.
  if (core.resumable) return ending === 'window-passed' ? 'poll' : 'each';
  // On polling only the application closes a transport: the network's faults are errors.
  return ending === 'closed-here' || ending === 'transport-closed' ? 'poll-then-posts' : 'poll';
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
