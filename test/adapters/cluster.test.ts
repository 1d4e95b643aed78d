import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { io as connect } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { expect, it, onTestFinished } from 'vitest';
import { requires } from '../requirement.ts';
import { heard } from './group.ts';

const program = fileURLToPath(new URL('cluster-program.mjs', import.meta.url));
const built = requires(
  'the built package',
  fileURLToPath(new URL('../../dist/node/index.mjs', import.meta.url)),
  'npm run build',
);

/** Official clients, one of each of two workers. */
async function start(): Promise<Socket[]> {
  const primary = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const exited = once(primary, 'exit');
    primary.stdin.end();
    await exited;
  });
  const [line] = (await once(primary.stdout, 'data')) as [Buffer];
  const clients = (JSON.parse(String(line)) as number[]).map((port): Socket => {
    const client = connect(`http://127.0.0.1:${port}`, { forceNew: true });
    onTestFinished(() => void client.disconnect());
    return client;
  });
  await Promise.all(clients.map((client) => heard(client, 'connect')));
  return clients;
}

it.runIf(built)('workers of a cluster are one group over @socket.io/cluster-adapter', async () => {
  const clients = await start();
  const [one, other] = clients as [Socket, Socket];
  const pids = await Promise.all(clients.map((client) => client.emitWithAck('pid') as Promise<number>));
  expect(new Set(pids).size).toBe(2);
  // They know of each other once one has answered the other.
  await expect.poll(() => one.emitWithAck('ask servers')).toEqual([pids[1]]);
  expect(await other.emitWithAck('ask servers')).toEqual([pids[0]]);

  await other.emitWithAck('join', 'red');
  const told = heard(other, 'told');
  one.emit('tell', 'red', 'x', Buffer.from([1, 2]));
  expect(await told).toEqual(['x', Buffer.from([1, 2])]);
  expect(await one.emitWithAck('count')).toBe(2);
  for (const [n, client] of clients.entries()) client.on('who', (reply: (given: number) => void) => reply(n));
  expect(((await other.emitWithAck('ask all')) as number[]).toSorted()).toEqual([0, 1]);
});

// @socket.io/sticky takes so many characters of a `sid` that it sees, and looks for a session of which it was told by that name.
it.runIf(built)('a worker tells 20 characters of a session id, and its peer has 128 random bits', async () => {
  for (const client of await start()) {
    const told = (await client.emitWithAck('session')) as string;
    expect(told).toMatch(/^[\w-]{20}$/);
    expect(client.io.engine.id).toMatch(/^[\w-]{24}$/);
    expect(client.io.engine.id!.startsWith(told)).toBe(true);
  }
});
