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
import type { Duplex } from 'node:stream';

import { ownPush } from '../../shared/websocket/owned-stream.ts';
import { PlainRequest } from './plain-request.ts';
import { SilentSockets } from './silent-sockets.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;
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
  private readonly onFirst: Duplex['push'];
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
    this.onFirst = function (this: Socket, chunk: Buffer | null) {
      return chunk === null ? ownPush.call(this, chunk) : read(this, chunk);
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
    // In the place of the stream's own: the first chunk passes it by, and it has not begun to flow when others take over.
    socket.push = this.onFirst;
  }

  /** Cuts all that have said nothing yet. */
  cut(): void {
    this.silent.cut();
  }

  private letGo(socket: Socket): void {
    socket.allowHalfOpen = true;
    // To delete what was put there would make the socket's other properties slow.
    socket.push = ownPush;
    socket.off('error', this.onError);
  }

  /** @returns whether the socket is to read on, as `push` does */
  private read(socket: Socket, chunk: Buffer): boolean {
    this.silent.delete(socket);
    this.letGo(socket);
    const end = findHeadEnd(chunk);
    const isShort = end > 0 && end < this.maxHeadBytes;
    const request = isShort ? PlainRequest.read(socket, chunk.toString('latin1', 0, end)) : undefined;
    const restAt = end + HEAD_END.length;
    if (request !== undefined && this.owner.take(request, restAt < chunk.length ? chunk.subarray(restAt) : NOTHING))
      return true;
    const goesOn = socket.push(chunk);
    this.owner.leave(socket);
    return goesOn;
  }
}

/** Where the head in `chunk` ends. Nearly all end with it; one that has an end before its end is not plain anyhow. */
function findHeadEnd(chunk: Buffer): number {
  const last = chunk.length - HEAD_END.length;
  const isLast = chunk[last] === CR && chunk[last + 1] === LF && chunk[last + 2] === CR && chunk[last + 3] === LF;
  return isLast ? last : chunk.indexOf(HEAD_END);
}
