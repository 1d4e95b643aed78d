/** What a socket tells of the session below it, between our own ends: in the client's words. */
import type { ReasonCode } from '../../shared/engine/reason.ts';
import type { Session } from '../engine/index.ts';

/** The events, which other clients never cause. An application's event of the same name reaches the same listeners. */
export interface SessionEventsMap {
  /** The transport was lost. The socket stays connected: what is sent waits for the client's return. */
  suspend: (details: { readonly code: ReasonCode }) => void;
  /** The client is back, and nothing was lost. */
  resume: (details: { readonly suspendedMs: number; readonly replayed: number }) => void;
  /** Another transport carries the session. */
  transport: (details: { readonly name: string; readonly why: string }) => void;
}

const names: ReadonlySet<unknown> = new Set<keyof SessionEventsMap>(['suspend', 'resume', 'transport']);

export function isSessionEvent(event: unknown): boolean {
  return names.has(event);
}

/**
 * Calls `tell` for each event of the session. Not asked for before somebody listens: most sockets need no listeners there.
 *
 * @returns what ends it
 */
export function followSession(
  session: Session,
  tell: (event: keyof SessionEventsMap, details: object) => void,
): () => void {
  const suspended = (code: ReasonCode): void => tell('suspend', { code });
  const resumed = (suspendedMs: number, replayed: number): void => tell('resume', { suspendedMs, replayed });
  const moved = ({ name }: { name: string }, why: string): void => tell('transport', { name, why });
  session.on('suspend', suspended).on('resume', resumed).on('transport', moved);
  return () => void session.off('suspend', suspended).off('resume', resumed).off('transport', moved);
}
