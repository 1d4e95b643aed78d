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

const row = (by: EndedBy, again: boolean, word: ReasonRow['word']): ReasonRow => ({ by, again, word });

/** Every reason of the engine floor. */
export const reasons = {
  'closed-here': row('here', false, 'forced close'),
  'closed-by-peer': row('peer', true, 'transport close'),
  'transport-closed': row('network', true, 'transport close'),
  'transport-error': row('network', true, 'transport error'),
  'heartbeat-missed': row('network', true, 'ping timeout'),
  malformed: row('peer', true, 'parse error'),
  'too-big': row('policy', false, 'transport error'),
  'window-passed': row('network', true, 'transport close'),
  'journal-full': row('policy', true, 'transport close'),
  'session-unknown': row('peer', true, 'transport error'),
  'count-impossible': row('peer', true, 'parse error'),
  'slow-consumer': row('policy', true, 'transport close'),
  draining: row('policy', true, 'transport close'),
} as const satisfies Record<string, ReasonRow>;

/** A code of the catalogue: stable, to be tested for. */
export type ReasonCode = keyof typeof reasons;
