import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapters, heard, startGroup } from './group.ts';
import { Redis, hasRedis } from './redis-server.ts';

describe.runIf(hasRedis).each(adapters)('three servers over $adapter', ({ create }) => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.close());

  it('reach the members of rooms, less those excepted, each once', async () => {
    const [a, b, c] = await startGroup(redis, create, 3);
    const meetings = [await a!.meet(), await b!.meet(), await c!.meet()];
    const names = ['a', 'b', 'c'];
    const got: string[] = [];
    for (const [n, [client, socket]] of meetings.entries()) {
      client.onAny((event: string) => (event === 'end' ? undefined : got.push(`${names[n]} ${event}`)));
      await socket.join(['all', names[n]!]);
    }
    a!.io.to(['all', 'b']).emit('rooms');
    a!.io.to('all').except('b').emit('except');
    meetings[0]![1].broadcast.emit('others');
    meetings[1]![1].to('all').emit('from b');
    a!.io.local.emit('local');
    // Redis keeps the order of each sender only: each of those who sent says when it is done.
    for (const sender of [a!, b!]) {
      const ends = Promise.all(meetings.map(([client]) => heard(client, 'end')));
      sender.io.emit('end');
      await ends;
    }
    // Now that nothing else is on its way to it, which would be a reason to leave it out.
    const volatile = heard(meetings[2]![0], 'volatile');
    a!.io.volatile.to('c').emit('volatile');
    await volatile;
    const rooms = ['a rooms', 'b rooms', 'c rooms', 'a except', 'c except'];
    const expected = rooms.concat('b others', 'c others', 'a from b', 'c from b', 'a local', 'c volatile');
    expect(got.toSorted()).toEqual(expected.toSorted());
  });

  it('collect the answers of all clients, bytes and all', async () => {
    const [a, b, c] = await startGroup(redis, create, 3);
    for (const [n, member] of [a!, b!, c!].entries()) {
      const [client] = await member.meet();
      client.on('who', (reply: (given: unknown) => void) => reply([n, Buffer.from([n])]));
    }
    const answers = (await b!.io.timeout(5_000).emitWithAck('who')) as [number, Buffer][];
    expect(answers.toSorted(([x], [y]) => x - y)).toEqual([0, 1, 2].map((n) => [n, Buffer.from([n])]));
  });

  it('give the answers that came in time, when a client keeps silent', async () => {
    const [a, b] = await startGroup(redis, create, 2);
    const [client] = await a!.meet();
    client.on('who', (reply: (given: string) => void) => reply('a'));
    const [silent] = await b!.meet();
    const asked = heard(silent, 'who');
    const outcome = a!.io
      .timeout(400)
      .emitWithAck('who')
      .catch((error: unknown) => error);
    await asked;
    expect(await outcome).toMatchObject({ message: 'operation has timed out', responses: ['a'] });
  });

  it('see, move and put out each other’s sockets', async () => {
    const [a, b, c] = await startGroup(redis, create, 3);
    const [, socket] = await b!.meet({ auth: { token: 'of b' } });
    const [clientOfC, socketOfC] = await c!.meet();
    socket.data.name = 'b’s';
    const seen = await a!.io.fetchSockets();
    expect(seen.map(({ id }) => id).toSorted()).toEqual([socket.id, socketOfC.id].toSorted());
    const remote = seen.find(({ id }) => id === socket.id)!;
    expect([remote.data, remote.handshake.auth, remote.rooms]).toEqual([
      { name: 'b’s' },
      { token: 'of b' },
      new Set([socket.id]),
    ]);
    remote.join(['red', 'blue']);
    await expect.poll(() => socket.rooms).toEqual(new Set([socket.id, 'red', 'blue']));
    a!.io.in('red').socketsLeave('blue');
    await expect.poll(() => socket.rooms).toEqual(new Set([socket.id, 'red']));
    a!.io.socketsJoin('everyone');
    await expect.poll(async () => (await a!.io.in('everyone').fetchSockets()).length).toBe(2);
    const gone = heard(clientOfC, 'disconnect');
    a!.io.in(socketOfC.id).disconnectSockets(true);
    expect((await gone)[0]).toMatch(/io server disconnect|transport close/);
    expect(socket.connected).toBe(true);
  });

  it('ask each other, and hear from all, or who kept silent', async () => {
    const [a, b, c] = await startGroup(redis, create, 3);
    b!.io.on('sum', (x: number, y: number, reply: (given: number) => void) => reply(x + y));
    c!.io.on('sum', (x: number, y: number, reply: (given: number) => void) => reply(x * y));
    expect(((await a!.io.serverSideEmitWithAck('sum', 2, 3)) as number[]).toSorted()).toEqual([5, 6]);
    const plain = new Promise((resolve) => b!.io.on('note', (...args: unknown[]) => resolve(args)));
    c!.io.serverSideEmit('note', 1, { x: 'y' });
    expect(await plain).toEqual([1, { x: 'y' }]);
  });
});
