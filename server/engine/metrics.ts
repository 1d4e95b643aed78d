/** What a server has done and how it is: one plain object of numbers, made when it is asked for. */
import type { TransportName } from '../../shared/engine/packet.ts';
import type { EndedBy, ReasonCode } from '../../shared/engine/reason.ts';
import { Counts, table } from './counts.ts';
import type { ResumeResult, Tally } from './counts.ts';
import type { Histogram } from './histogram.ts';
import type { LimitName } from './limit-hits.ts';
import { transportNames } from './options.ts';
import type { RefusalName } from './refusal.ts';
import type { Line } from './line.ts';
import type { Transport } from './transport.ts';

/** What came in, and what went out. */
export type BothWays = Readonly<Tally<'received' | 'sent'>>;

/** A snapshot. Unless its comment says that it is so now, a number counts since the server was made, and never falls. */
export interface Metrics {
  /** The sessions that there are now, by what carries them, or carried them last. */
  readonly activeSessions: Readonly<Tally<TransportName>>;
  /** Of these, how many wait now for their peer to come back. */
  readonly suspendedSessions: number;
  /** Sessions that ended, by why. */
  readonly closedSessions: Readonly<Tally<ReasonCode>>;
  /** How long they had lasted (s), by what had carried them last and by who ended them. */
  readonly sessionDurationSeconds: Readonly<Record<TransportName, Readonly<Record<EndedBy, Histogram>>>>;
  /** Messages of sessions: an event with attachments is one more for each. Heartbeats are none, and repetitions don't count. */
  readonly messages: BothWays;
  /** Bytes: all of a WebSocket's as soon as it carries a session, and bodies alone of HTTP. Of WebSockets over HTTP/2 none. */
  readonly ioBytes: BothWays;
  /** What became of sessions whose peer was gone. */
  readonly resumes: Readonly<Tally<ResumeResult>>;
  /** Messages sent again, since a transport was lost before they were confirmed. */
  readonly replayedMessages: number;
  /** Moves of sessions, by where from and where to. */
  readonly transportChanges: Readonly<Record<TransportName, Readonly<Tally<TransportName>>>>;
  /** Requests that were refused, by why: the `name` in the context of `connection_error`, or else that of its code. */
  readonly rejectedRequests: Readonly<Tally<RefusalName>>;
  /** How often peers ran into limits. */
  readonly limitHits: Readonly<Tally<LimitName>>;
  /** Bytes of messages kept now for all sessions: not sent yet, or not confirmed. */
  readonly queuedBytes: number;
  /** From a ping to its answer (s). */
  readonly heartbeatRttSeconds: Histogram;
  /** Sessions that are to go before the server has drained; 0 while it doesn't. */
  readonly drainRemaining: number;
}

/** Who counts, and whom to ask. */
interface Counted extends Iterable<Line> {
  readonly counts: Counts;
  readonly size: number;
  readonly suspendedSize: number;
  readonly isDraining: boolean;
}

/** Walks over all sessions: ten milliseconds for ten thousand. */
export function takeMetrics(registry: Counted): Metrics {
  const { counts } = registry;
  const activeSessions = table(transportNames, () => 0);
  const messages = { received: counts.messages.received, sent: counts.messages.sent + counts.passed };
  const ioBytes = { ...counts.bytes };
  const addBytes = ({ bytesRead, bytesWritten }: Transport): void => {
    ioBytes.received += bytesRead;
    ioBytes.sent += bytesWritten;
  };
  let queuedBytes = 0;
  for (const { core, transport } of registry) {
    activeSessions[transport.name]++;
    messages.received += core.seen;
    messages.sent += core.sent;
    queuedBytes += core.keptBytes;
    if (!counts.lingering.has(transport)) addBytes(transport);
  }
  for (const transport of counts.lingering) addBytes(transport);
  return {
    activeSessions,
    suspendedSessions: registry.suspendedSize,
    closedSessions: { ...counts.closed },
    sessionDurationSeconds: durationsOf(counts),
    messages,
    ioBytes,
    resumes: { ...counts.resumes },
    replayedMessages: counts.replayed,
    transportChanges: mapped(counts.moves, (to) => ({ ...to })),
    rejectedRequests: { ...counts.rejected },
    limitHits: { ...counts.limitHits },
    queuedBytes,
    heartbeatRttSeconds: counts.roundTrips.snapshot(),
    drainRemaining: registry.isDraining ? registry.size : 0,
  };
}

function durationsOf({ durations }: Counts): Metrics['sessionDurationSeconds'] {
  return mapped(durations, (byEnder) => mapped(byEnder, (lasted) => lasted.snapshot()));
}

function mapped<Name extends string, From, To>(from: Record<Name, From>, map: (one: From) => To): Record<Name, To> {
  const names = Object.keys(from) as Name[];
  return Object.fromEntries(names.map((name) => [name, map(from[name])])) as Record<Name, To>;
}

/** Of a server that has none of its own yet. */
export function noMetrics(): Metrics {
  return takeMetrics({ counts: new Counts(), size: 0, suspendedSize: 0, isDraining: false, *[Symbol.iterator]() {} });
}

/** Snapshots of several servers as one: trees of numbers, all of the same shape, of which each number is added. */
export function sumOf<T extends object>([first, ...others]: readonly [T, ...T[]]): T {
  const add = (at: object, other: object): object =>
    Object.fromEntries(
      Object.entries(at).map(([name, value]: [string, number | object]) => {
        const more = (other as Record<string, number | object>)[name]!;
        return [name, typeof value === 'number' ? value + (more as number) : add(value, more as object)];
      }),
    );
  return others.reduce<T>((sum, one) => add(sum, one) as T, first);
}
