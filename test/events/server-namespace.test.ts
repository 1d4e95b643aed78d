import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BroadcastOperator, Namespace, Socket } from '../../server/events/index.ts';
import { begin, heard, meet } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

describe('a namespace', () => {
  it('is made once, with or without its slash', async () => {
    const { io } = await serve();
    expect(io.of('chat')).toBe(io.of('/chat'));
    expect(io.of('/')).toBe(io.sockets);
    expect(io.of('/chat')).toBeInstanceOf(Namespace);
    expect([...io._nsps.keys()]).toEqual(['/', '/chat']);
  });

  it('is told of when it is new', async () => {
    const { io } = await serve();
    const names: string[] = [];
    io.on('new_namespace', ({ name }) => names.push(name));
    io.of(/^\/n\d$/);
    io.of('/a');
    io.of('/n1');
    io.of('/a');
    expect(names).toEqual(['/a', '/n1']);
  });

  it('takes a listener for its connections', async () => {
    const { io, url } = await serve();
    const connected = new Promise<Socket>((resolve) => io.of('/a', resolve));
    const client = begin(`${url}/a`);
    expect((await connected).nsp.name).toBe('/a');
    await heard(client, 'connect');
  });

  it.each(['connect', 'connection', 'new_namespace'])('can’t send %s to other servers', async (name) => {
    const { io } = await serve();
    expect(() => io.serverSideEmit(name)).toThrow(`"${name}" is a reserved event name`);
  });

  it('emits connect and connection for each socket, when it is connected', async () => {
    const { io, port } = await serve();
    const seen: unknown[] = [];
    for (const event of ['connect', 'connection'] as const) {
      io.on(event, (socket) => seen.push(event, socket.connected, io.sockets.sockets.has(socket.id)));
    }
    await RawPeer.connect(port);
    expect(seen).toEqual(['connect', true, true, 'connection', true, true]);
  });

  it('shares its listeners with the server, if it is the default one', async () => {
    const { io } = await serve();
    const listener = (): void => {};
    expect(io.on('connection', listener)).toBe(io);
    expect(io.sockets.listeners('connection')).toEqual([listener]);
    expect([io.listenerCount('connection'), io.eventNames()]).toEqual([1, ['connection']]);
    expect(io.off('connection', listener).listenerCount('connection')).toBe(0);
  });
});

describe('middleware of a namespace', () => {
  it('is asked in order, before the client is in', async () => {
    const { io, port } = await serve();
    const seen: unknown[] = [];
    io.use((socket, next) => {
      seen.push('first', socket.connected, socket.handshake.auth);
      setImmediate(next);
    });
    io.use((_socket, next) => {
      seen.push('second');
      next();
      next(new Error('too late'));
    });
    io.on('connection', () => seen.push('connection'));
    const peer = await RawPeer.open(port, '40{"a":1}');
    expect(await peer.next()).toMatch(/^40\{"sid"/);
    expect(seen).toEqual(['first', false, { a: 1 }, 'second', 'connection']);
  });

  it.each([
    ['an error', Object.assign(new Error('no'), { data: { a: 1 } }), '44{"message":"no","data":{"a":1}}'],
    ['an error without data', new Error('no'), '44{"message":"no"}'],
  ])('refuses with %s, and the client may try again', async (_what, error, expected) => {
    const { io, port } = await serve();
    io.use((socket, next) => next(socket.handshake.auth['good'] ? undefined : error));
    const peer = await RawPeer.open(port, '40');
    expect(await peer.next()).toBe(expected);
    expect(io.of('/').adapter.sids.size).toBe(0);
    peer.send('40{"good":true}');
    expect(await peer.next()).toMatch(/^40\{"sid"/);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('internal');
      },
    ],
    ['rejects', () => Promise.reject(new Error('internal'))],
  ])('that %s refuses without saying why, and is reported', async (_what, fail) => {
    const { io, port } = await serve();
    const failures: unknown[] = [];
    io.on('listener_error', (error, { socket, event }) => failures.push(error, socket instanceof Socket, event));
    io.use(fail);
    const peer = await RawPeer.open(port, '40');
    expect(await peer.next()).toBe('44{"message":"Internal server error"}');
    expect(failures).toEqual([new Error('internal'), true, 'connection']);
  });

  it('leaves nothing behind of a client that goes while it is being decided upon', async () => {
    const { io, port } = await serve();
    const asked = new Promise<[Socket, () => void]>((resolve) =>
      io.use((socket, next) => {
        void socket.join('waiting');
        resolve([socket, next]);
      }),
    );
    let connections = 0;
    io.on('connection', () => connections++);
    const peer = await RawPeer.open(port, '40');
    const [socket, next] = await asked;
    peer.cut();
    await once(socket.conn, 'close');
    next();
    expect([connections, io.of('/').adapter.rooms.size, io.of('/').sockets.size]).toEqual([0, 0, 0]);
  });

  it('may be left by a client that changes its mind', async () => {
    const { io, port } = await serve();
    const asked = new Promise<() => void>((resolve) => io.of('/a').use((_socket, next) => resolve(next)));
    const peer = await RawPeer.connect(port);
    peer.send('40/a,');
    const next = await asked;
    peer.send('41/a,', '40/none,');
    expect(await peer.next()).toMatch(/^44\/none,/);
    next();
    expect(io.of('/a').sockets.size).toBe(0);
  });
});

