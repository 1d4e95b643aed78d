/** A WebSocket as a stream of Node's, for whoever has streams at both ends. */
import { Duplex } from 'node:stream';
import type { DuplexOptions } from 'node:stream';

import type { RawData } from './announcer.ts';
import type { WebSocketBase } from './web-socket-base.ts';

/**
 * Each chunk that is written leaves as a message: binary, or a text with `decodeStrings: false` where it is a string. Each message
 * that comes is a chunk; with `readableObjectMode` texts are strings. The stream's end closes the WebSocket and the other way
 * round, `destroy` cuts it, and a reader that lags behind pauses it.
 */
export function createWebSocketStream(socket: WebSocketBase, options: DuplexOptions = {}): Duplex {
  const whenClosed = (task: () => void): void => {
    if (socket.readyState === socket.CLOSED) task();
    else socket.once('close', task);
  };
  const stream = new Duplex({
    ...options,
    // A WebSocket closes both ways at once.
    allowHalfOpen: false,
    // Its close is always told, and comes once both ways have ended.
    autoDestroy: true,
    emitClose: true,
    // What is written is bytes or text; what is read is an object only where `readableObjectMode` says so.
    objectMode: false,
    writableObjectMode: false,
    read: () => socket.resume(),
    write: (chunk: Buffer | string, _encoding, done) => whenOpen(socket, () => socket.send(chunk, done)),
    final: (done) => {
      whenOpen(socket, () => socket.close());
      whenClosed(() => done());
    },
    destroy: (error, done) => {
      socket.terminate();
      whenClosed(() => done(error));
    },
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const message = !isBinary && stream.readableObjectMode ? String(data) : data;
    if (!stream.push(message)) socket.pause();
  });
  socket.once('error', (error: Error) => void stream.destroy(error));
  socket.once('close', () => {
    // One that was destroyed has not come to its end.
    if (!stream.destroyed) stream.push(null);
  });
  return stream;
}

function whenOpen(socket: WebSocketBase, task: () => void): void {
  if (socket.readyState === socket.CONNECTING) socket.once('open', task);
  else task();
}
