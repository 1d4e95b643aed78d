/** Servers of ours in a group over one Redis, with official clients, made for one test and gone with it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { io as connect } from 'socket.io-client';
import type { ManagerOptions, Socket as ClientSocket, SocketOptions } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { Server } from '../../index.ts';
import type { ServerOptions, Socket } from '../../index.ts';
import type { Redis } from './redis-server.ts';

type AdapterConstructor = NonNullable<ServerOptions['adapter']>;

/** How an adapter comes by its clients of Redis. */
type Way = Pick<Redis, 'connect'>;

export interface AdapterRow {
  readonly adapter: string;
  create(redis: Way): Promise<AdapterConstructor>;
  /** Whether it gives a broadcast to local clients without waiting until Redis has it; else only `local` ones. */
  readonly isPrompt: boolean;
}

/** Short, so that tests of what is lost end soon (ms). */
export const REQUESTS_TIMEOUT_MS = 300;

/** The adapters as npm has them, each made as its own documentation says. */
export const adapters: readonly AdapterRow[] = [
  {
    adapter: '@socket.io/redis-adapter',
    isPrompt: true,
    create: async (redis) =>
      createAdapter(await redis.connect(), await redis.connect(), {
        requestsTimeout: REQUESTS_TIMEOUT_MS,
      }) as unknown as AdapterConstructor,
  },
  {
    adapter: '@socket.io/redis-adapter, sharded',
    isPrompt: false,
    create: async (redis) =>
      createShardedAdapter(await redis.connect(), await redis.connect()) as unknown as AdapterConstructor,
  },
  {
    adapter: '@socket.io/redis-streams-adapter',
    isPrompt: false,
    create: async (redis) =>
      createStreamsAdapter(await redis.connect(), { blockTimeInMs: 50 }) as unknown as AdapterConstructor,
  },
];

export interface Member {
  readonly io: Server;
  readonly url: string;
  /** An official client of this server, and its end there. */
  meet(options?: Partial<ManagerOptions & SocketOptions>): Promise<readonly [ClientSocket, Socket]>;
}

export async function startMember(adapter: AdapterConstructor, options: Partial<ServerOptions> = {}): Promise<Member> {
  const http = createServer();
  const io = new Server(http, { ...options, adapter });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    await io.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    io,
    url,
    async meet(given = {}) {
      const accepted = once(io, 'connection') as Promise<[Socket]>;
      const client = connect(url, { forceNew: true, transports: ['websocket'], reconnectionDelay: 20, ...given });
      onTestFinished(() => void client.disconnect());
      await heard(client, 'connect');
      return [client, (await accepted)[0]];
    },
  };
}

/** Members that know of each other. */
export async function startGroup(redis: Redis, create: AdapterRow['create'], size: number): Promise<Member[]> {
  const members: Member[] = [];
  for (let n = 0; n < size; n++) members.push(await startMember(await create(redis)));
  await acquainted(members);
  return members;
}

/** Waits until each member gets an answer from every other. */
export async function acquainted(members: readonly Member[]): Promise<void> {
  for (const { io } of members) io.on('are you there', (reply: (given: string) => void) => reply('yes'));
  for (const { io } of members) {
    await expect
      .poll(() => io.serverSideEmitWithAck('are you there').catch(() => []), { timeout: 10_000, interval: 20 })
      .toHaveLength(members.length - 1);
  }
}

/** The arguments of the next event of that name. */
export function heard(client: ClientSocket, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args: unknown[]) => resolve(args)));
}
