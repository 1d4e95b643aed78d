/** What became of each way to carry the session, and what that means for who uses it: the timeline of `explain()`. */
import { TransportError } from './transport.ts';

/** What each outcome means, in a sentence. */
const meanings = {
  opened: 'The session opened here.',
  climbed: 'This way is open at both ends, and better.',
  resumed: 'The session goes on here, and nothing was lost.',
  refused: 'The server or a proxy said no: see the status.',
  unreachable: 'Nobody answered: no network, or a firewall.',
  unanswered: 'No answer in time: something in between swallows it.',
  silent: 'It connected, but nothing came through.',
  buffered: 'A proxy holds the answer back until it ends.',
  ended: 'It ended before it could be used.',
  lost: 'It was lost, and the session waits for another way.',
} as const;

/** Why a way was taken, failed or was given up. */
export type RungReason = keyof typeof meanings;

/** One thing that happened to a transport. */
export interface TimelineEntry {
  /** ms since 1970. */
  readonly at: number;
  readonly transport: string;
  readonly why: RungReason;
  /** Whether it carried the session from then on. */
  readonly ok: boolean;
  /** The HTTP status that answered, where one did; otherwise what else is known, if anything. */
  readonly detail: unknown;
  readonly meaning: string;
}

/** How many entries are kept: the newest. */
const LONGEST = 100;

export class Timeline {
  readonly entries: TimelineEntry[] = [];

  note(transport: string, why: RungReason, detail?: unknown): void {
    const ok = why === 'opened' || why === 'climbed' || why === 'resumed';
    this.entries.push({ at: Date.now(), transport, why, ok, detail, meaning: meanings[why] });
    if (this.entries.length > LONGEST) this.entries.shift();
  }
}

/** Why a transport failed that ended with `error`. */
export function whyFailed(error: unknown): RungReason {
  if (!(error instanceof TransportError)) return 'ended';
  return error.code === 'ERR_REFUSED' ? 'refused' : 'unreachable';
}
