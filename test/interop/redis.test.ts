import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import type { Server, Socket as ServerSocket } from 'socket.io';
import { io as connect, type Socket as ClientSocket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cable } from './cable.ts';
import { serverEnds } from './ends.ts';
import { hasRedis, startRedis, type Redis } from './redis-server.ts';
import { heard } from './stage.ts';

/** The adapters as npm has them, each made as its own documentation says. */
const adapters = [
  {
    adapter: '@socket.io/redis-adapter',
    create: async (redis: Redis) => createAdapter(await redis.connect(), await redis.connect()),
  },
  {
    adapter: '@socket.io/redis-adapter, sharded',
    create: async (redis: Redis) => createShardedAdapter(await redis.connect(), await redis.connect()),
  },
  {
    adapter: '@socket.io/redis-streams-adapter',
    create: async (redis: Redis) => createStreamsAdapter(await redis.connect(), { blockTimeInMs: 50 }),
  },
] as const;

const pairs = serverEnds.flatMap(({ name, Server }) => adapters.map((each) => ({ ...each, whose: name, Server })));

interface Node {
  readonly io: Server;
  readonly cable: Cable;
  /** A client of this server, and its end there. */
  meet(): Promise<readonly [ClientSocket, ServerSocket]>;
}

describe.runIf(hasRedis).each(pairs)('$adapter on two $whose servers', ({ create, Server }) => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  const it = test.extend<{ nodes: readonly [Node, Node] }>({
    nodes: async ({}, use) => {
      const closers: (() => unknown)[] = [];
      const start = async (): Promise<Node> => {
        const http = createServer();
        const io = new Server(http, { adapter: await create(redis) });
        await once(http.listen(0, '127.0.0.1'), 'listening');
        const cable = new Cable((http.address() as AddressInfo).port);
        await cable.listen();
        closers.push(() => io.close());
        closers.push(() => cable.close());
        return {
          io,
          cable,
          async meet() {
            const accepted = heard<[ServerSocket]>(io, 'connection');
            const client = connect(`http://127.0.0.1:${cable.port}`, { forceNew: true, reconnectionDelay: 20 });
            closers.push(() => client.disconnect());
            await heard(client, 'connect');
            return [client, (await accepted)[0]];
          },
        };
      };
      const nodes = [await start(), await start()] as const;
      // They know of each other once one has answered the other.
      for (const { io } of nodes) io.on('are you there', (reply: (given: string) => void) => reply('yes'));
      for (const { io } of nodes) while ((await io.serverSideEmitWithAck('are you there')).length < 1);
      await use(nodes);
      for (const close of closers.toReversed()) await close();
    },
  });

  it('brings a broadcast, bytes and all, to clients of both', async ({ nodes: [a, b] }) => {
    const [[one], [other]] = [await a.meet(), await b.meet()];
    const arrived = Promise.all([heard(one, 'news'), heard(other, 'news')]);
    a.io.emit('news', 'both', { deep: [Buffer.from([1, 2])] });
    const expected = ['both', { deep: [Buffer.from([1, 2])] }];
    expect(await arrived).toEqual([expected, expected]);
  });

  it('knows rooms on both, and who is excepted', async ({ nodes: [a, b] }) => {
    const [[one], [other, otherSocket]] = [await a.meet(), await b.meet()];
    await otherSocket.join('red');
    const heardBy: string[] = [];
    one.on('news', (what: string) => heardBy.push(`one ${what}`));
    other.on('news', (what: string) => heardBy.push(`other ${what}`));
    a.io.to('red').emit('news', 'for red');
    a.io.except('red').emit('news', 'but red');
    a.io.to(otherSocket.id).emit('news', 'by id');
    const ends = Promise.all([heard(one, 'end'), heard(other, 'end')]);
    a.io.emit('end');
    await ends;
    expect(heardBy.toSorted()).toEqual(['one but red', 'other by id', 'other for red']);
  });

  it('gathers answers from both', async ({ nodes: [a, b] }) => {
    const [[one], [other]] = [await a.meet(), await b.meet()];
    one.on('who', (reply: (given: string) => void) => reply('one'));
    other.on('who', (reply: (given: string) => void) => reply('other'));
    expect((await a.io.timeout(2_000).emitWithAck('who')).toSorted()).toEqual(['one', 'other']);
  });

  it('sees, moves and disconnects the sockets of the other', async ({ nodes: [a, b] }) => {
    const [client, socket] = await b.meet();
    socket.data = { name: 'b’s' };
    const [seen] = await a.io.fetchSockets();
    expect([seen!.id, seen!.data, [...seen!.rooms]]).toEqual([socket.id, { name: 'b’s' }, [socket.id]]);
    const joined = heard(b.io.of('/').adapter, 'join-room');
    a.io.in(socket.id).socketsJoin('red');
    expect(await joined).toEqual(['red', socket.id]);
    const gone = heard(client, 'disconnect');
    a.io.in('red').disconnectSockets();
    expect((await gone)[0]).toBe('io server disconnect');
  });

  it('lets the servers themselves ask each other', async ({ nodes: [a, b] }) => {
    b.io.on('sum', (x: number, y: number, reply: (given: number) => void) => reply(x + y));
    expect(await a.io.serverSideEmitWithAck('sum', 2, 3)).toEqual([5]);
  });
});

