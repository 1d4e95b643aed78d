/** The servers that our client is tried on, and the transports by which. */
import { Server as OfficialServer } from 'socket.io';
import type { io as officialIo } from 'socket.io-client';
import { io } from '../../client/index.ts';
import { Server as OurServer } from '../../server/events/index.ts';
import type { Line } from '../interop/ends.ts';

const servers = [
  { name: 'official', Server: OfficialServer, withoutResume: {} },
  {
    name: 'our own',
    Server: OurServer as unknown as typeof OfficialServer, // An option of ours alone.
    withoutResume: { resume: false } as Line['withoutResume'],
  },
] as const;
const ways = [['polling'], ['websocket'], ['polling', 'websocket']] as const;

/** Our client on each server by each way. */
export const lines: readonly Line[] = servers.flatMap(({ name, ...server }) =>
  ways.map((transports) => ({
    ...server,
    name: `${name} server, ${transports.join(' then ')}`,
    transports,
    // The official type is what programs written for Socket.IO go by.
    io: io as unknown as typeof officialIo,
  })),
);
