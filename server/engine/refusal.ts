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

/** Why a request is refused. */
export interface Refusal {
  readonly code: EngineErrorCode;
  /** For `connection_error`'s listeners, never for the peer. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** What the application's `allowRequest` gave as the reason; it stands in the answer in place of ours. */
  readonly message?: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

export function refusal(
  code: EngineErrorCode,
  context: Readonly<Record<string, unknown>>,
  status: number = code === errors.FORBIDDEN ? 403 : 400,
): Refusal {
  return { code, context, status };
}

/** The body of the answer. It never holds anything that the peer sent. */
export function refusalBody({ code, message }: Refusal): string {
  return JSON.stringify({ code, message: message ?? errorMessages[code] });
}
