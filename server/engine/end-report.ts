/** What is told of a session's end, beside its own events: one line of the log, the channels, and the limit that it hit. */
import debug from 'debug';

import { reasons } from '../../shared/engine/reason.ts';
import type { ReasonCode } from '../../shared/engine/reason.ts';
import { diagnostics } from './diagnostics.ts';
import { hitLimit, limitOfReason } from './limit-hits.ts';
import type { Line } from './line.ts';
import { shortId } from './session-id.ts';

const log = debug('throughline:engine:session');

/** @param message - what exactly happened, for people */
export function reportEnd(line: Line, code: ReasonCode, message: string): void {
  const { session, counts } = line;
  const { by } = reasons[code];
  if (log.enabled) logEnd(line, code, message);
  if (diagnostics.close.hasSubscribers) diagnostics.close.publish({ session, code, by, message });
  const limit = by === 'policy' ? limitOfReason(code) : undefined;
  if (limit !== undefined) hitLimit(counts.limitHits, limit, session);
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
