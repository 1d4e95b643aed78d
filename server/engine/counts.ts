/**
 * What a server has counted since it was made: only what happens rarely is counted as it happens. Messages are counted by the
 * sessions themselves, and bytes by Node's sockets; theirs are added here when they end, and until then `metrics.ts` asks them.
 *
 * Always holds: what is asked for and what was added is together never less than before, so that rates can be had of it.
 */
import { reasons } from '../../shared/engine/reason.ts';
import type { EndedBy, ReasonCode } from '../../shared/engine/reason.ts';
import { Distribution } from './histogram.ts';
import { limitNames } from './limit-hits.ts';
import type { Line } from './line.ts';
import { transportNames } from './options.ts';
import { refusalNames } from './refusal.ts';
import type { Transport } from './transport.ts';

/** A number for each of some names. */
export type Tally<Name extends string> = Record<Name, number>;

/**
 * What became of a session whose peer was gone: it came back; it didn't within the window; more was to be kept for it than
 * may be; or something else ended it meanwhile.
 */
export const resumeResults = ['resumed', 'window-passed', 'journal-full', 'closed'] as const;

/** A name of {@link resumeResults}. */
export type ResumeResult = (typeof resumeResults)[number];

/** As OpenTelemetry's `signalr.server.connection.duration` has them, the one precedent that is stable (s). */
const DURATION_BOUNDS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** From within a data centre to worse than `pingTimeout` allows (s). */
const ROUND_TRIP_BOUNDS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

const enders: readonly EndedBy[] = ['here', 'peer', 'network', 'policy'];

export class Counts {
  /** Sessions that ended. */
  readonly closed = tally(Object.keys(reasons) as ReasonCode[]);
  /** How long they had lasted, by what had carried them last and by who ended them. */
  readonly durations = table(transportNames, () => table(enders, () => new Distribution(DURATION_BOUNDS_S)));
  /** Messages of sessions that ended. */
  readonly messages = { received: 0, sent: 0 };
  /** Messages that sessions which don't count them sent past their queue. */
  passed = 0;
  /** Bytes of requests and answers, and of WebSockets that are closed. */
  readonly bytes = { received: 0, sent: 0 };
  readonly resumes = tally(resumeResults);
  /** Messages that were sent again. */
  replayed = 0;
  readonly moves = table(transportNames, () => tally(transportNames));
  readonly rejected = tally(refusalNames);
  readonly limitHits = tally(limitNames);
  readonly roundTrips = new Distribution(ROUND_TRIP_BOUNDS_S);
  /** WebSockets that sessions are through with, while their last bytes are on their way. */
  readonly lingering = new Set<Transport>();

  /** @param wasSuspended - whether its peer was gone when it ended */
  sessionEnded({ core, ending, transport, ageMs }: Line, wasSuspended: boolean): void {
    const why = ending ?? 'closed-here';
    this.closed[why]++;
    this.durations[transport.name][reasons[why].by].add(ageMs / 1_000);
    this.messages.received += core.seen;
    this.messages.sent += core.sent;
    if (why === 'window-passed' || why === 'journal-full') this.resumes[why]++;
    else if (wasSuspended) this.resumes.closed++;
  }

  /** @param ms - from a ping to its answer; undefined where that is not known */
  roundTrip(ms: number | undefined): void {
    if (ms !== undefined) this.roundTrips.add(ms / 1_000);
  }

  /** A WebSocket is closed, the last of it has come and gone. */
  wireClosed(transport: Transport): void {
    this.lingering.delete(transport);
    this.bytes.received += transport.bytesRead;
    this.bytes.sent += transport.bytesWritten;
  }
}

/** The same for each of some names. */
export function table<Name extends string, T>(names: readonly Name[], make: () => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, make()])) as Record<Name, T>;
}

function tally<Name extends string>(names: readonly Name[]): Tally<Name> {
  return table(names, () => 0);
}
