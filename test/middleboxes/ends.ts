/** The two ends that meet through middleboxes: ours, and the official ones as a control that shows what a test can find. */
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server as OfficialServer, type ServerOptions, type Socket as ServerSocket } from 'socket.io';
import {
  io as officialIo,
  type ManagerOptions,
  type Socket as ClientSocket,
  type SocketOptions,
} from 'socket.io-client';
import { io as ourIo } from '../../client/index.ts';
import { Server as OurServer } from '../../index.ts';

export type { ClientSocket, ServerSocket };

/** A server and a client of one make. Both makes are typed as the official one: what is tested is what they have in common. */
export interface Ends {
  readonly name: 'ours' | 'official';
  readonly Server: typeof OfficialServer;
  readonly io: typeof officialIo;
}

export const official: Ends = { name: 'official', Server: OfficialServer, io: officialIo };

// Our declarations say more than the official ones (events of resume, further options), so neither is assignable.
export const ours = { name: 'ours', Server: OurServer, io: ourIo } as unknown as Ends;

export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** A listening server, and how to end it. */
export interface Served {
  readonly io: OfficialServer;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves on a free port of 127.0.0.1; requests that are not the server's go to `others`. */
export async function serve(ends: Ends, options: Partial<ServerOptions>, others?: RequestListener): Promise<Served> {
  const http: HttpServer = createServer(others);
  const io = new ends.Server(http, options);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    io,
    port: (http.address() as AddressInfo).port,
    close: async () => {
      const closed = once(http, 'close');
      void io.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
