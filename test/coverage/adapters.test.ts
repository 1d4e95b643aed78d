/** What an application, or an adapter of its own, may call on any adapter of ours. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { io as connect } from '../../client/index.ts';
import { Server } from '../../index.ts';
import type { Socket } from '../../index.ts';
import * as adapters from '../../server/events/adapter/index.ts';

type Given = adapters.ClusterMessage | adapters.ClusterResponse;

/** What was published, for a group of which no other server answers. */
const published: Given[] = [];

class Alone extends adapters.ClusterAdapter {
  // The contract's constructor is protected.
  // oxlint-disable-next-line no-explicit-any no-useless-constructor
  constructor(nsp: any) {
    super(nsp);
  }
  protected doPublish(message: adapters.ClusterMessage): Promise<string> {
    published.push(message);
    return Promise.resolve('');
  }
  protected doPublishResponse(_to: string, response: adapters.ClusterResponse): Promise<void> {
    published.push(response);
    return Promise.resolve();
  }
}

class AloneWithHeartbeat extends adapters.ClusterAdapterWithHeartbeat {
  // oxlint-disable-next-line no-explicit-any
  constructor(nsp: any) {
    super(nsp, {});
  }
  protected doPublish(message: adapters.ClusterMessage): Promise<string> {
    published.push(message);
    return Promise.resolve('');
  }
  protected doPublishResponse(_to: string, response: adapters.ClusterResponse): Promise<void> {
    published.push(response);
    return Promise.resolve();
  }
}

async function start(adapter: typeof adapters.Adapter | typeof Alone | typeof AloneWithHeartbeat) {
  const http = createServer();
  const io = new Server(http, { adapter, connectionStateRecovery: {} });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const client = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { forceNew: true });
  onTestFinished(async () => {
    client.disconnect();
    await io.close();
  });
  const [socket] = (await once(io, 'connection')) as [Socket];
  published.length = 0;
  return { io, client, socket, adapter: io.of('/').adapter };
}

const all = { rooms: new Set<string>(), except: new Set<string>() };

describe.each([
  ['Adapter', adapters.Adapter],
  ['SessionAwareAdapter', adapters.SessionAwareAdapter],
  ['ClusterAdapter', Alone],
  ['ClusterAdapterWithHeartbeat', AloneWithHeartbeat],
] as const)('%s', (_name, constructor) => {
  it('moves sockets, and broadcasts with and without answers', async () => {
    const { client, socket, adapter } = await start(constructor);
    await adapter.init();
    await adapter.addSockets(all, ['red', 'blue']);
    expect(socket.rooms).toEqual(new Set([socket.id, 'red', 'blue']));
    await adapter.delSockets(all, ['blue']);
    await adapter.del(socket.id, 'red');
    expect(socket.rooms).toEqual(new Set([socket.id]));
    const news = new Promise((resolve) => client.on('news', (value: unknown) => resolve(value)));
    await adapter.broadcast({ type: 2, data: ['news', 1] }, all);
    expect(await news).toBe(1);
    client.on('who', (reply: (given: string) => void) => reply('me'));
    const counts: number[] = [];
    const answer = new Promise((resolve) => {
      adapter.broadcastWithAck({ type: 2, data: ['who'] }, all, (count) => counts.push(count), resolve);
    });
    expect([await answer, counts]).toEqual(['me', [1]]);
  });
});

it('ClusterAdapterWithHeartbeat publishes each kind of message, and hears of servers that come and go', async () => {
  const { io, adapter: given } = await start(AloneWithHeartbeat);
  const adapter = given as AloneWithHeartbeat;
  const { MessageType } = adapters;
  await adapter.init();
  io.socketsJoin('x');
  io.socketsLeave('x');
  io.serverSideEmit('x');
  expect(await adapter.serverCount()).toBe(1);
  adapter.onMessage({ uid: 'other', nsp: '/', type: MessageType.INITIAL_HEARTBEAT });
  expect(await adapter.serverCount()).toBe(2);
  const fetched = io.fetchSockets();
  await expect.poll(() => published.at(-1)?.type).toBe(MessageType.FETCH_SOCKETS);
  const { requestId } = (published.at(-1) as { data: { requestId: string } }).data;
  const sockets = [{ id: 'far', handshake: {}, rooms: [], data: {} }];
  adapter.onResponse({
    uid: 'other',
    nsp: '/',
    type: MessageType.FETCH_SOCKETS_RESPONSE,
    data: { requestId, sockets },
  });
  expect((await fetched).map(({ id }) => id)).toContain('far');
  adapter.onMessage({ uid: 'other', nsp: '/', type: MessageType.ADAPTER_CLOSE });
  expect(await adapter.serverCount()).toBe(1);
  io.disconnectSockets();
  const types = published.map(({ type }) => type);
  const asked: number[] = [MessageType.INITIAL_HEARTBEAT, MessageType.SOCKETS_JOIN, MessageType.SOCKETS_LEAVE];
  expect(types).toEqual(
    asked.concat(
      [MessageType.SERVER_SIDE_EMIT, MessageType.HEARTBEAT, MessageType.FETCH_SOCKETS],
      MessageType.DISCONNECT_SOCKETS,
    ),
  );
});
