/** What listeners in WHATWG's style are called with. Plain objects with the names that the standard gives them. */
import type { WebSocketBase } from './web-socket-base.ts';

class SocketEvent {
  readonly type: string;
  readonly target: WebSocketBase;
  readonly currentTarget: WebSocketBase;

  constructor(type: string, target: WebSocketBase) {
    this.type = type;
    this.target = target;
    this.currentTarget = target;
  }
}

/** The connection is open. */
export class OpenEvent extends SocketEvent {
  declare readonly type: 'open';
}

/** A message came. */
export class MessageEvent extends SocketEvent {
  declare readonly type: 'message';
  /** A text is a string, a binary what the socket's `binaryType` says. */
  readonly data: unknown;
  /** Origin of the URL that was connected to; empty on a server. */
  readonly origin: string;

  constructor(target: WebSocketBase, data: unknown, origin: string) {
    super('message', target);
    this.data = data;
    this.origin = origin;
  }
}

/** The connection is closed. */
export class CloseEvent extends SocketEvent {
  declare readonly type: 'close';
  readonly code: number;
  readonly reason: string;
  /** Whether both sides said Close. */
  readonly wasClean: boolean;

  constructor(target: WebSocketBase, code: number, reason: string, wasClean: boolean) {
    super('close', target);
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
  }
}

/** The connection failed. A `close` follows. */
export class ErrorEvent extends SocketEvent {
  declare readonly type: 'error';
  readonly error: Error;
  readonly message: string;

  constructor(target: WebSocketBase, error: Error) {
    super('error', target);
    this.error = error;
    this.message = error.message;
  }
}

/** Each event's name and object. */
export interface SocketEventMap {
  open: OpenEvent;
  message: MessageEvent;
  close: CloseEvent;
  error: ErrorEvent;
}
