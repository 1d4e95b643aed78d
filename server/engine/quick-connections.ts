/**
 * Opens WebSockets on an HTTP server without its HTTP where nobody can tell the difference: who else looks at its connections, or
 * has set what only HTTP heeds, has all of them go the usual way.
 */
import { createServer, IncomingMessage } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import { Socket } from 'node:net';

import { QuickUpgrades } from '../websocket/index.ts';
import type { PlainRequest } from '../websocket/index.ts';
import type { AnyHttpServer } from './interception.ts';

/** A connection that says nothing is HTTP's after so long (ms), up to twice that: it has limits for such, and can be asked to cut them. */
const SILENT_MS = 1_000;

/** What makes an HTTP server of a server of sockets: the same function in all of them. */
const [serve] = createServer().listeners('connection');

/** Takes an upgrade; false where it isn't for us. */
export type TakePlain = (request: PlainRequest, rest: Buffer) => boolean;

/** @returns what is offered each new connection of `server`; undefined where none can be taken */
export function quickConnections(server: AnyHttpServer, take: TakePlain): ((socket: Socket) => boolean) | undefined {
  if (!isPlain(server)) return undefined;
  /** The one that is being given back. */
  let left: Socket | undefined;
  const leave = (socket: Socket): void => {
    left = socket;
    server.emit('connection', socket);
    left = undefined;
  };
  const late = (socket: Socket): void => {
    // A server that has stopped to listen waits for its connections: one that never spoke is not worth that.
    if (server.listening) leave(socket);
    else socket.destroy();
  };
  const quick = new QuickUpgrades(server, { take, leave, late }, SILENT_MS);
  return (socket) => {
    if (socket === left || !isUnwatched(server, socket)) return false;
    quick.receive(socket);
    return true;
  };
}

/** Whether requests on `server` are what they are on any: not of HTTP/2, nor of a class of the application's. */
function isPlain(server: AnyHttpServer): server is HttpServer {
  const made = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'IncomingMessage');
  return (
    server.listeners('connection').includes(serve!) &&
    (made === undefined || Reflect.get(server, made) === IncomingMessage)
  );
}

/** Whether nobody but HTTP itself waits for what this socket says, or for its silence. */
function isUnwatched(server: HttpServer, socket: Socket): boolean {
  return (
    server.listenerCount('connection') === 1 &&
    server.listeners('connection')[0] === serve &&
    server.listening &&
    server.timeout === 0 &&
    server.maxHeadersCount === null &&
    socket instanceof Socket &&
    !('encrypted' in socket) &&
    socket.listenerCount('data') === 0 &&
    socket.readableLength === 0
  );
}
