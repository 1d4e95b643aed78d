/** What became of each way to carry the session, and what that means for who uses it: the timeline of `explain()`. */
import debug from 'debug';
import type { WebSocketEvent } from './environment.ts';
import { TransportError } from './transport-error.ts';

const log = debug('throughline:engine:client');

/** What each outcome means, in a sentence. */
const meanings = {
  opened: 'The session opened here.',
  climbed: 'This way is open at both ends, and better.',
  resumed: 'The session goes on here, and nothing was lost.',
  lost: 'It was lost, and the session waits for another way.',
  refused: 'The server or a proxy said no: see the status.',
  unreachable: 'Nobody answered: no network, or a firewall.',
  failed: 'It was refused, or nobody answered: browsers do not say which.',
  unanswered: 'No answer in time: something in between swallows it.',
  silent: 'It connected, but nothing came through.',
  buffered: 'A proxy holds the answer back until it ends.',
  ended: 'It ended before it could be used.',
} as const;

/** Why a way was taken, failed or was given up. */
export type RungReason = keyof typeof meanings;

/** One thing that happened to a transport. */
export interface TimelineEntry {
  /** ms since 1970. */
  readonly at: number;
  readonly transport: string;
  readonly why: RungReason;
  /** The HTTP status that answered or the code of the loss, where there is one; otherwise what else is known. */
  readonly detail: unknown;
  /** What it means, in a sentence. */
  readonly meaning: string;
}

/** How many entries are kept: the newest. */
const LONGEST = 100;

/** Appends what happened. */
export function note(timeline: TimelineEntry[], transport: string, why: RungReason, detail?: unknown): void {
  const known = detail instanceof TransportError ? detail.description : detail;
  log('%s: %s', transport, why);
  timeline.push({ at: Date.now(), transport, why, detail: known, meaning: meanings[why] });
  if (timeline.length > LONGEST) timeline.shift();
}

/** Why a transport failed that ended with `detail`. */
export function whyFailed(detail: unknown): RungReason {
  if (!(detail instanceof TransportError)) return 'ended';
  if (detail.code === 'ERR_REFUSED') return 'refused';
  // Of its WebSockets a browser tells an event without an error: its pages are not to search networks.
  const { description, context } = detail;
  return description === context && !(context as WebSocketEvent).error ? 'failed' : 'unreachable';
}
