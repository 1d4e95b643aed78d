/** The socket, and what it does for the page: all that is known of the library here is its public API. */
import { io, type Socket } from 'throughline/client';
import type { ClientToServer, ServerToClient } from '../events.ts';
import type { Identity } from './identity.ts';

export type ChatSocket = Socket<ServerToClient, ClientToServer>;

/** How long the page waits for an answer before it asks again. */
export const ANSWER_WITHIN_MS = 10_000;

/** Connects to the server that the page came from. The name is asked anew for each session, for it may have changed. */
export function connect(identity: Identity): ChatSocket {
  return io({
    auth: (give) => give({ ...identity }),
    query: { tab: identity.tab },
    reconnectionDelay: 300,
    reconnectionDelayMax: 4_000,
  });
}
