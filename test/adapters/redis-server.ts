/** A Redis of the tests' own that can be killed, started again and stopped for a while: on a free port, and keeping nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from 'redis';
import { requires } from '../requirement.ts';

const program = '/usr/bin/redis-server';

export const hasRedis = requires('redis-server', program, 'apt-get install redis-server');

const clientOf = (port: number) => createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 50 } });

export type RedisClient = ReturnType<typeof clientOf>;

export class Redis {
  readonly port: number;
  private readonly folder: string;
  private server: ChildProcess | undefined;
  private readonly clients: RedisClient[] = [];

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  static async start(): Promise<Redis> {
    const redis = new Redis(await freePort(), await mkdtemp(path.join(tmpdir(), 'throughline-redis-')));
    await redis.start();
    return redis;
  }

  /** Starts it again on its port, empty. */
  async start(): Promise<void> {
    const port = String(this.port);
    const server = spawn(program, ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', this.folder]);
    this.server = server;
    await new Promise<void>((resolve) => {
      server.stdout.on('data', (line) => (/ready to accept connections/i.test(String(line)) ? resolve() : undefined));
    });
  }

  /** As a machine that fails: all connections break. */
  async kill(): Promise<void> {
    const { server } = this;
    if (server?.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }

  /** It answers nobody, but no connection breaks. */
  freeze(): void {
    this.server?.kill('SIGSTOP');
  }

  thaw(): void {
    this.server?.kill('SIGCONT');
  }

  /**
   * A client that is connected, comes back by itself, and is gone with the server.
   *
   * @param port - of what stands between the two, if something does
   */
  async connect(port = this.port): Promise<RedisClient> {
    const client = clientOf(port);
    // Whoever uses the package has to listen; what it says is not the point here.
    client.on('error', () => {});
    this.clients.push(client);
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    this.thaw();
    // Not `destroy`: an adapter's command under way would fail, and nobody waits for it.
    await Promise.all(this.clients.map((client) => client.close()));
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
