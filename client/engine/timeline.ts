/** What became of each way to carry the session, and what that means for who uses it: the timeline of `explain()`. */
import debug from 'debug';
import type { WebSocketEvent } from './environment.ts';
import { meaningOf, type RungReason } from './meanings.ts';
import { TransportError } from './transport-error.ts';

const log = debug('throughline:engine:client');

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
export function note(
  timeline: TimelineEntry[],
  { name: transport }: { readonly name: string },
  why: RungReason,
  detail?: unknown,
): void {
  const known = detail instanceof TransportError ? detail.description : detail;
  log('%s: %s', transport, why);
  timeline.push({ at: Date.now(), transport, why, detail: known, meaning: meaningOf(why) });
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
