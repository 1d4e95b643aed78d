/** Why a connection was ended from here: what the peer did, and the code that it was told. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly closeCode: number;

  constructor(closeCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.closeCode = closeCode;
  }
}
