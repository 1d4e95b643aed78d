/** Sockets that have said nothing yet, and are given up if they go on so. One timer for all of them, and none where there are none. */
import type { Socket } from 'node:net';

/** At most so often they are looked through: so long one that is gone stays known. */
const LOOK_MS = 1_000;

export class SilentSockets {
  private readonly lookMs: number;
  private readonly giveUp: (socket: Socket) => void;
  /** Looks that a socket may be there for. */
  private readonly mostLooks: number;
  /** Each with the look at which it is given up. */
  private readonly sockets = new Map<Socket, number>();
  private looks = 0;
  private timer: NodeJS.Timeout | undefined = undefined;

  /**
   * @param limitMs a socket is given up after so long, or one look later; 0: never
   * @param giveUp is told each of them
   */
  constructor(limitMs: number, giveUp: (socket: Socket) => void) {
    this.giveUp = giveUp;
    this.lookMs = limitMs === 0 ? LOOK_MS : Math.min(limitMs, LOOK_MS);
    this.mostLooks = limitMs === 0 ? Infinity : Math.ceil(limitMs / this.lookMs) + 1;
  }

  add(socket: Socket): void {
    this.sockets.set(socket, this.looks + this.mostLooks);
    this.timer ??= setInterval(this.look, this.lookMs).unref();
  }

  delete(socket: Socket): void {
    this.sockets.delete(socket);
  }

  /** Cuts all of them now. */
  cut(): void {
    for (const socket of this.sockets.keys()) socket.destroy();
    this.look();
  }

  private readonly look = (): void => {
    this.looks++;
    for (const [socket, lastLook] of this.sockets) {
      if (socket.destroyed || this.looks >= lastLook) this.sockets.delete(socket);
      if (!socket.destroyed && this.looks >= lastLook) this.giveUp(socket);
    }
    if (this.sockets.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  };
}
