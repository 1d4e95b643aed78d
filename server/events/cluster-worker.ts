/**
 * In a worker of Node's cluster, requests find their worker through `@socket.io/sticky`, which knows a session by an id of 20
 * characters and a connection by its first request.
 */
import cluster from 'node:cluster';

import type { Server as Engine } from '../engine/index.ts';
import { createSocketId } from './socket-id.ts';

/** Makes the sessions of `engine` such as can be found, if this process is a worker. */
export function makeSticky(engine: Engine): void {
  if (!cluster.isWorker) return;
  // 120 bits instead of our 128: as many as Socket.IO has.
  engine.generateId = createSocketId;
  // On a connection that is kept, the next request may be another session's.
  engine.use((_request, response, next) => {
    response.setHeader('Connection', 'close');
    next();
  });
}
