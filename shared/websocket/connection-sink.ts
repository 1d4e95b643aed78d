/** What a Connection tells its owner: in wire order, and nothing after `closed`. */
export interface ConnectionSink {
  /**
   * A whole message.
   *
   * @param data a text as a string (unless the connection was made with `textAsBytes`), a binary as a Buffer that is the sink's
   *   for good
   */
  message(data: string | Buffer, isBinary: boolean): void;
  /** A ping; it is answered without the sink. */
  ping?(payload: Buffer): void;
  pong?(payload: Buffer): void;
  /** A piece has come of a message whose rest is still to come. */
  partial?(): void;
  /** All has left after `bufferedAmount` had passed the high-water mark. */
  drain(): void;
  /** We end the connection for `error`, and {@link closed} will say so too: told at once, however long the peer takes to go. */
  failed?(error: Error): void;
  /**
   * Once, and last: the stream is closed.
   *
   * @param code the peer's (RFC 6455 §7.1.5): 1005 where its Close had none, 1006 where there was no Close
   * @param wasClean whether both Closes were exchanged
   * @param error why we ended it, or what the network said
   */
  closed(code: number, reason: string, wasClean: boolean, error?: Error): void;
}
