/**
 * Opens WebSockets without what HTTP needs for requests: its parser, timers and a dozen listeners are half of what opening one
 * costs, and are never used again.
 *
 * A connection whose first bytes are the whole head of a plain request to upgrade is told as `upgrade` right away. Any other is
 * handed to the HTTP server as if nothing had been read.
 */
import { IncomingMessage } from 'node:http';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import type { Limits } from '../../shared/websocket/limits.ts';
import { SilentSockets } from './silent-sockets.ts';
import { readUpgradeHead } from './upgrade-head.ts';
import type { UpgradeHead } from './upgrade-head.ts';

const HEAD_END = Buffer.from('\r\n\r\n');

/** The listener that makes an HTTP server of a server of sockets. */
type Serve = (this: Server, socket: Socket) => void;

/**
 * Puts itself before the HTTP of `server`: one of our own, not yet listening.
 *
 * @returns what cuts the connections that have said nothing yet
 */
export function quickenUpgrades(server: Server, limits: Limits): () => void {
  const [serve] = server.listeners('connection') as [Serve];
  const silent = new SilentSockets(limits.handshakeTimeoutMs);

  const onFirst = function (this: Socket, chunk: Buffer): void {
    silent.delete(this);
    this.off('data', onFirst);
    this.allowHalfOpen = true;
    const end = chunk.indexOf(HEAD_END);
    const isShort = end > 0 && end < limits.maxHeaderBytes && server.listenerCount('upgrade') > 0;
    const head = isShort ? readUpgradeHead(chunk.toString('latin1', 0, end)) : undefined;
    if (head === undefined) serveFrom(this, chunk);
    else {
      server.emit('upgrade', requestOf(this, head), this, chunk.subarray(end + HEAD_END.length));
      // Where it is still being decided about, what comes meanwhile must not be lost.
      if (this.listenerCount('data') === 0) this.pause();
    }
  };

  const serveFrom = (socket: Socket, chunk: Buffer): void => {
    socket.off('error', destroyIt);
    socket.pause();
    socket.unshift(chunk);
    serve.call(server, socket);
    socket.resume();
  };

  server.off('connection', serve);
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    // Who ends before a word has nothing to be told: a health check, or a browser that connected in advance.
    socket.allowHalfOpen = false;
    socket.on('error', destroyIt);
    socket.on('data', onFirst);
  });
  return () => silent.cut();
}

/** What Node would have made of it, as far as anybody asks. */
function requestOf(socket: Socket, { url, headers, rawHeaders }: UpgradeHead): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = url;
  request.httpVersion = '1.1';
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.headers = headers;
  request.rawHeaders = rawHeaders;
  request.complete = true;
  return request;
}

function destroyIt(this: Socket): void {
  this.destroy();
}
