/**
 * In a worker of Node's cluster, requests find their worker through `@socket.io/sticky`, which knows a connection by its first
 * request, and a session by the first 20 characters of the `sid` there.
 */
import cluster from 'node:cluster';

import type { Server as Engine, Session } from '../engine/index.ts';
import { createPrivateId } from './socket-id.ts';

/** What it reads of an id, and expects to be told of a session. */
const KNOWN_CHARACTERS = 20;

/** Makes the sessions of `engine` such as can be found, if this process is a worker. */
export function makeSticky(engine: Engine): void {
  if (!cluster.isWorker) return;
  // 120 bits would be all that those characters can hold. Ours goes on behind them.
  engine.generateId = createPrivateId;
  // It asks the session for its id when the session opens, and is told so much of it as it will find in requests.
  engine.on('connection', (session: Session) => {
    Object.defineProperty(session, 'id', { value: session.id.slice(0, KNOWN_CHARACTERS) });
  });
  // On a connection that is kept, the next request may be another session's.
  engine.use((_request, response, next) => {
    response.setHeader('Connection', 'close');
    next();
  });
}
