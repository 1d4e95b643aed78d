/** The servers that our client is tried on, and the transports by which. */
import { Server as OfficialServer } from 'socket.io';
import type { io as officialIo } from 'socket.io-client';
import { io } from '../../client/index.ts';
import type { Line } from '../interop/ends.ts';

const servers = [['official', OfficialServer]] as const;
const ways = [['polling'], ['websocket'], ['polling', 'websocket']] as const;

/** Our client on each server by each way. */
export const lines: readonly Line[] = servers.flatMap(([server, Server]) =>
  ways.map((transports) => ({
    name: `${server} server, ${transports.join(' then ')}`,
    transports,
    isOurs: false,
    Server,
    // The official type is what programs written for Socket.IO go by.
    io: io as unknown as typeof officialIo,
  })),
);
