/** Ids for sockets. */
import { randomId } from '../engine/random-id.ts';

/** 120 bits: the public id's length is Socket.IO's, 20 characters. */
const PUBLIC_BYTES = 15;

/** 144 bits: who knows a private id can recover its session, or carries it on. */
const PRIVATE_BYTES = 18;

/** The id that everyone may know, and the room that the socket is in from birth. */
export const createSocketId = (): string => randomId(PUBLIC_BYTES);

/** The id that only its client may know: it recovers the session. */
export const createPrivateId = (): string => randomId(PRIVATE_BYTES);