describe('namespaces on demand', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['a pattern', /^\/n\d+$/],
    ['a pattern with a memory', /^\/n\d+$/g],
    ['a function', (name: string, _auth: unknown, next: (e: null, ok: boolean) => void) => next(null, name === '/n1')],
    [
      'a function that takes its time',
      (name: string, _auth: unknown, next: (e: null, ok: boolean) => void) =>
        setImmediate(() => next(null, name === '/n1')),
    ],
  ])('are made by %s, for those that match', async (_what, match) => {
    const { io, port } = await serve();
    const parent = io.of(match as RegExp);
    parent.use((socket, next) => {
      socket.data.asked = true;
      next();
    });
    parent.on('connection', (socket) => socket.emit('hi', socket.nsp.name, socket.data));
    const first = await RawPeer.open(port, '40/n1,');
    expect(await first.next()).toMatch(/^40\/n1,/);
    expect(await first.next()).toBe('42/n1,["hi","/n1",{"asked":true}]');
    const second = await RawPeer.open(port, '40/n1,');
    expect(await second.next()).toMatch(/^40\/n1,/);
    expect(io.of('/n1').sockets.size).toBe(2);
    const other = await RawPeer.open(port, '40/x,');
    expect(await other.next()).toBe('44/x,{"message":"Invalid namespace"}');
  });

  it('ask each parent in turn, and pass over one that fails', async () => {
    const { io, port } = await serve();
    io.on('listener_error', () => {});
    io.of((_name, _auth, next) => next(new Error('no'), true));
    io.of(() => {
      throw new Error('broken');
    });
    const parent = io.of((_name, auth, next) => next(null, auth['good'] === true));
    const peer = await RawPeer.open(port, '40/a,{"good":true}');
    expect(await peer.next()).toMatch(/^40\/a,/);
    expect((parent as unknown as { children: Set<unknown> }).children.size).toBe(1);
  });

  it('are all reached by their parent', async () => {
    const { io, port } = await serve();
    const parent = io.of(/^\/n\d$/);
    const peers = await Promise.all(
      ['/n1', '/n2'].map(async (name) => {
        const peer = await RawPeer.open(port, `40${name},`);
        await peer.next();
        return peer;
      }),
    );
    parent.emit('x', Buffer.from([1]));
    for (const [at, peer] of peers.entries()) {
      expect(await peer.next()).toBe(`451-/n${at + 1},["x",{"_placeholder":true,"num":0}]`);
      expect(await peer.next()).toEqual(Buffer.from([1]));
    }
    const answers = parent.timeout(5_000).emitWithAck('ask');
    for (const [at, peer] of peers.entries()) {
      const [, id] = /,(\d+)\[/.exec(String(await peer.next()))!;
      peer.send(`43/n${at + 1},${id}[${at}]`);
    }
    expect((await answers).toSorted()).toEqual([0, 1]);
    parent.socketsJoin('room');
    expect(io.of('/n1').adapter.rooms.get('room')?.size).toBe(1);
    parent.socketsLeave('room');
    parent.disconnectSockets();
    for (const [at, peer] of peers.entries()) expect(await peer.next()).toBe(`41/n${at + 1},`);
    expect(() => parent.fetchSockets()).toThrow('not supported on parent namespaces');
  });

  it.each([
    [true, 'at once', [false, false, false]],
    [undefined, 'after a minute in which nobody came', [true, true, false]],
    [false, 'never', [true, true, true]],
  ])('with cleanupEmptyChildNamespaces %s go %s', async (cleanupEmptyChildNamespaces, _when, expected) => {
    const { io, port } = await serve(cleanupEmptyChildNamespaces === undefined ? {} : { cleanupEmptyChildNamespaces });
    io.of(/^\/n\d$/);
    const peer = await RawPeer.open(port, '40/n1,');
    await peer.next();
    const [socket] = io.of('/n1').sockets.values();
    const close = vi.spyOn(io.of('/n1').adapter, 'close');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    socket!.disconnect();
    const present = [io._nsps.has('/n1')];
    vi.advanceTimersByTime(59_000);
    present.push(io._nsps.has('/n1'));
    vi.advanceTimersByTime(2_000);
    present.push(io._nsps.has('/n1'));
    expect(present).toEqual(expected);
    expect(close).toHaveBeenCalledTimes(expected[2] ? 0 : 1);
  });

  it('go again where the client that asked has gone while it was being decided', async () => {
    const { io, port } = await serve({ cleanupEmptyChildNamespaces: true });
    const asked = new Promise<() => void>((resolve) => {
      io.of((_name, _auth, next) => resolve(() => next(null, true)));
    });
    const ended = once(io.engine, 'connection').then(([session]) => once(session as Socket['conn'], 'close'));
    const peer = await RawPeer.open(port, '40/n1,');
    const decide = await asked;
    peer.cut();
    await ended;
    decide();
    expect([...io._nsps.keys()]).toEqual(['/']);
  });

  it('are a thousand at most in which nobody is: those that were left first go before their time', async () => {
    const { io, port } = await serve();
    const parent = io.of(/^\/n\d+$/) as Namespace & { children: Set<Namespace> };
    const stays = await RawPeer.open(port, '40/n0,');
    await stays.next();
    const peer = await RawPeer.connect(port);
    const joinAndLeave = async (from: number, to: number): Promise<void> => {
      for (let n = from; n <= to; n++) peer.send(`40/n${n},`, `41/n${n},`);
      peer.send('40/none,');
      while (!String(await peer.next()).startsWith('44'));
    };
    await joinAndLeave(1, 3_000);
    // The default one, and the one where somebody is.
    expect([io._nsps.size, parent.children.size]).toEqual([1_002, 1_001]);
    expect(['/n0', '/n2000', '/n2001', '/n3000'].map((name) => io._nsps.has(name))).toEqual([true, false, true, true]);
    // Who comes back to one of them keeps it.
    peer.send('40/n2001,');
    await peer.next();
    await joinAndLeave(3_001, 4_100);
    expect([io._nsps.has('/n2001'), io._nsps.has('/n2002')]).toEqual([true, false]);
    expect(io._nsps.size).toBe(1_003);
  });

  it('stay while somebody is on the way in', async () => {
    const { io, port } = await serve({ cleanupEmptyChildNamespaces: true });
    const parent = io.of(/^\/n\d$/);
    const waiting: (() => void)[] = [];
    parent.use((socket, next) => (socket.handshake.auth['slow'] ? waiting.push(next) : next()));
    const quick = await RawPeer.open(port, '40/n1,');
    await quick.next();
    const slow = await RawPeer.open(port, '40/n1,{"slow":true}');
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    quick.send('41/n1,', '40/none,');
    expect(await quick.next()).toMatch(/^44\/none,/);
    expect(io._nsps.has('/n1')).toBe(true);
    waiting[0]!();
    expect(await slow.next()).toMatch(/^40\/n1,/);
    expect(io.of('/n1').sockets.size).toBe(1);
  });
});

