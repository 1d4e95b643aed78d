/**
 * What can be wrong with a peer's bytes. The names are those that users of `ws` test for; zlib's own where a message can't be
 * inflated.
 */
export type Violation =
  | 'WS_ERR_EXPECTED_FIN'
  | 'WS_ERR_EXPECTED_MASK'
  | 'WS_ERR_INVALID_CLOSE_CODE'
  | 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'
  | 'WS_ERR_INVALID_OPCODE'
  | 'WS_ERR_INVALID_UTF8'
  | 'WS_ERR_TOO_MANY_BUFFERED_PARTS'
  | 'WS_ERR_UNEXPECTED_MASK'
  | 'WS_ERR_UNEXPECTED_RSV_1'
  | 'WS_ERR_UNEXPECTED_RSV_2_3'
  | 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'
  | 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
  | 'Z_DATA_ERROR';

/** Why a connection was ended from here: what the peer did, and the code that it was told. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly closeCode: number;
  /** Stable, to be tested for; undefined where it was not the peer's bytes. */
  readonly code: Violation | undefined;

  constructor(closeCode: number, message: string, options: ErrorOptions & { readonly code?: Violation } = {}) {
    super(message, options);
    this.closeCode = closeCode;
    this.code = options.code;
  }
}
