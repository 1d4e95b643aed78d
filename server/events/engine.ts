/**
 * What this floor needs of an engine: ours, or any that `Server#bind` is given, as Socket.IO's takes engine.io's or one for
 * another runtime.
 */
import type { EventEmitter } from 'node:events';

import type { PacketOptions } from '../../shared/engine/packet.ts';
import { reasons } from '../../shared/engine/reason.ts';
import type { CloseDetails, DrainOptions, Health, Metrics, Session } from '../engine/index.ts';

/** How a message is sent. */
export interface SendOptions extends PacketOptions {
  /** Not at all, if the client isn't ready to receive it now. */
  readonly volatile?: boolean;
}

/** An engine as `bind` takes it: it emits `connection` with each session, and ends them all on `close`. */
export interface BindableEngine extends EventEmitter {
  close(): unknown;
  /** Ends them, and answers who still asks until it is closed. Resolves when those are told who can be. */
  dismiss?(): unknown;
  drain?(options?: DrainOptions): Promise<void>;
  readonly drainLeftMs?: number | undefined;
  health?(): Health;
  metrics?(): Metrics;
}

/** Whether a session has our fast way in. Those of another engine emit `data` and `close` instead. */
export function isOurs(session: Session): boolean {
  return 'receiver' in session;
}

/** What a socket's `disconnect` says of a client that broke the protocol: in the form in which sessions say why they ended. */
export function malformed(message: string): CloseDetails {
  const { by, again } = reasons.malformed;
  return { code: 'malformed', by, again, message };
}
