/** The limits that a peer can run into: each hit is counted, and told on the channel `throughline:limit`. */
import type { ReasonCode } from '../../shared/engine/reason.ts';
import { diagnostics } from './diagnostics.ts';
import { errors } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Session } from './session.ts';

/**
 * | limit               | options                                                                | what happens at it        |
 * | ------------------- | ---------------------------------------------------------------------- | ------------------------- |
 * | `too-big`           | `maxHttpBufferSize`                                                    | the session ends, or 413  |
 * | `journal-full`      | `resume`: `maxPackets`, `maxBytes`, `maxTotalBytes`                    | the session ends          |
 * | `slow-consumer`     | `stalledQueueBytes` with `stalledTimeout`, `maxQueuedBytes`            | the session ends          |
 * | `too-many-sessions` | `maxSilentSessions`                                                    | 503                       |
 */
export const limitNames = ['too-big', 'journal-full', 'slow-consumer', 'too-many-sessions'] as const;

/** A name of {@link limitNames}. */
export type LimitName = (typeof limitNames)[number];

/** The limit that a session ended at, if that was why. */
export function limitOfReason(code: ReasonCode): LimitName | undefined {
  return limitNames.find((name) => name === code);
}

/** The limit at which a request was refused, if that was why. */
export function limitOfRefusal({ code, context, status }: Refusal): LimitName | undefined {
  if (context.name === 'TOO_MANY_SESSIONS') return 'too-many-sessions';
  return code === errors.BAD_REQUEST && status === 413 ? 'too-big' : undefined;
}

/** @param session - the one that hit it, where there is one */
export function hitLimit<Name extends string>(
  hits: Record<Name, number>,
  limit: Name,
  session: Session | undefined,
): void {
  hits[limit]++;
  if (diagnostics.limit.hasSubscribers) diagnostics.limit.publish({ session, code: limit });
}