describe('many at once', () => {
  it('are reached by rooms, each once, and left out by rooms', async () => {
    const { io, url } = await serve();
    const all = [await meet(io, url), await meet(io, url), await meet(io, url)] as const;
    const came: string[][] = all.map(([client]) => {
      const events: string[] = [];
      client.onAny((event: string) => events.push(event));
      return events;
    });
    const [[, a], [, b], [, c]] = all;
    void a.join(['red', 'blue']);
    void b.join('red');
    io.emit('all');
    const red = io.to('red');
    expect(red).toBeInstanceOf(BroadcastOperator);
    red.to('blue').emit('red or blue');
    io.in(['red', 'blue']).emit('either');
    io.except('blue').emit('not blue');
    // What was built on it has left it as it was.
    red.except(['blue', 'none']).emit('red, not blue');
    io.to('nobody is here').emit('nobody');
    io.to(c.id).emit('c');
    a.broadcast.emit('not a');
    a.to('red').emit('red, not a');
    a.except('red').emit('neither a nor red');
    a.in('blue').emit('blue, not a');
    io.local.compress(false).emit('local');
    a.local.emit('local, not a');
    io.send('x');
    io.write('y');
    io.emit('end');
    await vi.waitFor(() => expect(came.every((events) => events.at(-1) === 'end')).toBe(true));
    const messages = ['local', 'message', 'message', 'end'];
    expect(came).toEqual([
      ['all', 'red or blue', 'either', ...messages],
      [
        'all',
        'red or blue',
        'either',
        'not blue',
        'red, not blue',
        'not a',
        'red, not a',
        'local',
        'local, not a',
        ...messages.slice(1),
      ],
      ['all', 'not blue', 'c', 'not a', 'neither a nor red', 'local', 'local, not a', ...messages.slice(1)],
    ]);
  });

  it('answer together, or as many as do so in time', async () => {
    const { io, url } = await serve();
    const [[quick, socket], [silent]] = [await meet(io, url), await meet(io, url)];
    quick.on('ask', (n: number, reply: (n: number) => void) => reply(n + 1));
    await expect(io.to(socket.id).timeout(5_000).emitWithAck('ask', 1)).resolves.toEqual([2]);
    const failure = await io
      .timeout(30)
      .emitWithAck('ask', 1)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ message: 'operation has timed out', responses: [2] });
    silent.on('ask', (n: number, reply: (n: number) => void) => reply(n + 2));
    const answers = await new Promise<unknown[]>((resolve) =>
      io.timeout(5_000).emit('ask', 1, (...given: unknown[]) => resolve(given)),
    );
    expect([answers[0], (answers[1] as number[]).toSorted()]).toEqual([null, [2, 3]]);
    await expect(io.to('nobody').timeout(5_000).emitWithAck('ask', 1)).resolves.toEqual([]);
    await expect.poll(() => [...io.of('/').sockets.values()].map(({ acks }) => acks.size)).toEqual([0, 0]);
  });

  it('can be fetched, and told what to do', async () => {
    const { io, url } = await serve();
    const [[, a], [clientB, b]] = [await meet(io, url), await meet(io, url)];
    expect((await io.fetchSockets()).map(({ id }) => id)).toEqual([a.id, b.id]);
    expect(await io.allSockets()).toEqual(new Set([a.id, b.id]));
    io.socketsJoin(['x', 'y']);
    io.in(a.id).socketsLeave('x');
    expect([[...a.rooms], [...b.rooms]]).toEqual([
      [a.id, 'y'],
      [b.id, 'x', 'y'],
    ]);
    expect((await io.in('x').fetchSockets())[0]).toBe(b);
    expect(await io.in('x').allSockets()).toEqual(new Set([b.id]));
    const gone = heard(clientB, 'disconnect');
    io.in('x').disconnectSockets();
    expect((await gone)[0]).toBe('io server disconnect');
    io.disconnectSockets(true);
    expect(io.sockets.sockets.size).toBe(0);
    expect(io.of('/').adapter.rooms.size).toBe(0);
  });

  it('leave no room behind after 100,000 joins and leaves', async () => {
    const { io, port } = await serve();
    await RawPeer.connect(port);
    const [socket] = io.sockets.sockets.values();
    for (let n = 0; n < 100_000; n++) {
      void socket!.join(`room ${n}`);
      if (n % 2) void socket!.leave(`room ${n}`);
    }
    expect(io.of('/').adapter.rooms.size).toBe(50_001);
    socket!.disconnect();
    expect([io.of('/').adapter.rooms.size, io.of('/').adapter.sids.size]).toEqual([0, 0]);
  });
});
