/**
 * The ends that meet in these tests, and the ways in which they meet.
 *
 * All are typed as the official packages: a program written for those is what has to run on ours.
 */
import { Server as OfficialEngine } from 'engine.io';
import { Socket as OfficialEngineSocket } from 'engine.io-client';
import { Server as OfficialServer, type ServerOptions } from 'socket.io';
import { io as officialIo } from 'socket.io-client';
import { Socket as OurEngineSocket } from '../../client/engine/index.ts';
import { io as ourIo } from '../../client/index.ts';
import { Server as OurEngine } from '../../server/engine/index.ts';
import { Server as OurServer } from '../../server/events/index.ts';

export type ServerEnd = typeof OfficialServer;
export type ClientEnd = typeof officialIo;

interface Way {
  readonly name: string;
  /** What the client asks for; with two of them the session starts on the first and moves to the second. */
  readonly transports: readonly ('polling' | 'websocket')[];
  /** Options for a server on which a lost line is a disconnect at once. Between our own ends it is none by itself. */
  readonly withoutResume: Partial<ServerOptions>;
}

/** One way for a client to talk to a server. */
export interface Line extends Way {
  readonly Server: typeof OfficialServer;
  readonly io: typeof officialIo;
}

/** The same a floor lower. */
export interface EngineLine extends Way {
  readonly Server: typeof OfficialEngine;
  readonly Socket: typeof OfficialEngineSocket;
}

const ways = [
  { way: 'polling', transports: ['polling'] },
  { way: 'websocket', transports: ['websocket'] },
  { way: 'upgrade', transports: ['polling', 'websocket'] },
] as const;

/** Official to official is the control: what fails there is wrong in the test. */
const pairs = [
  { client: 'official', server: 'official' },
  { client: 'official', server: 'ours' },
  { client: 'ours', server: 'official' },
  { client: 'ours', server: 'ours' },
] as const;

const all = pairs.flatMap(({ client, server }) =>
  ways.map(({ way, transports }) => ({
    client,
    server,
    way: {
      name: `${client} client, ${server} server, ${way}`,
      transports,
      withoutResume: (client === 'ours' && server === 'ours' ? { resume: false } : {}) as Partial<ServerOptions>,
    },
  })),
);

const servers = { official: OfficialServer, ours: OurServer as unknown as typeof OfficialServer };
const clients = { official: officialIo, ours: ourIo as unknown as typeof officialIo };
const engines = { official: OfficialEngine, ours: OurEngine as unknown as typeof OfficialEngine };
const engineClients = {
  official: OfficialEngineSocket,
  ours: OurEngineSocket as unknown as typeof OfficialEngineSocket,
};

export const lines: readonly Line[] = all.map(({ way, server, client }) => ({
  ...way,
  Server: servers[server],
  io: clients[client],
}));

export const engineLines: readonly EngineLine[] = all.map(({ way, server, client }) => ({
  ...way,
  Server: engines[server],
  Socket: engineClients[client],
}));

/** The servers by themselves, for clients of other kinds. */
export const serverEnds = Object.entries(servers).map(([name, Server]) => ({ name, Server }));
