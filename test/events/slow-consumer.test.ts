/** One receiver of a broadcast who takes nothing, among many who do. */
import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import type { Socket } from '../../server/events/index.ts';
import { serve } from './raw-peer.ts';

const RECEIVERS = 1_000;
const ROUNDS = 12;

const TEXT = 'x'.repeat(1_000);

/** More than kernels keep between two sockets. */
const FILLING = 'x'.repeat(12_000_000);

it('is put out of a broadcast to 1,000, and nobody else waits for it', async () => {
  const { io, port } = await serve({ stalledQueueBytes: 1_000_000, stalledTimeout: 500 });
  let arrived = 0;
  let told = (): void => {};
  const receivers = await Promise.all(
    Array.from({ length: RECEIVERS - 1 }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
      onTestFinished(() => socket.terminate());
      const joined = new Promise<void>((resolve) => {
        socket.on('message', (data: Buffer) => {
          if (data.length > TEXT.length) arrived++;
          else if (String(data).startsWith('0')) socket.send('40');
          else if (String(data).startsWith('40')) resolve();
          if (arrived === RECEIVERS - 1) told();
        });
      });
      await joined;
      return socket;
    }),
  );
  const round = async (): Promise<number> => {
    arrived = 0;
    const all = new Promise<void>((resolve) => void (told = resolve));
    const before = performance.now();
    io.emit('news', TEXT);
    await all;
    return performance.now() - before;
  };
  const alone = [];
  for (let count = 0; count < ROUNDS; count++) alone.push(await round());

  // It joins, and reads no more.
  const slow = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void slow.destroy());
  slow.write(
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x82\0\0\0\x0040',
    'latin1',
  );
  const [socket] = (await once(io, 'connection')) as [Socket];
  socket.emit('filling', FILLING);
  const ended = new Promise<unknown[]>((resolve) => socket.on('disconnect', (...why) => resolve(why)));
  let isOver = false;
  void ended.then(() => (isOver = true));
  const beside = [];
  for (let count = 0; count < ROUNDS || !isOver; count++) beside.push(await round());

  expect((await ended)[1]).toMatchObject({ code: 'slow-consumer' });
  expect(receivers.filter(({ readyState }) => readyState !== WebSocket.OPEN)).toEqual([]);
  expect(Math.min(...beside)).toBeLessThan(2 * Math.min(...alone));
  expect(io.engine.clientsCount).toBe(RECEIVERS - 1);
}, 60_000);
