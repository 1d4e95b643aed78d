/**
 * The errors that an application can meet. Thrown only at an application that misused us: what a peer does wrong ends
 * its connection instead, and is never thrown.
 */

/** Stable codes, to be tested for. The message beside them is for people and may change. */
export type ErrorCode =
  | 'ERR_OPTION_RANGE'
  | 'ERR_OPTION_TYPE'
  | 'ERR_ARGUMENT'
  | 'ERR_HANDSHAKE'
  | 'ERR_UNREACHABLE'
  | 'ERR_REFUSED'
  | 'ERR_TOO_BIG'
  | 'ERR_STATE'
  | 'ERR_CLOSED'
  | 'ERR_TIMEOUT';

/** Base of our errors. */
export class ThroughlineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'ThroughlineError';
    this.code = code;
  }
}
