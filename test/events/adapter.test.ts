import { Adapter as OfficialAdapter, SessionAwareAdapter as OfficialSessionAwareAdapter } from 'socket.io-adapter';
import { describe, expect, it, vi } from 'vitest';
import { Adapter, SessionAwareAdapter } from '../../server/events/adapter/index.ts';
import type { AdapterConstructor } from '../../server/events/index.ts';
import { MemoryBus } from './memory-bus.ts';
import { RawPeer, serve } from './raw-peer.ts';

const recovery = { connectionStateRecovery: {} };

/** Every adapter keeps the one contract; those from npm plug in unchanged. */
const adapters: [string, () => AdapterConstructor, object][] = [
  ['ours in memory', () => Adapter, {}],
  ['ours in memory, with recovery', () => SessionAwareAdapter, recovery],
  ['ours for a group', () => new MemoryBus().adapter(false), {}],
  ['ours for a group, with recovery', () => new MemoryBus().adapter(false), recovery],
  ['Socket.IO’s in memory', () => OfficialAdapter as unknown as AdapterConstructor, {}],
  [
    'Socket.IO’s in memory, with recovery',
    () => OfficialSessionAwareAdapter as unknown as AdapterConstructor,
    recovery,
  ],
  ['Socket.IO’s for a group', () => new MemoryBus().adapter(true), {}],
  [
    'a function that returns one, called with new',
    () =>
      function create(nsp: unknown) {
        return new Adapter(nsp);
      } as unknown as AdapterConstructor,
    {},
  ],
  ['an arrow function that returns one', () => (nsp: unknown) => new Adapter(nsp), {}],
];

describe.each(adapters)('%s', (_name, adapter, options) => {
  async function start() {
    const served = await serve({ ...options, adapter: adapter() });
    const peers = [await RawPeer.connect(served.port), await RawPeer.connect(served.port)] as const;
    const [a, b] = [...served.io.sockets.sockets.values()];
    return { ...served, peers, a: a!, b: b!, rooms: served.io.of('/').adapter };
  }

  /** Less the offset that recovery puts behind the arguments. */
  const plain = (message: unknown): string => String(message).replace(/,"[^"]*"\]$/, ']');
  const isPlain = Object.keys(options).length === 0;

  it('knows who is in which room, and tells when that changes', async () => {
    const { a, b, rooms } = await start();
    const events: unknown[][] = [];
    for (const event of ['create-room', 'join-room', 'leave-room', 'delete-room']) {
      rooms.on(event, (...args) => events.push([event, ...args]));
    }
    await rooms.addAll(a.id, new Set(['x', 'y']));
    await b.join('x');
    await a.join('x');
    expect(rooms.rooms.get('x')).toEqual(new Set([a.id, b.id]));
    expect(rooms.sids.get(a.id)).toEqual(new Set([a.id, 'x', 'y']));
    expect(rooms.socketRooms(b.id)).toEqual(new Set([b.id, 'x']));
    expect(rooms.socketRooms('nobody')).toBeUndefined();
    expect(await rooms.sockets(new Set(['x', 'y']))).toEqual(new Set([a.id, b.id]));
    expect(await rooms.sockets(new Set())).toEqual(new Set([a.id, b.id]));
    await a.leave('y');
    await a.leave('none');
    rooms.delAll(b.id);
    expect([...rooms.rooms.keys()]).toEqual([a.id, 'x']);
    expect(events).toEqual([
      ['create-room', 'x'],
      ['join-room', 'x', a.id],
      ['create-room', 'y'],
      ['join-room', 'y', a.id],
      ['join-room', 'x', b.id],
      ['leave-room', 'y', a.id],
      ['delete-room', 'y'],
      ['leave-room', b.id, b.id],
      ['delete-room', b.id],
      ['leave-room', 'x', b.id],
    ]);
  });

  it('sends to rooms, each once, and past those that are left out', async () => {
    const { io, a, b, peers } = await start();
    await a.join(['x', 'y']);
    await b.join('y');
    io.to('x').to('y').emit('both');
    io.to('y').except('x').emit('b');
    io.to('none').emit('nobody');
    a.emit('to a');
    io.emit('end', Buffer.from([1]));
    const [ofA, ofB] = await Promise.all(
      peers.map(async (peer) => {
        const all: string[] = [];
        do all.push(String(await peer.next()));
        while (!all.at(-1)!.startsWith('451-'));
        expect(await peer.next()).toEqual(Buffer.from([1]));
        return all.slice(0, -1).map((one) => (isPlain ? one : plain(one)));
      }),
    );
    expect([ofA!.toSorted(), ofB!.toSorted()]).toEqual([
      ['42["both"]', '42["to a"]'],
      ['42["b"]', '42["both"]'],
    ]);
  });

  it('tells outgoing listeners once for each receiver', async () => {
    const { io, a, b } = await start();
    const heard: unknown[] = [];
    a.onAnyOutgoing((...event) => heard.push(['a', event[0]]));
    b.onAnyOutgoing((...event) => heard.push(['b', event[0]]));
    io.emit('x');
    await vi.waitFor(() =>
      expect(heard).toEqual([
        ['a', 'x'],
        ['b', 'x'],
      ]),
    );
  });

  it('collects answers', async () => {
    const { io, peers } = await start();
    const answers = io.timeout(5_000).emitWithAck('ask', 1);
    for (const [at, peer] of peers.entries()) {
      const [, id] = /^42(\d+)\["ask",1\]$/.exec(String(await peer.next()))!;
      peer.send(`43${id}[${at}]`, `43${id}["twice"]`);
    }
    expect((await answers).toSorted()).toEqual([0, 1]);
  });

  it('moves and disconnects many', async () => {
    const { io, a, b, rooms, peers } = await start();
    io.socketsJoin('x');
    await vi.waitFor(() => expect(rooms.rooms.get('x')?.size).toBe(2));
    io.to(a.id).socketsLeave('x');
    await vi.waitFor(() => expect(rooms.rooms.get('x')?.size).toBe(1));
    expect((await io.in('x').fetchSockets()).map(({ id }) => id)).toEqual([b.id]);
    io.in('x').disconnectSockets(true);
    expect(await peers[1].untilClosed()).toEqual(['41']);
    expect(a.connected).toBe(true);
  });

  it('counts servers', async () => {
    const { rooms } = await start();
    expect(await rooms.serverCount()).toBe(1);
  });
});
