import type { Socket as ServerSocket } from 'socket.io';
import { describe, expect, vi } from 'vitest';
import { heard, onStage } from '../interop/stage.ts';
import { lines } from './client-ends.ts';
import { uncaughtBy } from './client-uncaught.ts';

describe.each(lines)('$name: a socket of the client', (line) => {
  const it = onStage(line);

  it('is active from the start, connected in between, and neither at the end', async ({ stage }) => {
    await stage.serve();
    const client = stage.connect('/', { autoConnect: false });
    const states = (): unknown[] => [client.active, client.connected, client.disconnected, client.id !== undefined];
    expect(states()).toEqual([false, false, true, false]);
    expect(client.connect()).toBe(client);
    expect(states()).toEqual([true, false, true, false]);
    await heard(client, 'connect');
    expect(states()).toEqual([true, true, false, true]);
    expect(client.disconnect()).toBe(client);
    expect(states()).toEqual([false, false, true, false]);
  });

  it('joins once, however often it is told to connect', async ({ stage }) => {
    const server = await stage.serve();
    const connection = vi.fn<(...args: unknown[]) => void>();
    server.on('connection', connection);
    const client = stage.connect('/', { autoConnect: false });
    client.connect().open().connect();
    client.io.on('open', () => client.connect());
    await heard(client, 'connect');
    client.connect();
    // The server answers in order: a second CONNECT would have been answered by now.
    server.on('connection', (socket) => socket.on('ask', (answer: () => void) => answer()));
    await client.disconnect().connect().emitWithAck('ask');
    expect(connection).toHaveBeenCalledTimes(2);
  });

  it('calls `disconnect` a reason on each side', async ({ stage }) => {
    const server = await stage.serve();
    const [left, leftSocket] = await stage.meet(server);
    const [put, putSocket] = await stage.meet(server);
    const [cut, cutSocket] = await stage.meet(server);
    const reasons = Promise.all(
      [left, put, cut, leftSocket, putSocket, cutSocket].map(async (end) => (await heard(end, 'disconnect'))[0]),
    );
    left.disconnect();
    putSocket.disconnect();
    cutSocket.conn.close();
    expect(await reasons).toEqual([
      'io client disconnect',
      'io server disconnect',
      'transport close',
      'client namespace disconnect',
      'server namespace disconnect',
      'forced close',
    ]);
    expect([left.active, put.active, cut.active]).toEqual([false, false, true]);
  });

  it('sends what waited in the order in which it was emitted, before it is heard to be connected', async ({
    stage,
  }) => {
    const server = await stage.serve();
    const client = stage.connect();
    const outgoing = vi.fn<(...args: unknown[]) => void>();
    client.onAnyOutgoing(outgoing);
    client.emit('count', 1);
    client.emit('count', Buffer.from([2]));
    client.on('connect', () => client.emit('count', 3));
    expect(client.sendBuffer).toHaveLength(2);
    expect(outgoing).not.toHaveBeenCalled();
    const [socket] = await heard<[ServerSocket]>(server, 'connection');
    const counts: unknown[] = [];
    await new Promise<void>((done) => {
      socket.on('count', (count: unknown) => counts.push(count) === 3 && done());
    });
    expect(counts).toEqual([1, Buffer.from([2]), 3]);
    expect(client.sendBuffer).toEqual([]);
    expect(outgoing.mock.calls).toEqual([
      ['count', 1],
      ['count', Buffer.from([2])],
      ['count', 3],
    ]);
  });

  it('holds back events that came before the server let it in', async ({ stage }) => {
    const server = await stage.serve();
    server.use((socket, next) => {
      socket.emit('early', 'bird');
      setImmediate(next);
    });
    const client = stage.connect();
    const order: unknown[] = [];
    client.on('early', (what) => order.push(what, client.connected));
    client.on('connect', () => order.push('connect'));
    await heard(client, 'connect');
    expect(order).toEqual(['bird', true, 'connect']);
    expect(client.receiveBuffer).toEqual([]);
  });

  it('drops what is volatile where it can’t go at once', async ({ stage }) => {
    const server = await stage.serve();
    const [client, socket] = await stage.meet(server);
    const got: unknown[] = [];
    socket.on('news', (what: unknown) => got.push(what));
    client.disconnect();
    client.volatile.emit('news', 'dropped');
    expect(client.sendBuffer).toEqual([]);
    const again = heard<[ServerSocket]>(server, 'connection');
    client.connect();
    const [next] = await again;
    next.on('news', (what: unknown) => got.push(what));
    const flag = heard(next, 'end');
    client.emit('news', 'kept');
    client.emit('end');
    await flag;
    expect(got).toEqual(['kept']);
  });

  it('refuses the names of its own events, and keeps no flag of the refused', async ({ stage }) => {
    await stage.serve();
    const client = stage.connect();
    for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
      expect(() => client.volatile.emit(name)).toThrow(`"${name}" is a reserved event name`);
    }
    client.emit('waits');
    expect(client.sendBuffer).toHaveLength(1);
  });

  it('refuses what is no name, and sends a number as text', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    for (const name of [undefined, null, true, {}, Symbol('x')]) {
      expect(() => client.emit(name as string)).toThrow('event name');
    }
    const event = heard(socket, '42');
    client.emit(42 as unknown as string, 'x');
    expect(await event).toEqual(['x']);
  });

  it('sends `message` by `send`', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const message = heard(socket, 'message');
    expect(client.send('hello', 1)).toBe(client);
    expect(await message).toEqual(['hello', 1]);
  });

  it('asks its auth function anew for each connection, and sends what was put there meanwhile', async ({ stage }) => {
    const server = await stage.serve();
    const [client, socket] = await stage.meet(server, '/', { auth: { token: 'first' } });
    expect(socket.handshake.auth).toEqual({ token: 'first' });
    client.auth = (answer) => void setTimeout(answer, 1, { token: 'second' });
    const again = heard<[ServerSocket]>(server, 'connection');
    client.disconnect().connect();
    const [next] = await again;
    expect(next.handshake.auth).toEqual({ token: 'second' });
  });

  it('shows catch-all listeners what comes and what goes', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const calls: unknown[] = [];
    const late = (...args: unknown[]): number => calls.push(['late', ...args]);
    client.onAny(late).prependAny((...args: unknown[]) => calls.push(['early', ...args]));
    client.onAnyOutgoing((...args: unknown[]) => calls.push(['out', ...args]));
    client.prependAnyOutgoing((...args: unknown[]) => calls.push(['out first', ...args]));
    socket.on('question', (what: unknown, answer: (what: unknown) => void) => answer(what));
    await client.emitWithAck('question', 42);
    const news = heard(client, 'news');
    socket.emit('news', 1);
    await news;
    expect(calls).toEqual([
      ['out first', 'question', 42],
      ['out', 'question', 42],
      ['early', 'news', 1],
      ['late', 'news', 1],
    ]);
    client.offAny(late).offAny(() => {});
    expect(client.listenersAny()).toHaveLength(1);
    client.listenersAny().pop();
    client.offAnyOutgoing();
    expect([client.listenersAny(), client.listenersAnyOutgoing()]).toEqual([[], []]);
  });

  it('goes on where the last connection ended, where the server can', async ({ stage }) => {
    // Between two polls a server notices the loss by its heartbeat only.
    const heartbeat = { pingInterval: 500, pingTimeout: 1_000 };
    const server = await stage.serve({ connectionStateRecovery: {}, ...heartbeat, ...line.withoutResume });
    const [client, socket] = await stage.meet(server, '/', { reconnection: true, reconnectionDelay: 10 });
    const { id } = client;
    expect(client.recovered).toBe(false);
    const first = heard(client, 'news');
    socket.emit('news', 1);
    await first;
    const keptByServer = new Promise<void>((resolve) =>
      socket.on('disconnect', () => {
        server.emit('news', 2);
        resolve();
      }),
    );
    const missed = heard(client, 'news');
    const back = heard(client, 'connect');
    stage.cable.cut();
    await Promise.all([heard(client, 'disconnect'), keptByServer]);
    stage.cable.mend();
    await back;
    expect([client.recovered, client.id]).toEqual([true, id]);
    expect((await missed)[0]).toBe(2);
  });

  it('does not acknowledge on a later connection', async ({ stage }) => {
    const server = await stage.serve();
    const [client, socket] = await stage.meet(server);
    const question = heard<[(answer: string) => void]>(client, 'question');
    socket.emit('question', () => {});
    const [answer] = await question;
    const again = heard<[ServerSocket]>(server, 'connection');
    client.disconnect().connect();
    const [next] = await again;
    await heard(client, 'connect');
    const packets: string[] = [];
    next.conn.on('packet', ({ data }: { data: string }) => packets.push(data));
    const end = heard(next, 'end');
    answer('too late');
    client.emit('end');
    await end;
    expect(packets.filter((data) => data?.startsWith('3'))).toEqual([]);
  });

  it('goes on after a listener threw, and reports it', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    const error = new Error('of the application');
    const good = vi.fn<(...args: unknown[]) => void>();
    client.on('bad', () => {
      throw error;
    });
    client.on('good', good);
    const end = heard(client, 'end');
    const uncaught = await uncaughtBy(async () => {
      socket.emit('bad');
      socket.emit('good');
      socket.emit('end');
      await end;
    });
    expect(uncaught).toBe(error);
    expect(good).toHaveBeenCalledTimes(1);
    expect(client.connected).toBe(true);
  });

  it.for(['__proto__', 'constructor', 'hasOwnProperty', 'error', 'open', 'packet', ''])(
    'takes %j for the name of an event like any other',
    async (name, { stage }) => {
      const [client, socket] = await stage.meet(await stage.serve());
      const there = new Promise((resolve) => socket.onAny((...args: unknown[]) => resolve(args)));
      const here = heard(client, name);
      client.emit(name, 1);
      socket.emit(name, 2);
      expect(await there).toEqual([name, 1]);
      expect(await here).toEqual([2]);
    },
  );
});
