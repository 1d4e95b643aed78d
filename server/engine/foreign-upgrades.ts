/** Ends upgrades that nobody answers. With a listener for upgrades, Node hands all of them to listeners and answers none. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** Returns a listener for `upgrade` that ends what is still unanswered after `timeoutMs`. */
export function endUnanswered(timeoutMs: number): (request: IncomingMessage, socket: Socket) => void {
  return (_request, socket) => {
    const before = socket.bytesWritten;
    const timer = setTimeout(() => {
      if (socket.writable && socket.bytesWritten === before) socket.destroy();
    }, timeoutMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  };
}

/** Leaves them to other listeners: there only so that Node gives ours to us. */
export function leaveUnanswered(): void {}
