/** Options of one namespace's socket. */
export interface SocketOptions {
  /** Sent when joining the namespace: an object, or a function that hands one over, asked anew each time. */
  auth?: Auth;
  /**
   * How often an event is sent again that the server has not acknowledged. Events are then sent one by one.
   * @defaultValue 0: each is sent once, without waiting for the one before
   */
  retries?: number;
  /**
   * How long to wait for an acknowledgement where `timeout` doesn't say.
   * @defaultValue for as long as there is a connection (ms)
   */
  ackTimeout?: number;
}

/** What is sent when joining a namespace. */
// oxlint-disable-next-line no-explicit-any -- the application's own
export type Auth = { [key: string]: any } | AuthFunction;
export type AuthFunction = (callback: (data: object) => void) => void;
