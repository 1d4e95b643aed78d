/**
 * The catalogue of reasons: why a session, a transport or a request ended. Both ends speak of the same codes.
 *
 * `word` is what Socket.IO's users get as the first argument of `disconnect` (Engine.IO's `close`); ours is in the details.
 * `again` tells whether trying again helps. The sentences of advice are in `advice.ts`, so that who needs none loads none.
 */

/** Who ended it. */
export type EndedBy = 'here' | 'peer' | 'network' | 'policy';

/** One row of the catalogue. */
export interface ReasonRow {
  readonly by: EndedBy;
  readonly again: boolean;
  readonly word: 'forced close' | 'transport close' | 'transport error' | 'ping timeout' | 'parse error';
}

const row = (by: EndedBy, word: ReasonRow['word'] = 'transport close', again = true): ReasonRow => ({
  by,
  again,
  word,
});

/** Every reason of the engine floor. */
export const reasons = {
  'closed-here': row('here', 'forced close', false),
  'closed-by-peer': row('peer'),
  'transport-closed': row('network'),
  'transport-error': row('network', 'transport error'),
  'heartbeat-missed': row('network', 'ping timeout'),
  malformed: row('peer', 'parse error'),
  'too-big': row('policy', 'transport error', false),
  'window-passed': row('network'),
  'journal-full': row('policy'),
  'session-unknown': row('peer', 'transport error'),
  'count-impossible': row('peer', 'parse error'),
  'slow-consumer': row('policy'),
  draining: row('policy'),
} as const satisfies Record<string, ReasonRow>;

/** A code of the catalogue: stable, to be tested for. */
export type ReasonCode = keyof typeof reasons;
