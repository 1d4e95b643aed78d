/** Sockets that have said nothing yet, and are given up if they go on so. One timer for all of them, and none where there are none. */
import type { Socket } from 'node:net';

/** At most so often they are looked through: so long one that is gone stays known. */
const LOOK_MS = 1_000;

/** Where a socket is in the list, and the look at which it is given up. */
const PLACE = Symbol('place');
const LAST_LOOK = Symbol('last look');

interface SilentSocket extends Socket {
  [PLACE]?: number;
  [LAST_LOOK]?: number;
}

export class SilentSockets {
  private readonly lookMs: number;
  private readonly giveUp: (socket: Socket) => void;
  /** Looks that a socket may be there for. */
  private readonly mostLooks: number;
  /**
   * In no order. A Map, where many come and go, is copied again and again, and each of its former tables holds what was in it
   * until the next full collection of garbage.
   */
  private readonly sockets: SilentSocket[] = [];
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

  add(socket: SilentSocket): void {
    socket[LAST_LOOK] = this.looks + this.mostLooks;
    socket[PLACE] = this.sockets.push(socket) - 1;
    this.timer ??= setInterval(this.look, this.lookMs).unref();
  }

  delete(socket: SilentSocket): void {
    const place = socket[PLACE];
    if (place === undefined || this.sockets[place] !== socket) return;
    const last = this.sockets.pop()!;
    if (last === socket) return;
    // The last one takes its place.
    this.sockets[place] = last;
    last[PLACE] = place;
  }

  /** Cuts all of them now. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
    this.look();
  }

  private readonly look = (): void => {
    this.looks++;
    const done = this.sockets.filter((socket) => socket.destroyed || this.looks >= socket[LAST_LOOK]!);
    for (const socket of done) {
      this.delete(socket);
      if (!socket.destroyed) this.giveUp(socket);
    }
    if (this.sockets.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  };
}
