import { ThroughlineError } from '../../shared/errors.ts';

/** The opening handshake failed: refused with a status, answered wrongly, or given up. */
export class HandshakeError extends ThroughlineError {
  override readonly name = 'HandshakeError';
  /** The HTTP status of the answer, where there was one. */
  readonly status: number | undefined;
  /** How long the server asks to be left alone, as its `Retry-After` says it (RFC 9110 §10.2.3), where it does. */
  readonly retryAfter: string | undefined;

  constructor(
    code: 'ERR_HANDSHAKE' | 'ERR_REFUSED' | 'ERR_TIMEOUT',
    message: string,
    status?: number,
    retryAfter?: string,
  ) {
    super(code, message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
