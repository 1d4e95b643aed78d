/** Sockets that have said nothing yet, and are cut if they go on so. One timer for all of them, and none where there are none. */
import type { Socket } from 'node:net';

export class SilentSockets {
  private readonly limitMs: number;
  /** Each with whether it was there at the last look already. */
  private readonly sockets = new Map<Socket, boolean>();
  private timer: NodeJS.Timeout | undefined = undefined;

  /** @param limitMs a socket is cut after so long, up to twice that; 0: never */
  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  add(socket: Socket): void {
    if (this.limitMs === 0) return;
    this.sockets.set(socket, false);
    this.timer ??= setInterval(this.look, this.limitMs).unref();
  }

  delete(socket: Socket): void {
    this.sockets.delete(socket);
  }

  private readonly look = (): void => {
    for (const [socket, wasThere] of this.sockets) {
      if (wasThere) socket.destroy();
      if (socket.destroyed) this.sockets.delete(socket);
      else this.sockets.set(socket, true);
    }
    if (this.sockets.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  };
}
