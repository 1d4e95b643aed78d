/** A Redis of the tests' own, that no port can collide with. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { createClient } from 'redis';
import { requires } from '../requirement.ts';

const program = '/usr/bin/redis-server';

export const hasRedis = requires('redis-server', program, 'apt-get install redis-server');

const clientOf = (socketPath: string) => createClient({ socket: { path: socketPath, tls: false } });

export type RedisClient = ReturnType<typeof clientOf>;

export interface Redis {
  /** A client that is connected, and closed with the server. */
  connect(): Promise<RedisClient>;
  close(): Promise<void>;
}

/** Starts one that keeps nothing and listens on a socket in a folder of its own. */
export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'throughline-redis-'));
  const socket = path.join(folder, 'redis.sock');
  const server = spawn(program, ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder]);
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (line) => (String(line).includes('ready to accept connections') ? resolve() : undefined));
  });
  const clients: RedisClient[] = [];
  return {
    async connect() {
      const client = clientOf(socket);
      clients.push(client);
      await client.connect();
      return client;
    },
    async close() {
      // Not `destroy`: an adapter's command under way would fail, and nobody waits for it.
      await Promise.all(clients.map((client) => client.close()));
      server.kill();
      await once(server, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
