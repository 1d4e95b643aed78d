import { once } from 'node:events';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MessageType, PeersMissingError } from '../../server/events/adapter/index.ts';
import type { ClusterAdapter } from '../../server/events/adapter/index.ts';
import { RemoteSocket } from '../../server/events/index.ts';
import type { Server, ServerOptions } from '../../server/events/index.ts';
import { MemoryBus } from './memory-bus.ts';
import { RawPeer, serve } from './raw-peer.ts';

/** Two servers over one bus, each with a client, that know of each other. */
async function startGroup(isOfficial: readonly [boolean, boolean], options: Partial<ServerOptions> = {}) {
  const bus = new MemoryBus();
  const heartbeat = { heartbeatInterval: 20, heartbeatTimeout: 200 };
  const first = await serve({ ...options, adapter: bus.adapter(isOfficial[0], heartbeat) });
  const second = await serve({ ...options, adapter: bus.adapter(isOfficial[1], heartbeat) });
  for (const { io } of [first, second]) {
    await vi.waitFor(async () => expect(await io.of('/').adapter.serverCount()).toBe(2));
  }
  const peers = [await RawPeer.connect(first.port), await RawPeer.connect(second.port)] as const;
  return { bus, first: first.io, second: second.io, peers, port: first.port };
}

const onlySocket = (io: Server) => [...io.sockets.sockets.values()][0]!;

describe.each([
  ['of ours', [false, false]],
  ['of ours and one with Socket.IO’s adapter', [false, true]],
  ['with Socket.IO’s adapter and one of ours', [true, false]],
] as const)('a server in a group %s', (_who, isOfficial) => {
  it('reaches clients of the others', async () => {
    const { first, second, peers } = await startGroup(isOfficial);
    await onlySocket(second).join('room');
    first.emit('all', 1);
    first.to('room').emit('room');
    first.local.emit('local');
    onlySocket(second).broadcast.emit('not me');
    // Socket.IO's adapter sends what is for this server alone ahead of what it publishes first.
    expect([await peers[0].next(), await peers[0].next(), await peers[0].next()].toSorted()).toEqual([
      '42["all",1]',
      '42["local"]',
      '42["not me"]',
    ]);
    expect([await peers[1].next(), await peers[1].next()]).toEqual(['42["all",1]', '42["room"]']);
  });

  it('collects answers of clients of the others', async () => {
    const { first, peers } = await startGroup(isOfficial);
    const answers = first.timeout(5_000).emitWithAck('ask');
    for (const [at, peer] of peers.entries()) {
      const [, id] = /^42(\d+)/.exec(String(await peer.next()))!;
      peer.send(`43${id}["answer ${at}"]`);
    }
    expect((await answers).toSorted()).toEqual(['answer 0', 'answer 1']);
  });

  it('fetches sockets of the others, and acts on them', async () => {
    const { first, second, peers } = await startGroup(isOfficial);
    const there = onlySocket(second);
    there.data.name = 'there';
    await there.join('room');
    const sockets = await first.fetchSockets();
    expect(sockets.map(({ id }) => id)).toEqual([onlySocket(first).id, there.id]);
    const [remote] = await first.in('room').fetchSockets();
    expect(sockets.map((socket) => socket instanceof RemoteSocket)).toEqual([false, true]);
    expect(remote).toMatchObject({ id: there.id, data: { name: 'there' }, handshake: { address: '127.0.0.1' } });
    expect(remote!.rooms).toEqual(new Set([there.id, 'room']));
    remote!.join('more');
    remote!.leave('room');
    await vi.waitFor(() => expect(there.rooms).toEqual(new Set([there.id, 'more'])));
    remote!.emit('x', 1);
    expect(await peers[1].next()).toBe('42["x",1]');
    const answer = new Promise((resolve) =>
      remote!.timeout(5_000).emit('ask', (error: Error | null, one: unknown) => resolve([error, one])),
    );
    const [, id] = /^42(\d+)/.exec(String(await peers[1].next()))!;
    peers[1].send(`43${id}["one"]`);
    expect(await answer).toEqual([null, 'one']);
    expect(remote!.disconnect(true)).toBe(remote);
    expect(await peers[1].untilClosed()).toEqual(['41']);
    expect(await first.local.fetchSockets()).toEqual([onlySocket(first)]);
  });

  it('is answered where messages and responses have one way in', async () => {
    const { bus, first, second, peers } = await startGroup(isOfficial);
    bus.hasOneWayIn = true;
    expect(await first.fetchSockets()).toHaveLength(2);
    second.on('double', (n: number, reply: (answer: number) => void) => reply(2 * n));
    const doubled = new Promise((resolve) =>
      first.serverSideEmit('double', 4, (...given: unknown[]) => resolve(given)),
    );
    expect(await doubled).toEqual([null, [8]]);
    const answers = first.timeout(5_000).emitWithAck('ask');
    for (const peer of peers) peer.send(`43${/^42(\d+)/.exec(String(await peer.next()))![1]}["here"]`);
    expect(await answers).toEqual(['here', 'here']);
  });

  it('moves and disconnects sockets of the others', async () => {
    const { first, second, peers } = await startGroup(isOfficial);
    first.socketsJoin(['a', 'b']);
    await vi.waitFor(() => expect(onlySocket(second).rooms.size).toBe(3));
    first.socketsLeave('a');
    await vi.waitFor(() => expect(onlySocket(second).rooms.size).toBe(2));
    first.disconnectSockets();
    expect(await peers[1].next()).toBe('41');
  });

  it('emits to the others, and gets their answers', async () => {
    const { first, second } = await startGroup(isOfficial);
    const told = once(second, 'hello');
    expect(first.serverSideEmit('hello', 1, { a: 2 })).toBe(true);
    expect(await told).toEqual([1, { a: 2 }]);
    second.on('ask', (n: number, reply: (n: number) => void) => {
      reply(n + 1);
      reply(n + 2);
    });
    first.on('ask', () => expect.unreachable('one’s own server is not asked'));
    expect(await first.serverSideEmitWithAck('ask', 1)).toEqual([2]);
    const answered = new Promise((resolve) => first.serverSideEmit('ask', 5, (...given: unknown[]) => resolve(given)));
    expect(await answered).toEqual([null, [6]]);
  });
});

