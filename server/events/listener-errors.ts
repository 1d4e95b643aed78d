/** What listeners of the application's throw, or their promises reject with: told, and no harm to anybody. */
import { EventEmitter } from 'node:events';

import { printable } from './printable.ts';
import type { Socket } from './socket.ts';

/** Where a listener of the application's failed. */
export interface ListenerErrorContext {
  /** The socket whose listener it was, or for which one of its namespace was called. */
  // Whatever its events: this is told to one listener for all of them.
  // oxlint-disable-next-line no-explicit-any
  readonly socket: Socket<any, any, any, any> | undefined;
  /** The event that it listened to; `ack` for the callback of an acknowledgement. */
  readonly event: string;
}

/** Tells those who listen for it on `emitter`, or else the log. */
export function tellListenerError(emitter: EventEmitter, error: unknown, context: ListenerErrorContext): void {
  try {
    if (emitter.listenerCount('listener_error') > 0)
      EventEmitter.prototype.emit.call(emitter, 'listener_error', error, context);
    else console.error('throughline: a listener of %s failed:', printable(context.event), error);
  } catch (failure) {
    // The one who was to be told failed as well: nobody is left to tell.
    console.error('throughline: a listener of "listener_error" failed:', failure);
  }
}
