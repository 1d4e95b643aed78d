/** A server of a group is killed, which can't say goodbye any more. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { io as official } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { io as ours } from '../../client/index.ts';
import type { Socket } from '../../index.ts';
import { RawPeer } from '../events/raw-peer.ts';
import { Cable } from '../interop/cable.ts';
import { requires } from '../requirement.ts';
import { acquainted, adapters, heard, startMember } from './group.ts';
import type { Member } from './group.ts';
import { Redis, hasRedis } from './redis-server.ts';

const built = requires(
  'the built package',
  fileURLToPath(new URL('../../dist/node/index.mjs', import.meta.url)),
  'npm run build',
);
const program = fileURLToPath(new URL('member-program.mjs', import.meta.url));
const streams = adapters.find(({ adapter }) => adapter.includes('streams'))!;

const portOf = ({ url }: Member): number => Number(new URL(url).port);

/** Two servers over one Redis, one of them in a process of its own, and a client of that one, in the room `red`. */
async function begin(connect: typeof official) {
  const redis = await Redis.start();
  onTestFinished(() => redis.close());
  const other = await startMember(await streams.create(redis), { connectionStateRecovery: {} });
  const child = spawn(process.execPath, [program, String(redis.port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onTestFinished(kill);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  // What a load balancer does: both servers are behind one address.
  const cable = new Cable(Number(String(line)));
  await cable.listen();
  onTestFinished(() => cable.close());
  const client = connect(`http://127.0.0.1:${cable.port}`, {
    forceNew: true,
    reconnectionDelay: 300,
    randomizationFactor: 0,
  });
  onTestFinished(() => void client.disconnect());
  await heard(client, 'connect');
  await client.emitWithAck('join', 'red');
  const told = heard(client, 'told');
  client.emit('tell', 'red', 'first');
  await told;
  return { client, other: other.io, kill, goOver: () => void (cable.target = portOf(other)) };
}

describe.runIf(built && hasRedis).each([
  ['the official client', official],
  ['our client', ours as unknown as typeof official],
])('when its server is killed, %s', (_whose, connect) => {
  it('goes on with another one, and gets what it missed', async () => {
    const { client, other, kill, goOver } = await begin(connect);
    const { id } = client;
    const lost = heard(client, 'disconnect');
    goOver();
    await kill();
    await lost;
    const got: unknown[] = [];
    client.on('told', (value: unknown) => got.push(value));
    other.to('red').emit('told', 'second');
    other.to('blue').emit('told', 'not for it');
    const accepted = once(other, 'connection') as Promise<[Socket]>;
    await heard(client, 'connect');
    const [socket] = await accepted;
    expect([client.recovered, client.id, socket.recovered]).toEqual([true, id, true]);
    expect([socket.data, socket.rooms]).toEqual([{ name: 'known' }, new Set([id, 'red'])]);
    other.to('red').emit('told', 'third');
    await expect.poll(() => got).toEqual(['second', 'third']);
  });
});

describe.runIf(built && hasRedis)('what is kept ahead for a server that may be killed', () => {
  it('is not there for a client that was put out', async () => {
    const { client } = await begin(official);
    const { id } = client;
    const out = heard(client, 'disconnect');
    client.emit('put out');
    expect((await out)[0]).toBe('io server disconnect');
    const connected = heard(client, 'connect');
    client.connect();
    await connected;
    expect([client.recovered, client.id === id]).toEqual([false, false]);
  });

  it.each(['the same server', 'another server'])(
    'is taken up from a connection that died unnoticed, at %s',
    async (where) => {
      const redis = await Redis.start();
      onTestFinished(() => redis.close());
      const [a, b] = [
        await startMember(await streams.create(redis), { connectionStateRecovery: {} }),
        await startMember(await streams.create(redis), { connectionStateRecovery: {} }),
      ];
      await acquainted([a, b]);
      const accepted = once(a.io, 'connection') as Promise<[Socket]>;
      const peer = await RawPeer.open(portOf(a), '40');
      const { pid, sid } = JSON.parse(String(await peer.next()).slice(2)) as { pid: string; sid: string };
      const [socket] = await accepted;
      await socket.join('red');
      a.io.to('red').emit('told', 'first');
      const [, , offset] = JSON.parse(String(await peer.next()).slice(2)) as string[];

      const reasons: unknown[] = [];
      socket.on('disconnect', (reason) => reasons.push(reason));
      const next = where === 'another server' ? b : a;
      const again = once(next.io, 'connection') as Promise<[Socket]>;
      const same = await RawPeer.open(portOf(next), `40${JSON.stringify({ pid, offset })}`);
      expect(JSON.parse(String(await same.next()).slice(2))).toEqual({ pid, sid });
      const [back] = await again;
      expect([back.recovered, back.rooms]).toEqual([true, new Set([sid, 'red'])]);
      await expect.poll(() => reasons).toEqual(['transport close']);
      expect([...next.io.sockets.sockets.values()]).toEqual([back]);
      next.io.to('red').emit('told', 'second');
      expect(String(await same.next())).toMatch(/^42\["told","second"/);
      expect((await next.io.fetchSockets()).map(({ id }) => id)).toEqual([sid]);
    },
  );

  it('is not kept where the application does not want it', async () => {
    const redis = await Redis.start();
    onTestFinished(() => redis.close());
    const member = await startMember(await streams.create(redis), { connectionStateRecovery: { keepAhead: false } });
    const kept = vi.spyOn(member.io.of('/').adapter, 'persistSession');
    const [client, socket] = await member.meet();
    await socket.join('red');
    // The adapter is at work: one that is closed before fails in its own way.
    let isHeard = false;
    client.on('told', () => (isHeard = true));
    await expect.poll(() => (member.io.emit('told'), isHeard)).toBe(true);
    expect(kept).not.toHaveBeenCalled();
    const gone = new Promise((resolve) => socket.on('disconnect', resolve));
    client.io.engine.close();
    await gone;
    expect(kept).toHaveBeenCalledOnce();
  });
});
