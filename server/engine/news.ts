/**
 * What becomes of a session, told to all who are to know: it is counted, told on the channels to whoever watches from outside, and
 * then to the application. An end is logged besides, in one line.
 */
import debug from 'debug';

import type { TransportName } from '../../shared/engine/packet.ts';
import { reasons } from '../../shared/engine/reason.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import { diagnostics } from './diagnostics.ts';
import { hitLimit, limitOfReason } from './limit-hits.ts';
import type { Line } from './line.ts';
import type { CloseDetails } from './session.ts';
import { shortId } from './session-id.ts';

const log = debug('throughline:engine:session');

/** Another transport carries it. */
export function tellMoved({ session, counts, transport }: Line, from: TransportName, why: string): void {
  const { name: to } = transport;
  counts.moves[from][to]++;
  if (diagnostics.change.hasSubscribers) diagnostics.change.publish({ session, from, to, why });
  session.emit('transport', transport, why);
}

export function tellSuspended({ session }: Line, code: ReasonCode): void {
  if (diagnostics.suspend.hasSubscribers) diagnostics.suspend.publish({ session, code });
  session.emit('suspend', code);
}

export function tellResumed({ session, counts }: Line, suspendedMs: number, replayed: number): void {
  counts.resumes.resumed++;
  if (diagnostics.resume.hasSubscribers) diagnostics.resume.publish({ session, suspendedMs, replayed });
  session.emit('resume', suspendedMs, replayed);
}

/** @param detail - what exactly happened, for people */
export function tellClosed(line: Line, code: ReasonCode, detail: string): void {
  const { session, counts } = line;
  const { by, again, word } = reasons[code];
  const details: CloseDetails = { code, by, again, message: detail === '' ? code : detail };
  const { message } = details;
  if (log.enabled) logEnd(line, code, message);
  if (diagnostics.close.hasSubscribers) diagnostics.close.publish({ session, code, by, message });
  const limit = by === 'policy' ? limitOfReason(code) : undefined;
  if (limit !== undefined) hitLimit(counts.limitHits, limit, session);
  session.receiver?.closed(word, details);
  session.emit('close', word, details);
}

function logEnd({ id, transport, ageMs, core }: Line, code: ReasonCode, message: string): void {
  const { by, word } = reasons[code];
  log(
    '%s: closed on %s after %d ms, %s: %s (%s), %d bytes queued, by %s',
    shortId(id),
    transport.name,
    Math.round(ageMs),
    word,
    code,
    message,
    core.keptBytes,
    by,
  );
}
