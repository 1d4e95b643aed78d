import { once } from 'node:events';
import { get } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Socket } from '../../server/events/index.ts';
import { begin, heard, meet } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

describe('a socket', () => {
  it('has an id that is public, and not the session’s', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    expect(socket.id).toMatch(/^[\w-]{20}$/);
    expect(client.id).toBe(socket.id);
    expect(socket.conn.id).not.toBe(socket.id);
    expect([...socket.rooms]).toEqual([socket.id]);
    expect(io.sockets.sockets.get(socket.id)).toBe(socket);
  });

  it('knows its handshake', async () => {
    const { io, url } = await serve();
    begin(url, { auth: { token: 1 }, query: { a: 'b' } });
    const [{ handshake, request }] = (await once(io, 'connection')) as [Socket];
    expect(handshake).toMatchObject({
      address: '127.0.0.1',
      auth: { token: 1 },
      query: { EIO: '4', a: 'b', transport: 'websocket' },
      secure: false,
      xdomain: false,
      url: expect.stringMatching(/^\/socket\.io\/\?/) as string,
    });
    expect(handshake.headers).toBe(request.headers);
    expect(new Date(handshake.time).getTime()).toBeCloseTo(handshake.issued, -4);
  });

  it.each(['polling', 'websocket', 'websocket by HTTP'])(
    'reaches no prototype by its handshake, whatever a client puts in there: by %s',
    async (way) => {
      const { io, port } = await serve();
      const names = ['__proto__', 'constructor', 'constructor.prototype', 'constructor[prototype][x]', 'toString'];
      const query = `${names.map((name) => `${encodeURIComponent(name)}=polluted&x[${name}]=polluted`).join('&')}`;
      const connected = once(io, 'connection') as Promise<[Socket]>;
      const auth = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
      // A header of the name `__proto__` is none that we read quickly.
      const headers = { Polluted: '1', ...(way === 'websocket' ? {} : { ['__proto__']: '1' }), Constructor: '1' };
      if (way === 'polling') {
        const opening = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling&${query}`;
        const opened = await new Promise<string>((resolve) => {
          get(opening, { headers }, (answer) => answer.on('data', (chunk: Buffer) => resolve(String(chunk))));
        });
        const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
        const session = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
        await fetch(session, { method: 'POST', body: `40${auth}` });
      } else {
        const url = `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket&${query}`;
        const client = new WebSocket(url, { headers });
        onTestFinished(() => client.terminate());
        client.on('open', () => client.send(`40${auth}`));
      }
      const [{ handshake }] = await connected;
      for (const name of names) expect(Object.getOwnPropertyDescriptor(handshake.query, name)?.value).toBe('polluted');
      expect(Object.keys(handshake.auth)).toEqual(['__proto__', 'constructor']);
      expect(handshake.headers['polluted']).toBe('1');
      for (const key of ['polluted', 'x']) expect(({} as Record<string, unknown>)[key]).toBeUndefined();
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );

  it('shares its client, which is the connection, with its like in other namespaces', async () => {
    const { io, url } = await serve();
    const others = once(io.of('/other'), 'connection') as Promise<[Socket]>;
    const [client, socket] = await meet(io, url);
    client.io.socket('/other').connect();
    const [other] = await others;
    const [, stranger] = await meet(io, url);
    expect(other.client).toBe(socket.client);
    expect(stranger.client).not.toBe(socket.client);
    expect(socket.client.conn).toBe(io.engine.clients[client.io.engine.id]);
    expect([socket.client.id, socket.client.request]).toEqual([client.io.engine.id, socket.request]);
  });

  it('has no auth but an empty object where the client sent none', async () => {
    const { io, port } = await serve();
    const connected = once(io, 'connection') as Promise<[Socket]>;
    await RawPeer.connect(port);
    expect((await connected)[0].handshake.auth).toEqual({});
  });

  it('keeps data of the application’s', async () => {
    const { io, url } = await serve();
    const [, socket] = await meet(io, url);
    expect(socket.data).toEqual({});
    socket.data.name = 'a';
    const [fetched] = await io.fetchSockets();
    expect(fetched!.data).toEqual({ name: 'a' });
    socket.data = { other: 1 };
    expect(socket.data).toEqual({ other: 1 });
  });

  it.each(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'])(
    'can’t emit the reserved %s',
    async (name) => {
      const { io, url } = await serve();
      const [, socket] = await meet(io, url);
      expect(() => socket.emit(name)).toThrow(`"${name}" is a reserved event name`);
      expect(() => io.to('x').emit(name)).toThrow(`"${name}" is a reserved event name`);
    },
  );

  it('sends what JSON and binary can say', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const args = [1, 'zwei', null, true, { deep: [Buffer.from([1, 2])] }, Buffer.alloc(0)];
    const came = heard(client, 'x');
    expect(socket.emit('x', ...args, new Date(0), undefined)).toBe(true);
    expect(await came).toEqual([...args, new Date(0).toJSON(), null]);
  });

  it('sends messages', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    for (const how of ['send', 'write'] as const) {
      const came = heard(client, 'message');
      expect(socket[how](how)).toBe(socket);
      expect(await came).toEqual([how]);
    }
  });

  it('waits for answers', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    client.on('double', (n: number, reply: (n: number) => void) => reply(n * 2));
    expect(await new Promise((resolve) => socket.emit('double', 2, resolve))).toBe(4);
    expect(await socket.emitWithAck('double', 3)).toBe(6);
    expect(await socket.timeout(5_000).emitWithAck('double', 4)).toBe(8);
    const answered = new Promise((resolve) =>
      socket.timeout(5_000).emit('double', 5, (...answer: unknown[]) => resolve(answer)),
    );
    expect(await answered).toEqual([null, 10]);
    expect(socket.acks.size).toBe(0);
  });

  it('gives up on an answer after its timeout, and forgets about it', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    let late: (n: number) => void = () => {};
    client.on('never', (reply: (n: number) => void) => (late = reply));
    await expect(socket.timeout(20).emitWithAck('never')).rejects.toThrow('operation has timed out');
    const answers: unknown[][] = [];
    await new Promise<void>((resolve) => {
      socket.timeout(20).emit('never', (...answer: unknown[]) => {
        answers.push(answer);
        resolve();
      });
    });
    late(1);
    client.emit('sync');
    await once(socket, 'sync');
    expect(answers).toEqual([[new Error('operation has timed out')]]);
    expect(socket.acks.size).toBe(0);
  });

  it('keeps nothing of 100,000 questions that were never answered', async () => {
    const { io, url } = await serve();
    const [, socket] = await meet(io, url);
    let timeouts = 0;
    for (let n = 0; n < 100_000; n++) socket.timeout(1).emit('never', () => timeouts++);
    await vi.waitFor(() => expect(timeouts).toBe(100_000), 10_000);
    expect(socket.acks.size).toBe(0);
  });

  it('answers once, whatever the listener does', async () => {
    const { io, port } = await serve();
    io.on('connection', (socket) =>
      socket.on('x', (reply: (n: number) => void) => {
        reply(1);
        reply(2);
      }),
    );
    const peer = await RawPeer.connect(port);
    peer.send('427["x"]', '428["x"]');
    expect([await peer.next(), await peer.next()]).toEqual(['437[1]', '438[1]']);
  });

  it('does not take another socket’s answer for its own', async () => {
    const { io, port } = await serve();
    const answers: unknown[] = [];
    io.on('connection', (socket) => socket.emit('ask', (answer: unknown) => answers.push(answer)));
    const first = await RawPeer.connect(port);
    const second = await RawPeer.connect(port);
    expect([await first.next(), await second.next()]).toEqual(['420["ask"]', '421["ask"]']);
    second.send('430["stolen"]', '431["mine"]', '431["again"]');
    first.send('430["right"]');
    await vi.waitFor(() => expect(answers.toSorted()).toEqual(['mine', 'right']));
  });

  it('hears of every event, in and out', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const heard: unknown[][] = [];
    const first = (...event: unknown[]): void => void heard.push(['in', ...event]);
    socket.onAny(first).prependAny((...event) => heard.push(['before', ...event]));
    socket.onAnyOutgoing((...event) => heard.push(['out', ...event]));
    socket.prependAnyOutgoing((...event) => heard.push(['before out', ...event]));
    expect([socket.listenersAny().length, socket.listenersAnyOutgoing().length]).toEqual([2, 2]);
    client.emit('x', 1);
    await once(socket, 'x');
    socket.emit('y', 2);
    io.emit('z', 3);
    expect(heard).toEqual([
      ['before', 'x', 1],
      ['in', 'x', 1],
      ['before out', 'y', 2],
      ['out', 'y', 2],
      ['before out', 'z', 3],
      ['out', 'z', 3],
    ]);
    expect(socket.offAny(first).listenersAny()).toHaveLength(1);
    expect(socket.offAny().listenersAny()).toHaveLength(0);
    expect(socket.offAnyOutgoing(first).listenersAnyOutgoing()).toHaveLength(2);
    expect(socket.offAnyOutgoing().listenersAnyOutgoing()).toHaveLength(0);
  });

  it('asks its middleware about every event', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const heard: unknown[] = [];
    socket.use(([event, ...args], next) => {
      heard.push(`first ${event} ${args.length}`);
      next();
    });
    socket.use(([event], next) => next(event === 'bad' ? new Error('refused') : undefined));
    socket.on('bad', () => heard.push('bad came through'));
    const refused = once(socket, 'error');
    client.emit('bad', 1);
    expect((await refused)[0]).toEqual(new Error('refused'));
    client.emit('good');
    await once(socket, 'good');
    expect(heard).toEqual(['first bad 1', 'first good 0']);
  });

  it('may have a middleware that replaces arguments, answers itself or takes its time', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    socket.use((event, next) => {
      if (event[0] === 'ask') (event.at(-1) as (n: number) => void)(7);
      else {
        event[1] = 'replaced';
        setImmediate(next);
      }
    });
    expect(await client.emitWithAck('ask')).toBe(7);
    client.emit('x', 'original');
    expect(await once(socket, 'x')).toEqual(['replaced']);
  });

  it('is sent out of namespaces as often as one likes, and only the last of them are remembered', async () => {
    const { io, port } = await serve({ maxNamespaces: 3, cleanupEmptyChildNamespaces: true });
    io.of(/^\/n\d+$/).on('connection', (socket) => socket.disconnect());
    const peer = await RawPeer.connect(port);
    for (let n = 0; n < 10; n++) {
      peer.send(`40/n${n},`);
      expect([await peer.next(), await peer.next()]).toEqual([expect.stringMatching(/^40/), `41/n${n},`]);
    }
    // It may not have heard yet that it was sent out of this one.
    peer.send('42/n9,["x"]', '40/none,');
    expect(await peer.next()).toMatch(/^44/);
    peer.send('42/n0,["x"]');
    expect(await peer.untilClosed()).toEqual([]);
  });

  it('stays in no room once it is disconnected, and joins none', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    void socket.join(['a', 'b']);
    const seen: unknown[] = [];
    socket.on('disconnecting', (reason) => seen.push(reason, [...socket.rooms].slice(1), socket.connected));
    const gone = once(socket, 'disconnect');
    client.disconnect();
    expect((await gone)[0]).toBe('client namespace disconnect');
    expect(seen).toEqual(['client namespace disconnect', ['a', 'b'], true]);
    void socket.join('c');
    expect(socket.rooms.size).toBe(0);
    expect(socket.disconnected).toBe(true);
    expect([io.of('/').adapter.rooms.size, io.of('/').adapter.sids.size]).toEqual([0, 0]);
    expect(socket.disconnect()).toBe(socket);
  });

  it.each([
    [false, 'io server disconnect', 1],
    [true, 'io server disconnect', 0],
  ])('disconnects its client; with %s for all its namespaces', async (close, reason, left) => {
    const { io, url } = await serve();
    io.of('/other');
    const client = begin(url);
    const [socket] = (await once(io, 'connection')) as [Socket];
    const other = client.io.socket('/other');
    other.connect();
    await once(io.of('/other'), 'connection');
    const told = new Promise((resolve) => client.on('disconnect', resolve));
    socket.disconnect(close);
    expect(await told).toBe(reason);
    expect(io.of('/other').sockets.size).toBe(left);
  });

  it('sends what is volatile only to who can take it', async () => {
    const { io, port } = await serve({ transports: ['polling'] });
    const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1)) as { sid: string };
    const connected = once(io, 'connection') as Promise<[Socket]>;
    await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '40' });
    const [socket] = await connected;
    await (await fetch(`${url}&sid=${sid}`)).text();
    // No poll is waiting now.
    socket.volatile.emit('lost');
    io.volatile.emit('lost');
    socket.emit('kept');
    expect(await (await fetch(`${url}&sid=${sid}`)).text()).toBe('42["kept"]');
  });

  it('sends the first of many that are volatile in one turn', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const came: unknown[] = [];
    client.on('n', (n) => came.push(n));
    await new Promise((resolve) => setImmediate(resolve));
    for (let n = 0; n < 3; n++) socket.volatile.emit('n', n);
    await new Promise((resolve) => setImmediate(resolve));
    for (let n = 3; n < 6; n++) io.volatile.emit('n', n);
    socket.emit('end');
    await heard(client, 'end');
    expect(came).toEqual([0, 3]);
  });

  it.each(['volatile', 'compress', 'timeout'] as const)('forgets %s after the event that it was for', async (flag) => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const flagged = { volatile: socket.volatile, compress: socket.compress(false), timeout: socket.timeout(5_000) };
    flagged[flag].emit('x');
    client.on('ask', (reply: (n: number) => void) => reply(1));
    // Without a timeout the answer comes first.
    expect(await new Promise((resolve) => socket.emit('ask', resolve))).toBe(1);
  });

  it('removes a listener when its signal aborts', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const heard: unknown[] = [];
    const controller = new AbortController();
    const { signal } = controller;
    socket.on('x', (n) => heard.push(n), { signal });
    socket.once('x', (n) => heard.push(`once ${n}`), { signal });
    socket.addListener('y', (n) => heard.push(n), { signal: AbortSignal.abort() });
    client.emit('x', 1);
    client.emit('y', 2);
    await once(socket, 'y');
    controller.abort();
    client.emit('x', 3);
    client.emit('y', 4);
    await once(socket, 'y');
    expect(heard).toEqual([1, 'once 1']);
    expect(socket.listenerCount('x')).toBe(0);
  });

  it('tells when its client has seen all that was sent', async () => {
    const { io, url } = await serve();
    const [, socket] = await meet(io, url);
    socket.emit('x');
    expect(typeof (await socket.flushed())).toBe('boolean');
    expect(socket.unconfirmed).toBeGreaterThanOrEqual(0);
  });
});

describe('latest', () => {
  it('sends a slow receiver the newest of each key, and all to a fast one', async () => {
    const { io, port } = await serve({ transports: ['polling'] });
    const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1)) as { sid: string };
    const connected = once(io, 'connection') as Promise<[Socket]>;
    await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '40' });
    const [socket] = await connected;
    await (await fetch(`${url}&sid=${sid}`)).text();
    const came: string[] = [];
    for (let n = 0; n < 1_000; n++) {
      socket.latest('position').emit('position', n);
      socket.latest('price').emit('price', n);
    }
    while (came.length < 4) came.push(...(await (await fetch(`${url}&sid=${sid}`)).text()).split('\x1e'));
    expect(came.toSorted()).toEqual(['42["position",0]', '42["position",999]', '42["price",0]', '42["price",999]']);
  });

  it('sends everything while the client keeps up', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const came: unknown[] = [];
    client.on('n', (n) => came.push(n));
    for (let n = 0; n < 5; n++) socket.latest('n').emit('n', n, Buffer.alloc(1));
    socket.emit('end');
    await heard(client, 'end');
    expect(came).toEqual([0, 1, 2, 3, 4]);
    expect(() => socket.latest('n').emit('disconnect')).toThrow('reserved');
  });

  it('does nothing once the socket is disconnected', async () => {
    const { io, url } = await serve();
    const [, socket] = await meet(io, url);
    socket.disconnect();
    expect(socket.latest('n').emit('n')).toBe(true);
  });
});
