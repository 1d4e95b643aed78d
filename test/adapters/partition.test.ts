/** A bus that reaches some of the servers only, or that brings messages twice. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cable } from '../interop/cable.ts';
import { acquainted, adapters, heard, startGroup, startMember } from './group.ts';
import type { AdapterRow, Member } from './group.ts';
import { redisForEach } from './redis-for-each.ts';
import { hasRedis } from './redis-server.ts';
import type { Redis, RedisClient } from './redis-server.ts';

describe.runIf(hasRedis).each(adapters)('$adapter', (row) => {
  const redis = redisForEach();

  /** A member with a line of its own to Redis. */
  async function startOnCable(): Promise<{ member: Member; cable: Cable }> {
    const cable = new Cable(redis().port);
    const port = await cable.listen();
    onTestFinished(() => cable.close());
    return { member: await startMember(await row.create({ connect: () => redis().connect(port) })), cable };
  }

  // A question under way when its line breaks rejects inside the streams adapter, where nobody can hear of it (nor does with
  // Socket.IO's server): with that one, only lines that break at once.
  const ways = row.adapter.includes('streams') ? (['cut'] as const) : (['cut', 'silence'] as const);
  it.each(ways)('serves each side of a partition, and both when it has passed: %s', async (how) => {
    const [{ member: a }, { member: b, cable }] = [await startOnCable(), await startOnCable()];
    await acquainted([a, b]);
    const [[clientOfA], [clientOfB]] = [await a.meet(), await b.meet()];
    clientOfA.on('who', (reply: (given: string) => void) => reply('a'));
    clientOfB.on('who', (reply: (given: string) => void) => reply('b'));
    cable[how]();

    for (const [{ io }, client, name] of [
      [a, clientOfA, 'a'],
      [b, clientOfB, 'b'],
    ] as const) {
      const news = heard(client, 'news');
      io.local.emit('news', name);
      expect((await news)[0]).toBe(name);
      // As many as could be reached: the others are gone, or missing, which is told.
      const answers = await io
        .timeout(400)
        .emitWithAck('who')
        .catch((error: Error & { responses: unknown[] }) => error.responses);
      expect(answers).toEqual([name]);
    }

    // What was silent is cut in the end: by who waits for an answer, or by the system.
    cable.cut();
    cable.mend();
    let reached = 0;
    clientOfA.on('again', () => reached++);
    clientOfB.on('again', () => reached++);
    await expect
      .poll(
        async () => {
          reached = 0;
          const ends = Promise.all([heard(clientOfA, 'again'), heard(clientOfB, 'again')]);
          b.io.emit('again');
          await Promise.race([ends, new Promise((resolve) => setTimeout(resolve, 200))]);
          return reached;
        },
        { timeout: 10_000 },
      )
      .toBe(2);
    await expect.poll(async () => (await a.io.fetchSockets().catch(() => [])).length, { timeout: 10_000 }).toBe(2);
  });

  it('bears messages that come twice', async () => {
    const [a, b] = (await startGroup(redis(), row.create, 2)) as [Member, Member];
    const [, socketOfA] = await a.meet();
    const [client, socketOfB] = await b.meet();
    client.on('who', (reply: (given: string) => void) => reply('b'));
    await repeatAll(redis(), row);
    const news = heard(client, 'news');
    a.io.emit('news', 1);
    expect((await news)[0]).toBe(1);
    a.io.in(socketOfB.id).socketsJoin('red');
    await expect.poll(() => socketOfB.rooms.has('red')).toBe(true);
    const ids = (await a.io.fetchSockets()).map(({ id }) => id);
    expect(new Set(ids)).toEqual(new Set([socketOfA.id, socketOfB.id]));
    // Either all is well, or it says that something was wrong: never an answer too few.
    const answers = await a.io
      .in('red')
      .timeout(400)
      .emitWithAck('who')
      .catch((error: Error & { responses: unknown[] }) => error.responses);
    expect(answers).toContain('b');
    const gone = heard(client, 'disconnect');
    a.io.in('red').disconnectSockets();
    await gone;
    expect(socketOfA.connected).toBe(true);
  });
});

/** Puts every message on the bus a second time. */
async function repeatAll(redis: Redis, { adapter }: AdapterRow): Promise<void> {
  const [listener, speaker] = [await redis.connect(), await redis.connect()];
  if (adapter.includes('streams')) {
    void repeatStream(listener, speaker);
    return;
  }
  const seen = new Set<string>();
  const isSharded = adapter.includes('sharded');
  const repeat = (message: Buffer, channel: Buffer): void => {
    const key = `${String(channel)} ${message.toString('base64')}`;
    // Ours comes back as well.
    if (seen.has(key)) return;
    seen.add(key);
    const again = isSharded ? speaker.sPublish(String(channel), message) : speaker.publish(String(channel), message);
    again.catch(() => {}); // Redis is closed when the test ends
  };
  if (!isSharded) return void (await listener.pSubscribe('*', repeat, true));
  const channels = (await speaker.sendCommand(['PUBSUB', 'SHARDCHANNELS'])) as unknown as string[];
  for (const channel of channels) await listener.sSubscribe(channel, repeat, true);
}

async function repeatStream(listener: RedisClient, speaker: RedisClient): Promise<void> {
  const repeated = new Set<string>();
  let from = '$';
  try {
    for (;;) {
      const read = (await listener.sendCommand(['XREAD', 'BLOCK', '1000', 'STREAMS', 'socket.io', from])) as unknown as
        [string, [string, string[]][]][] | null;
      for (const [id, fields] of read?.[0]?.[1] ?? []) {
        from = id;
        if (!repeated.has(id)) repeated.add(String(await speaker.sendCommand(['XADD', 'socket.io', '*', ...fields])));
      }
    }
  } catch {
    // Redis is closed when the test ends.
  }
}