describe.runIf(hasRedis).each(serverEnds)('@socket.io/redis-emitter and the $name server', ({ Server }) => {
  test('brings an event from a process without clients', async () => {
    const redis = await startRedis();
    const http = createServer();
    const io = new Server(http, { adapter: createAdapter(await redis.connect(), await redis.connect()) });
    await once(http.listen(0, '127.0.0.1'), 'listening');
    const client = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { forceNew: true });
    await heard(client, 'connect');
    const arrived = heard(client, 'news');
    new Emitter(await redis.connect()).emit('news', 'from elsewhere', Buffer.from([7]));
    expect(await arrived).toEqual(['from elsewhere', Buffer.from([7])]);
    client.disconnect();
    await io.close();
    await redis.close();
  });
});

describe.runIf(hasRedis).each(serverEnds)(
  'recovery over @socket.io/redis-streams-adapter, $name servers',
  ({ Server }) => {
    test('brings what was missed, when a client comes back to another server', async () => {
      const redis = await startRedis();
      const start = async () => {
        const http = createServer();
        const adapter = createStreamsAdapter(await redis.connect(), { blockTimeInMs: 50 });
        const io = new Server(http, { adapter, connectionStateRecovery: {} });
        await once(http.listen(0, '127.0.0.1'), 'listening');
        return { io, port: (http.address() as AddressInfo).port };
      };
      const [a, b] = [await start(), await start()];
      const cable = new Cable(a.port);
      await cable.listen();
      const client = connect(`http://127.0.0.1:${cable.port}`, {
        forceNew: true,
        reconnectionDelay: 100,
        transports: ['websocket'],
      });
      const accepted = heard<[ServerSocket]>(a.io, 'connection');
      await heard(client, 'connect');
      const [socket] = await accepted;
      await socket.join('red');
      const first = heard(client, 'news');
      a.io.to('red').emit('news', 1);
      await first;
      const { id } = client;

      const lost = heard(socket, 'disconnect');
      cable.target = b.port;
      cable.cut();
      await lost;
      const seen: unknown[] = [];
      client.on('news', (value: unknown) => seen.push(value));
      a.io.to('red').emit('news', 2);
      b.io.to('red').emit('news', 3);
      const back = heard(client, 'connect');
      const again = heard<[ServerSocket]>(b.io, 'connection');
      cable.mend();
      await back;
      expect([client.recovered, client.id, [...(await again)[0].rooms].toSorted()]).toEqual([
        true,
        id,
        [id, 'red'].toSorted(),
      ]);
      const end = heard(client, 'end');
      b.io.to('red').emit('end');
      await end;
      expect(seen).toEqual([2, 3]);

      client.disconnect();
      cable.close();
      await Promise.all([a.io.close(), b.io.close()]);
      await redis.close();
    });
  },
);
