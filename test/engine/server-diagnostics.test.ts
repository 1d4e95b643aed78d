/** What can be watched from outside of the application: `node:diagnostics_channel`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';

import { Socket } from '../../client/engine/index.ts';
import { Cable } from '../interop/cable.ts';
import { uncaughtBy } from '../events/client-uncaught.ts';
import type { Session } from '../../server/engine/index.ts';
import { WebSocketPeer, ask, next, open, serve } from './server-fixture.ts';

const names = ['session:open', 'session:suspend', 'session:resume', 'session:close', 'transport:change'].concat(
  'reject',
  'limit',
);

/** Everything that was published, in order: the channel's name, and the message less its session. */
let published: [string, Record<string, unknown>][];
let sessions: Set<unknown>;

beforeEach(() => {
  published = [];
  sessions = new Set();
  for (const name of names) {
    const listener = (message: unknown): void => {
      const { session, ...rest } = message as Record<string, unknown>;
      if (session !== undefined) sessions.add(session);
      published.push([name, rest]);
    };
    subscribe(`throughline:${name}`, listener);
    onTestFinished(() => void unsubscribe(`throughline:${name}`, listener));
  }
});

it('tells the life of a session: opened, moved, lost, come back, ended', async () => {
  const served = await serve();
  const cable = new Cable(served.port);
  const port = await cable.listen();
  onTestFinished(() => cable.close());
  const client = new Socket(`http://127.0.0.1:${port}`, { transports: ['polling', 'websocket'] });
  onTestFinished(() => void client.close());
  await new Promise((resolve) => client.on('upgrade', resolve));
  cable.cut();
  await vi.waitFor(() => expect(published.map(([name]) => name)).toContain('session:suspend'));
  cable.mend();
  await vi.waitFor(() => expect(published.map(([name]) => name)).toContain('session:resume'), { timeout: 5_000 });
  client.close();
  await next(served.sessions[0]!, 'close');
  const [opened, changed, suspended] = published;
  expect([opened, changed, suspended]).toEqual([
    ['session:open', { transport: 'polling' }],
    ['transport:change', { from: 'polling', to: 'websocket', why: 'upgrade' }],
    ['session:suspend', { code: expect.stringMatching(/^transport-/) as string }],
  ]);
  expect(published.find(([name]) => name === 'session:resume')![1]).toEqual({
    suspendedMs: expect.any(Number) as number,
    replayed: 0,
  });
  expect(published.at(-1)).toEqual(['session:close', expect.objectContaining({ code: 'closed-by-peer', by: 'peer' })]);
  expect([...sessions]).toEqual(served.sessions);
});

it('tells of what was refused, and of what a limit ended', async () => {
  const { port, sessions: opened } = await serve({ maxHttpBufferSize: 100 });
  await ask(port, { query: 'EIO=4&transport=tobi' });
  expect(published).toEqual([['reject', { code: 0, name: 'Transport unknown' }]]);
  const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
  await peer.until(1);
  const ended = next(opened[0]!, 'close');
  peer.send(`4${'x'.repeat(200)}`);
  await ended;
  expect(published.slice(-2)).toEqual([
    ['session:close', expect.objectContaining({ code: 'too-big', by: 'policy' })],
    ['limit', { code: 'too-big' }],
  ]);
});

it.each(['session:open', 'session:close', 'reject', 'limit'])(
  'keeps what a subscriber of %s throws from the session and from the request',
  async (name) => {
    const boom = new Error('boom');
    const subscriber = (): never => {
      throw boom;
    };
    const { engine, port, sessions } = await serve({ maxHttpBufferSize: 100 });
    const uncaught = await uncaughtBy(async () => {
      subscribe(`throughline:${name}`, subscriber);
      onTestFinished(() => void unsubscribe(`throughline:${name}`, subscriber));
      expect((await ask(port, { query: 'EIO=4&transport=tobi' })).status).toBe(400);
      const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
      await peer.until(1);
      const ended = next(sessions[0]!, 'close');
      peer.send(`4${'x'.repeat(200)}`);
      expect(await ended).toEqual(['transport error', expect.objectContaining({ code: 'too-big' })]);
      unsubscribe(`throughline:${name}`, subscriber);
    });
    expect(uncaught).toBe(boom);
    expect(engine.metrics()).toMatchObject({ closedSessions: { 'too-big': 1 }, limitHits: { 'too-big': 1 } });
  },
);

it('tells of a session when it is there to be looked at, as is the server', async () => {
  const { engine, port } = await serve();
  const seen: unknown[] = [];
  const look = (message: unknown): void => {
    const { session } = message as { session: Session };
    seen.push([session.transport.name, session.readyState, engine.metrics().activeSessions.polling]);
  };
  subscribe('throughline:session:open', look);
  onTestFinished(() => void unsubscribe('throughline:session:open', look));
  await open(port);
  expect(seen).toEqual([['polling', 'open', 1]]);
});
