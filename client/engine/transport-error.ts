/** Errors of requests and WebSockets, and what they say of the session. */
import type { ReasonCode } from '../../shared/engine/reason.ts';

/** No server is left alone for longer, whatever it asks for (ms): it may have meant something else. */
const LONGEST_WAIT_MS = 60_000;

/** Why a request or a WebSocket failed. `message` is engine.io-client's. */
export class TransportError extends Error {
  readonly type = 'TransportError';
  /** Somebody answered and said no, or nobody did. */
  readonly code: 'ERR_REFUSED' | 'ERR_UNREACHABLE';
  /** How long the server asks to be left alone (ms). */
  readonly retryAfterMs: number;
  /** The HTTP status that answered, or what the network said. */
  readonly description: unknown;
  /** What else is known: of an HTTP answer its `status` and `responseText`. */
  readonly context: unknown;

  constructor(reason: string, description?: unknown, context?: unknown) {
    super(reason);
    this.description = description;
    this.context = context;
    const { retryAfter } = (context ?? {}) as { retryAfter?: string };
    // RFC 9110 §10.2.3: seconds, or a date.
    const askedMs = Number(retryAfter) * 1_000 || Date.parse(retryAfter!) - Date.now();
    this.retryAfterMs = Math.max(0, Math.min(LONGEST_WAIT_MS, askedMs) || 0);
    this.code = typeof description === 'number' ? 'ERR_REFUSED' : 'ERR_UNREACHABLE';
  }
}

/** How the server answered that it will never take this: the session is gone, or a message too big. */
export function refusal(detail: unknown): ReasonCode | undefined {
  if (!(detail instanceof TransportError)) return undefined;
  if (detail.description === 413) return 'too-big';
  const { responseText = '' } = (detail.context ?? {}) as { responseText?: string };
  return detail.description === 400 && /^{"code":1\b/.test(responseText) ? 'session-unknown' : undefined;
}
