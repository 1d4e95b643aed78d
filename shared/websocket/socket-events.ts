/** What listeners in WHATWG's style are called with. Plain objects with the names that the standard gives them. */

class SocketEvent<Target> {
  readonly type: string;
  readonly target: Target;
  readonly currentTarget: Target;

  constructor(type: string, target: Target) {
    this.type = type;
    this.target = target;
    this.currentTarget = target;
  }
}

/** The connection is open. */
export class OpenEvent<Target> extends SocketEvent<Target> {
  declare readonly type: 'open';
}

/** A message came. */
export class MessageEvent<Target> extends SocketEvent<Target> {
  declare readonly type: 'message';
  /** A text is a string, a binary what the socket's `binaryType` says. */
  readonly data: unknown;
  /** Origin of the URL that was connected to; empty on a server. */
  readonly origin: string;

  constructor(target: Target, data: unknown, origin: string) {
    super('message', target);
    this.data = data;
    this.origin = origin;
  }
}

/** The connection is closed. */
export class CloseEvent<Target> extends SocketEvent<Target> {
  declare readonly type: 'close';
  readonly code: number;
  readonly reason: string;
  /** Whether both sides said Close. */
  readonly wasClean: boolean;

  constructor(target: Target, code: number, reason: string, wasClean: boolean) {
    super('close', target);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** The connection failed. A `close` follows. */
export class ErrorEvent<Target> extends SocketEvent<Target> {
  declare readonly type: 'error';
  readonly error: Error;
  readonly message: string;

  constructor(target: Target, error: Error) {
    super('error', target);
    this.error = error;
    this.message = error.message;
  }
}

/** Each event's name and object. */
export interface SocketEventMap<Target> {
  open: OpenEvent<Target>;
  message: MessageEvent<Target>;
  close: CloseEvent<Target>;
  error: ErrorEvent<Target>;
}
