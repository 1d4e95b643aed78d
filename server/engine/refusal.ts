/** Requests that are refused: Engine.IO's codes and messages, and what `connection_error` tells about them. */

/** Engine.IO's error codes by name. */
export const errors = {
  UNKNOWN_TRANSPORT: 0,
  UNKNOWN_SID: 1,
  BAD_HANDSHAKE_METHOD: 2,
  BAD_REQUEST: 3,
  FORBIDDEN: 4,
  UNSUPPORTED_PROTOCOL_VERSION: 5,
} as const;

/** A code of {@link errors}. */
export type EngineErrorCode = (typeof errors)[keyof typeof errors];

/** What the answer says beside the code. */
export const errorMessages = {
  0: 'Transport unknown',
  1: 'Session ID unknown',
  2: 'Bad handshake method',
  3: 'Bad request',
  4: 'Forbidden',
  5: 'Unsupported protocol version',
} as const satisfies Record<EngineErrorCode, string>;

/** The names of {@link errors}, in their order, and what tells apart those that share a code. */
export const refusalNames = [
  ...(Object.keys(errors) as (keyof typeof errors)[]),
  'BAD_BODY',
  'BAD_CONTENT_TYPE',
  'BAD_COUNT',
  'BAD_METHOD',
  'BAD_PAYLOAD',
  'DRAINING',
  'GAP',
  'GET_OVERLAP',
  'ID_GENERATION_ERROR',
  'MIDDLEWARE_FAILURE',
  'NO_UPGRADES',
  'ORIGIN',
  'OTHER_ORIGIN',
  'POST_OVERLAP',
  'PROTOCOL_MISMATCH',
  'STALE_TURN',
  'TOO_MANY_SESSIONS',
  'TRANSPORT_HANDSHAKE_ERROR',
  'TRANSPORT_MISMATCH',
] as const;

/** A name of {@link refusalNames}. */
export type RefusalName = (typeof refusalNames)[number];

/** What exactly was wrong, where the code leaves that open. */
export interface RefusalContext {
  readonly name?: RefusalName;
  readonly [detail: string]: unknown;
}

/** Why a request is refused. */
export interface Refusal {
  readonly code: EngineErrorCode;
  /** For `connection_error`'s listeners, never for the peer. */
  readonly context: RefusalContext;
  readonly status: number;
  /** What the application's `allowRequest` gave as the reason; it stands in the answer in place of ours. */
  readonly message?: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

export function refusal(
  code: EngineErrorCode,
  context: RefusalContext,
  status: number = code === errors.FORBIDDEN ? 403 : 400,
): Refusal {
  return { code, context, status };
}

/** Seconds that a peer should wait which is not let in for now. */
const RETRY_AFTER_S = 5;

/** There is no room for it now, here. */
export function notNow(name: 'DRAINING' | 'TOO_MANY_SESSIONS'): Refusal {
  return { ...refusal(errors.BAD_REQUEST, { name }, 503), retryAfter: RETRY_AFTER_S };
}

export function nameOf({ code, context }: Refusal): RefusalName {
  // The names of the codes are the first, in their order.
  return context.name ?? refusalNames[code]!;
}

/** The body of the answer. It never holds anything that the peer sent. */
export function refusalBody({ code, message }: Refusal): string {
  return JSON.stringify({ code, message: message ?? errorMessages[code] });
}
