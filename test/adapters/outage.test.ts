import { describe, expect, it } from 'vitest';
import { adapters, heard, startGroup } from './group.ts';
import type { Member } from './group.ts';
import { redisForEach } from './redis-for-each.ts';
import { hasRedis } from './redis-server.ts';
import type { Redis } from './redis-server.ts';

const outages = [
  { what: 'is killed', begin: (redis: Redis) => redis.kill(), end: (redis: Redis) => redis.start() },
  { what: 'hangs', begin: (redis: Redis) => redis.freeze(), end: (redis: Redis) => redis.thaw() },
];

const rows = adapters.flatMap((adapter) => outages.map((outage) => ({ ...adapter, ...outage })));

describe.runIf(hasRedis).each(rows)('$adapter, when Redis $what', ({ create, isPrompt, begin, end }) => {
  const redis = redisForEach();

  /** What a server must still do for its own clients. */
  async function servesItsOwn(member: Member): Promise<void> {
    const [client, socket] = await member.meet();
    client.on('echo', (value: unknown, reply: (given: unknown) => void) => reply(value));
    expect(await socket.emitWithAck('echo', 'x')).toBe('x');
    void socket.join('red');
    const operator = isPrompt ? member.io : member.io.local;
    const arrived = heard(client, 'news');
    operator.to('red').emit('news', 'local');
    expect(await arrived).toEqual(['local']);
    expect(await operator.to('red').timeout(5_000).local.emitWithAck('echo', 'y')).toEqual(['y']);
    expect((await member.io.local.in('red').fetchSockets()).map(({ id }) => id)).toEqual([socket.id]);
  }

  it('local clients go on, questions end, and all is well again afterwards', async () => {
    const members = await startGroup(redis(), create, 2);
    const [a, b] = members as [Member, Member];
    const [client] = await a.meet();
    const [other] = await b.meet();
    client.on('who', (reply: (given: string) => void) => reply('a'));
    await begin(redis());
    for (const member of members) await servesItsOwn(member);

    const refusal = await a.io
      .timeout(200)
      .emitWithAck('who')
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Error);
    expect((refusal as Error & { responses: unknown[] }).responses).toEqual(['a']);
    a.io.emit('during');
    a.io.socketsJoin('blue');
    a.io.serverSideEmit('during');

    await end(redis());
    let heardAgain = false;
    other.on('again', () => (heardAgain = true));
    await expect
      .poll(
        () => {
          a.io.emit('again');
          return heardAgain;
        },
        { timeout: 8_000 },
      )
      .toBe(true);
  });
});

describe.runIf(hasRedis).each(adapters)('$adapter, when a server of the group hangs', ({ create }) => {
  const redis = redisForEach();

  it('gives what the others answered in time', async () => {
    const [a, b, c] = (await startGroup(redis(), create, 3)) as [Member, Member, Member];
    const [client] = await b.meet();
    client.on('who', (reply: (given: string) => void) => reply('b'));
    // It hears, and answers nothing: to the others it is as one whose process is stuck.
    const [stuck] = await c.meet();
    const reached = new Promise((resolve) => stuck.once('who', resolve));
    b.io.on('sum', (reply: (given: string) => void) => reply('b'));
    c.io.on('sum', () => {});
    const error = (await a.io
      .timeout(300)
      .emitWithAck('who')
      .catch((failure: unknown) => failure)) as Error & { responses: unknown[] };
    await reached;
    expect(error.responses).toEqual(['b']);
    const partial = (await a.io.serverSideEmitWithAck('sum').catch((failure: unknown) => failure)) as Error & {
      responses: unknown[];
    };
    expect(partial).toBeInstanceOf(Error);
    expect(partial.responses).toEqual(['b']);
  });
});