describe('a group of ours', () => {
  afterEach(() => void vi.useRealTimers());

  it('names who doesn’t answer, and gives what came from the others', async () => {
    const { bus, first, second } = await startGroup([false, false]);
    bus.cut.add(second.of('/').adapter);
    const failure = await first
      .timeout(20)
      .fetchSockets()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PeersMissingError);
    expect(failure).toMatchObject({ message: 'timeout reached: missing 1 responses', missing: [expect.any(String)] });
    expect((failure as PeersMissingError).responses).toEqual([onlySocket(first)]);
  });

  it('waits for a server no longer than it lives', async () => {
    const { bus, first, second } = await startGroup([false, false]);
    const errors: unknown[] = [];
    process.on('unhandledRejection', (error) => errors.push(error));
    onTestFinished(() => void process.removeAllListeners('unhandledRejection'));
    bus.cut.add(second.of('/').adapter);
    // Longer than it takes to be noticed as gone: the answers are complete without it.
    expect(await first.timeout(10_000).fetchSockets()).toEqual([onlySocket(first)]);
    expect(await first.of('/').adapter.serverCount()).toBe(1);
    expect(await first.serverSideEmitWithAck('x')).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('notices at once when a server closes', async () => {
    const { first, second } = await startGroup([false, false]);
    void second.close();
    await vi.waitFor(async () => expect(await first.of('/').adapter.serverCount()).toBe(1), 150);
  });

  it.each(['lossy', 'down'] as const)('goes on for its own clients while the bus is %s', async (weather) => {
    const { bus, first, peers } = await startGroup([false, false]);
    bus.weather = weather;
    first.emit('x', 1);
    first.socketsJoin('room');
    first.to('room').emit('y');
    first.serverSideEmit('z');
    expect([await peers[0].next(), await peers[0].next()]).toEqual(['42["x",1]', '42["y"]']);
    const failure = await first
      .timeout(20)
      .fetchSockets()
      .catch((error: unknown) => error);
    expect((failure as PeersMissingError).responses).toEqual([onlySocket(first)]);
  });

  it('counts no answer twice on a bus that repeats', async () => {
    const { bus, first, second, peers } = await startGroup([false, false]);
    bus.weather = 'repeating';
    expect((await first.fetchSockets()).length).toBe(2);
    second.on('ask', (reply: (n: number) => void) => reply(1));
    expect(await first.serverSideEmitWithAck('ask')).toEqual([1]);
    const answers = first.timeout(5_000).emitWithAck('ask');
    for (const peer of peers) {
      const [, id] = /^42(\d+)/.exec(String(await peer.next()))!;
      peer.send(`43${id}[1]`);
    }
    expect((await answers).length).toBeGreaterThanOrEqual(2);
  });

  it('reports a listener for other servers’ events that fails', async () => {
    const { first, second } = await startGroup([false, false]);
    const reported = once(second, 'listener_error');
    second.on('x', () => {
      throw new Error('broken');
    });
    first.serverSideEmit('x');
    expect((await reported)[0]).toEqual(new Error('broken'));
  });

  const opts = { rooms: [], except: [], flags: {} };
  const nested = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['no sender', { type: MessageType.HEARTBEAT }],
    ['a sender that is no text', { uid: {}, type: MessageType.HEARTBEAT }],
    ['an unknown type', { uid: 'x', type: 99, data: {} }],
    ['a type of Object.prototype', { uid: 'x', type: 'constructor', data: {} }],
    ['no data', { uid: 'x', type: MessageType.BROADCAST }],
    ['no options', { uid: 'x', type: MessageType.BROADCAST, data: { packet: { type: 2, data: ['x'] } } }],
    ['no packet', { uid: 'x', type: MessageType.BROADCAST, data: { opts } }],
    ['a packet with a reserved name', { uid: 'x', type: 3, data: { opts, packet: { type: 2, data: ['disconnect'] } } }],
    ['a packet that is none', { uid: 'x', type: 3, data: { opts, packet: { type: 2, data: {} } } }],
    ['rooms that are no texts', { uid: 'x', type: 4, data: { opts, rooms: [1] } }],
    ['options that are none', { uid: 'x', type: 5, data: { opts: { rooms: 'x' }, rooms: ['x'] } }],
    ['an event without a name', { uid: 'x', type: 9, data: { packet: [] } }],
    ['a request without an id', { uid: 'x', type: 7, data: { opts } }],
  ])('ignores and counts messages with %s', async (_what, message) => {
    const { bus, first, peers } = await startGroup([false, false]);
    const adapter = first.of('/').adapter as ClusterAdapter;
    bus.inject(message);
    bus.injectResponse(message);
    expect(adapter.malformedCount).toBe(2);
    first.emit('x');
    expect(await peers[0].next()).toBe('42["x"]');
  });

  it.each([
    ['nests too deep', { opts, packet: { type: 2, nsp: '/', data: ['x', nested] } }],
    ['nests too deep and wants answers', { opts, packet: { type: 2, nsp: '/', data: ['x', nested] }, requestId: 'r' }],
    ['JSON has no word for', { opts, packet: { type: 2, nsp: '/', data: ['x', 1n] } }],
  ])('ignores and counts broadcasts of what %s', async (_what, data) => {
    const { bus, first, peers } = await startGroup([false, false]);
    bus.inject({ uid: 'x', nsp: '/', type: MessageType.BROADCAST, data });
    expect((first.of('/').adapter as ClusterAdapter).malformedCount).toBe(1);
    first.emit('x');
    expect(await peers[0].next()).toBe('42["x"]');
  });

  it('takes what is huge, and what another version says more or less of', async () => {
    const { bus, first, peers } = await startGroup([false, false]);
    const message = { uid: 'x', nsp: '/', type: MessageType.BROADCAST };
    const huge = 'x'.repeat(5_000_000);
    bus.inject({ ...message, data: { opts: { rooms: [], except: [] }, packet: { type: 2, data: ['less'] } } });
    bus.inject({
      ...message,
      more: 1,
      data: { opts, packet: { type: 2, nsp: '/', data: ['more'], later: {} }, less: 0 },
    });
    bus.inject({ ...message, data: { opts, packet: { type: 2, nsp: '/', data: ['huge', huge] } } });
    bus.inject({ ...message, type: 99, data: { opts, packet: { data: huge } } });
    const all = [await peers[0].next(), await peers[0].next(), await peers[0].next()];
    expect(all).toEqual(['42["less"]', '42["more"]', `42["huge","${huge}"]`]);
    expect((first.of('/').adapter as ClusterAdapter).malformedCount).toBe(1);
  });

  it.each([
    { type: MessageType.FETCH_SOCKETS_RESPONSE, data: { requestId: 'unknown', sockets: [] } },
    { type: MessageType.SERVER_SIDE_EMIT_RESPONSE, data: { requestId: 'unknown', packet: 1 } },
    { type: MessageType.BROADCAST_CLIENT_COUNT, data: { requestId: 'unknown', clientCount: 1 } },
    { type: MessageType.BROADCAST_ACK, data: { requestId: 'unknown', packet: 1 } },
  ])('ignores answers that nobody asked for: %j', async (response) => {
    const { bus, first } = await startGroup([false, false]);
    bus.injectResponse({ uid: 'x', nsp: '/', ...response });
    expect((first.of('/').adapter as ClusterAdapter).malformedCount).toBe(0);
  });

  it('keeps the order of broadcasts when clients can recover them', async () => {
    const { first, peers } = await startGroup([false, false], { connectionStateRecovery: {} });
    for (let n = 0; n < 20; n++) first.emit('n', n);
    for (const peer of peers) {
      for (let n = 0; n < 20; n++) expect(await peer.next()).toMatch(new RegExp(`^42\\["n",${n},"\\d+"\\]$`));
    }
  });
});
