import { once } from 'node:events';
import { io as connect } from 'socket.io-client';
import { expect, it, onTestFinished } from 'vitest';
import type { Socket } from '../../index.ts';
import { RawPeer } from '../events/raw-peer.ts';
import { Cable } from '../interop/cable.ts';
import { adapters, heard, startMember } from './group.ts';
import { Redis, hasRedis } from './redis-server.ts';

const streams = adapters.find(({ adapter }) => adapter.includes('streams'))!;
const portOf = (url: string): number => Number(new URL(url).port);

it.runIf(hasRedis)(
  'a client whose server is shut down goes on with another one, and nobody else in its place',
  async () => {
    const redis = await Redis.start();
    onTestFinished(() => redis.close());
    const options = { connectionStateRecovery: {} };
    const a = await startMember(await streams.create(redis), options);
    const b = await startMember(await streams.create(redis), options);
    const cable = new Cable(portOf(a.url));
    await cable.listen();
    onTestFinished(() => cable.close());

    const accepted = once(a.io, 'connection') as Promise<[Socket]>;
    const client = connect(`http://127.0.0.1:${cable.port}`, {
      forceNew: true,
      transports: ['websocket'],
      reconnectionDelay: 500,
      randomizationFactor: 0,
    });
    onTestFinished(() => void client.disconnect());
    await heard(client, 'connect');
    const [socket] = await accepted;
    await socket.join('red');
    socket.data.name = 'it';
    const first = heard(client, 'news');
    a.io.to('red').emit('news', 1);
    const offset = (await first).at(-1) as string;
    const { id } = client;

    const lost = heard(client, 'disconnect');
    cable.target = portOf(b.url);
    await a.io.close();
    await lost;
    const seen: unknown[] = [];
    client.on('news', (value: unknown) => seen.push(value));
    b.io.to('red').emit('news', 2);
    b.io.to('other').emit('news', 'not for it');

    // Someone who knows its public id and a good offset, but not its secret.
    const forger = await RawPeer.open(portOf(b.url), `40${JSON.stringify({ pid: id, offset })}`);
    const welcome = String(await forger.next());
    expect(welcome).toMatch(/^40/);
    expect(welcome).not.toContain(id);

    const again = new Promise<Socket>((resolve) => {
      b.io.on('connection', (one: Socket) => (one.id === id ? resolve(one) : undefined));
    });
    await heard(client, 'connect');
    expect([client.recovered, client.id]).toEqual([true, id]);
    const back = await again;
    expect([back.recovered, back.data, back.rooms]).toEqual([true, { name: 'it' }, new Set([id, 'red'])]);
    const end = heard(client, 'end');
    b.io.to('red').emit('end');
    await end;
    expect(seen).toEqual([2]);
  },
);
