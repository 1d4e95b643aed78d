/**
 * Opens WebSockets without what HTTP needs for requests: its parser, timers and a dozen listeners are half of what opening one
 * costs, and are never used again.
 *
 * A connection whose first bytes are the whole head of a plain request to upgrade is taken right away. Any other is left to the
 * HTTP server as if nothing had been read.
 */
import { maxHeaderSize } from 'node:http';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { PlainRequest } from './plain-request.ts';
import { SilentSockets } from './silent-sockets.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** Whoever puts this before an HTTP server. */
export interface QuickOwner {
  /** Takes an upgrade. @returns false where it is left to HTTP */
  take(request: PlainRequest, rest: Buffer): boolean;
  /** HTTP's turn: all that came is still to be read. */
  leave(socket: Socket): void;
  /** The socket has said nothing for as long as it may. */
  late(socket: Socket): void;
}

export class QuickUpgrades {
  private readonly owner: QuickOwner;
  private readonly silent: SilentSockets;
  private readonly maxHeadBytes: number;
  /** One of each for all sockets. */
  private readonly onFirst: (this: Socket, chunk: Buffer) => void;
  private readonly onError: (this: Socket, error: Error) => void;

  /** @param silentMs how long a socket may say nothing; 0: for ever */
  constructor(server: Server, owner: QuickOwner, silentMs: number) {
    this.owner = owner;
    // An option of Node's that its types don't show.
    this.maxHeadBytes = (server as { maxHeaderSize?: number }).maxHeaderSize ?? maxHeaderSize;
    this.silent = new SilentSockets(silentMs, (socket) => {
      this.letGo(socket);
      owner.late(socket);
    });
    const read = this.read.bind(this);
    this.onFirst = function (chunk) {
      read(this, chunk);
    };
    this.onError = function (error) {
      // As with HTTP: whoever listens has to close the socket.
      if (!server.emit('clientError', error, this)) this.destroy();
    };
  }

  /** Waits for the first bytes of a connection. */
  receive(socket: Socket): void {
    this.silent.add(socket);
    // Who ends before a word has nothing to be told: a health check, or a browser that connected in advance.
    socket.allowHalfOpen = false;
    socket.on('error', this.onError);
    socket.on('data', this.onFirst);
  }

  /** Cuts all that have said nothing yet. */
  cut(): void {
    this.silent.cut();
  }

  private letGo(socket: Socket): void {
    socket.allowHalfOpen = true;
    socket.off('data', this.onFirst);
    socket.off('error', this.onError);
  }

  private read(socket: Socket, chunk: Buffer): void {
    this.silent.delete(socket);
    this.letGo(socket);
    const end = chunk.indexOf(HEAD_END);
    const isShort = end > 0 && end < this.maxHeadBytes;
    const request = isShort ? PlainRequest.read(socket, chunk.toString('latin1', 0, end)) : undefined;
    const restAt = end + HEAD_END.length;
    if (request === undefined || !this.owner.take(request, restAt < chunk.length ? chunk.subarray(restAt) : NOTHING)) {
      socket.pause();
      socket.unshift(chunk);
      this.owner.leave(socket);
      socket.resume();
    }
    // Where it is still being decided about, what comes meanwhile must not be lost.
    else if (socket.listenerCount('data') === 0) socket.pause();
  }
}
