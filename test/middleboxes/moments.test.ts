/**
 * The network goes dark at the moments at which most is under way, and comes back cut, torn or as it was. Messages go both
 * ways from before until long after, and none may be lost.
 */
import { describe, expect, it as base } from 'vitest';
import { memory } from '../../client/engine/environment.ts';
import { Conversation } from './conversation.ts';
import { ours, serve, type ClientOptions, type ClientSocket } from './ends.ts';
import { flawless } from './ledger.ts';
import { TearingProxy } from './tearing-proxy.ts';

/** How long it stays dark (ms): longer than the heartbeat's patience. */
const DARK_MS = 700;
const HEARTBEAT = { pingInterval: 250, pingTimeout: 200 };
/** More than a stream carries before another one goes on in its place. */
const ROTATING_TEXT = 'x'.repeat(1_100_000);

interface Scene {
  readonly talk: Conversation;
  readonly proxy: TearingProxy;
}

type Moment = (scene: Scene) => Promise<unknown>;

/** Resolves when the client's engine, or its transport, tells that. */
const told = (by: object, event: string): Promise<void> =>
  new Promise((resolve) => (by as ClientSocket).once(event, () => resolve()));

const climbing = { transports: ['polling', 'streaming'] } as unknown as ClientOptions;
const alone = (name: string): ClientOptions => ({ transports: [name] }) as unknown as ClientOptions;

const reattaching: Moment = async ({ talk, proxy }) => {
  const next = proxy.nextLine();
  const lost = talk.next('suspend');
  proxy.cut();
  await lost;
  return next;
};

/** A request on a connection that had been kept is sent again, and the session doesn't notice. */
const comingAgain: Moment = ({ proxy }) => {
  const next = proxy.nextLine();
  proxy.cut();
  return next;
};

const moments: readonly (readonly [string, ClientOptions, Moment])[] = [
  ['a stream attaches', alone('streaming'), reattaching],
  ['a poll comes again', alone('polling'), comingAgain],
  ['a WebSocket attaches', alone('websocket'), reattaching],
  ['a POST is under way', alone('streaming'), ({ talk }) => told(talk.client.io.engine, 'flush')],
  ['it has just opened', climbing, async () => {}],
  ['it moves there', climbing, ({ talk }) => talk.carriedBy('streaming')],
  [
    'one stream follows another',
    alone('streaming'),
    async ({ talk }) => {
      const ended = told(talk.client.io.engine.transport, 'pollComplete');
      talk.socket.emit('long', ROTATING_TEXT);
      await ended;
    },
  ],
];

/** What becomes of it when the network is back. */
const returns: readonly (readonly [string, (proxy: TearingProxy) => void])[] = [
  ['with its connections cut', (proxy) => proxy.cut()],
  ['as it was', () => {}],
  [
    'in pieces',
    (proxy) => {
      for (const { up, down } of proxy.lines) for (const flow of [up, down]) flow.tear(500, () => 3);
    },
  ],
];

describe.each(moments)('dark while %s', (_moment, options, arrives) => {
  const it = base.extend<{ scene: Scene }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what it asks for
    scene: async ({}, use) => {
      memory.proven.clear();
      const served = await serve(ours, HEARTBEAT);
      const proxy = await TearingProxy.before(served.port);
      const talk = await Conversation.begin(served, proxy.port, options);
      await use({ talk, proxy });
      talk.close();
      await proxy.close();
      await served.close();
    },
  });

  it.for(returns)('and back %s: nothing is lost', async ([_how, comesBack], { scene }) => {
    const { talk, proxy } = scene;
    const arrived = arrives(scene);
    const exchanged = talk.exchange(200);
    await arrived;
    proxy.blackhole();
    await new Promise((resolve) => setTimeout(resolve, DARK_MS));
    comesBack(proxy);
    proxy.light();
    expect(await exchanged).toEqual({ up: flawless, down: flawless });
    expect(await talk.exchange(50)).toEqual({ up: flawless, down: flawless });
    expect(talk.disconnects).toEqual([]);
  });
});
