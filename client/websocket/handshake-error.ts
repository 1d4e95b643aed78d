import { ThroughlineError } from '../../shared/errors.ts';

/** The opening handshake failed: refused with a status, answered wrongly, or given up. */
export class HandshakeError extends ThroughlineError {
  override readonly name = 'HandshakeError';
  /** The HTTP status of the answer, where there was one. */
  readonly status: number | undefined;

  constructor(code: 'ERR_HANDSHAKE' | 'ERR_REFUSED' | 'ERR_TIMEOUT', message: string, status?: number) {
    super(code, message);
    this.status = status;
  }
}
