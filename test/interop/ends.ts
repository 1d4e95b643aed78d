/**
 * The ends that meet in these tests, and the ways in which they meet.
 *
 * All are typed as the official packages: a program written for those is what has to run on ours.
 */
import { Server as OfficialServer } from 'socket.io';
import { io as officialIo } from 'socket.io-client';

export type ServerEnd = typeof OfficialServer;
export type ClientEnd = typeof officialIo;

/** One way for a client to talk to a server. */
export interface Line {
  readonly name: string;
  readonly Server: ServerEnd;
  readonly io: ClientEnd;
  /** What the client asks for; with two of them the session starts on the first and moves to the second. */
  readonly transports: readonly ('polling' | 'websocket')[];
  /** Whether both ends are ours, and so can do more than the protocol asks. */
  readonly isOurs: boolean;
}

/** Official to official is the control: what fails there is wrong in the test. */
const pairs = [
  { pair: 'official client, official server', Server: OfficialServer, io: officialIo, isOurs: false },
] as const;

const ways = [
  { way: 'polling', transports: ['polling'] },
  { way: 'websocket', transports: ['websocket'] },
  { way: 'upgrade', transports: ['polling', 'websocket'] },
] as const;

export const lines: readonly Line[] = pairs.flatMap(({ pair, ...ends }) =>
  ways.map(({ way, transports }) => ({ name: `${pair}, ${way}`, ...ends, transports })),
);
