import type { Socket } from 'node:net';

/**
 * Ends a connection with RST.
 *
 * Not one that is about to send its FIN: there libuv refuses a reset, Node keeps the handle, and the process never exits.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
