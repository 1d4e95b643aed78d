/** A server that is about to stop, and what a load balancer is told of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { io as connect } from '../../client/index.ts';
import { Server } from '../../server/events/index.ts';
import type { Health, Socket } from '../../server/events/index.ts';
import { heard, meet } from './meet.ts';
import { serve } from './raw-peer.ts';

/** What the health handler answers, mounted on a server of its own. */
async function healthOf(io: Server): Promise<() => Promise<[number, Health]>> {
  const http = createServer(io.healthHandler());
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void http.close());
  return async () => {
    const answer = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    expect([answer.headers.get('cache-control'), answer.headers.get('x-content-type-options')]).toEqual([
      'no-store',
      'nosniff',
    ]);
    return [answer.status, (await answer.json()) as Health];
  };
}

it('lets official clients and ours go elsewhere, all of what it sent seen, and no new ones in', async () => {
  const { io, url } = await serve();
  const ask = await healthOf(io);
  const [official, socket] = await meet(io, url);
  const accepted = once(io, 'connection') as Promise<[Socket]>;
  const own = connect(url, { forceNew: true, reconnection: false });
  onTestFinished(() => void own.disconnect());
  const [ownSocket] = await accepted;
  expect(await ask()).toEqual([200, expect.objectContaining({ state: 'ready', sessions: 2, suspended: 0 })]);

  const got: unknown[] = [];
  for (const client of [official, own]) client.on('last words', () => got.push('last words'));
  const reasons = Promise.all([socket, ownSocket].map((one) => once(one as never, 'disconnect')));
  const told = heard(official, 'disconnect');
  io.emit('last words');
  const drained = io.drain({ over: 50, timeout: 5_000 });
  expect(io.drain()).toBe(drained);
  expect(await ask()).toEqual([503, expect.objectContaining({ state: 'draining' })]);
  const refused = await fetch(`${url}/socket.io/?EIO=4&transport=polling`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  await drained;
  expect(got).toEqual(['last words', 'last words']);
  // Not "io server disconnect", after which a client would not come back.
  expect((await told)[0]).toBe('transport close');
  expect((await reasons).map(([reason]) => reason as unknown)).toEqual(['transport close', 'transport close']);
  expect(await ask()).toEqual([503, expect.objectContaining({ state: 'draining', sessions: 0 })]);
  await io.close();
  expect(io.health().state).toBe('closed');
});

it('is starting until it is attached, and ready again when it is attached anew', async () => {
  const io = new Server();
  expect(io.health()).toEqual({ state: 'starting', sessions: 0, suspended: 0, queuedBytes: 0, loopLagMs: 0 });
  await io.drain();
  io.attach(createServer().listen(0));
  expect(io.health().state).toBe('ready');
  await io.close();
  io.attach(createServer().listen(0));
  expect(io.health().state).toBe('ready');
  await io.close();
});
