import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { adapters, heard, startGroup } from './group.ts';
import type { Member } from './group.ts';
import { redisForEach } from './redis-for-each.ts';
import { hasRedis } from './redis-server.ts';

const rubbish: readonly [string, Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['bytes that are no text', Buffer.from([0xc1, 0xff, 0x00, 0x80])],
  ['JSON that breaks off', Buffer.from('{"uid":"x","type":3,"data":{')],
  ['JSON of something else', Buffer.from('"x"')],
  ['a packet without options', Buffer.from('{"uid":"x","nsp":"/","type":3,"data":{}}')],
  ['a type that is unknown', Buffer.from('{"uid":"x","nsp":"/","type":99,"data":{}}')],
  ['MessagePack of something else', Buffer.from(encode(['x', null, 7]))],
  ['MessagePack that breaks off', Buffer.from(encode({ uid: 'x', type: 3 })).subarray(0, 6)],
];

describe.runIf(hasRedis).each(adapters)('$adapter, when the bus carries', ({ adapter, create }) => {
  const redis = redisForEach();

  it.each(rubbish)('%s, the group goes on', async (_what, message) => {
    const [a, b] = (await startGroup(redis(), create, 2)) as [Member, Member];
    const [client] = await b.meet();
    const stranger = await redis().connect();
    if (adapter.includes('streams')) {
      const fields = { uid: 'x', nsp: '/', type: '3', data: message };
      await stranger.xAdd('socket.io', '*', fields);
    } else if (adapter.includes('sharded')) {
      await stranger.sPublish('socket.io#/#', message);
    } else {
      await stranger.publish('socket.io#/#', message);
      await stranger.publish('socket.io-request#/#', message);
      await stranger.publish('socket.io-response#/#', message);
    }
    const arrived = heard(client, 'news');
    // The streams adapter begins to read some time after it was made, and what was written before is not for it.
    const again = setInterval(() => a.io.emit('news', 'after'), 300);
    a.io.emit('news', 'after');
    expect(await arrived).toEqual(['after']);
    clearInterval(again);
  });
});
