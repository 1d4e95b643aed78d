import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SessionAwareAdapter } from '../../server/events/adapter/index.ts';
import type { Server, Socket } from '../../server/events/index.ts';
import { begin, heard } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

const options = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };

/** What a client must keep to come back. */
interface Keys {
  readonly sid: string;
  readonly pid: string;
  readonly offset: string;
}

/** A peer that is in `room`, has heard `hello`, and is cut off. */
async function leave(io: Server, port: number): Promise<Keys> {
  const connected = once(io, 'connection') as Promise<[Socket]>;
  const peer = await RawPeer.open(port, '40');
  const { sid, pid } = JSON.parse(String(await peer.next()).slice(2)) as { sid: string; pid: string };
  const [socket] = await connected;
  void socket.join('room');
  socket.data.name = 'it';
  socket.emit('hello');
  const [, offset] = JSON.parse(String(await peer.next()).slice(2)) as [string, string];
  peer.cut();
  await once(socket, 'disconnect');
  return { sid, pid, offset };
}

const comeBack = (port: number, { pid, offset }: Pick<Keys, 'pid' | 'offset'>): Promise<RawPeer> =>
  RawPeer.open(port, `40${JSON.stringify({ pid, offset })}`);

/** What came, up to and with the CONNECT, without offsets. */
async function untilConnected(peer: RawPeer): Promise<string[]> {
  const all: string[] = [];
  do all.push(String(await peer.next()).replace(/,"[^"]*"\]$/, ']'));
  while (!all.at(-1)!.startsWith('40'));
  return all;
}

describe('a client that comes back', () => {
  afterEach(() => void vi.useRealTimers());

  it('gets its id, rooms, data, and what it missed in its rooms, in order', async () => {
    const { io, port } = await serve(options);
    const keys = await leave(io, port);
    io.to('room').emit('a', 1);
    io.to('other').emit('not for it');
    io.to(keys.sid).emit('b', Buffer.from([1]));
    io.except('room').emit('not for it');
    io.volatile.emit('not kept');
    io.emit('c');
    const connected = once(io, 'connection') as Promise<[Socket]>;
    const peer = await comeBack(port, keys);
    expect(await untilConnected(peer)).toEqual([
      '42["a",1]',
      expect.stringMatching(/^451-\["b",\{"_placeholder":true,"num":0\}/),
      '\x01',
      '42["c"]',
      `40{"sid":"${keys.sid}","pid":"${keys.pid}"}`,
    ]);
    const [socket] = await connected;
    expect([socket.recovered, socket.data, socket.rooms]).toEqual([true, { name: 'it' }, new Set([keys.sid, 'room'])]);
  });

  it('is Socket.IO’s own, too', async () => {
    const { io, url } = await serve(options);
    const client = begin(url, { reconnection: true, reconnectionDelay: 10 });
    const [socket] = (await once(io, 'connection')) as [Socket];
    socket.emit('hello');
    await heard(client, 'hello');
    const missed = heard(client, 'missed');
    client.io.engine.close();
    await once(socket, 'disconnect');
    io.emit('missed', 1);
    expect((await missed)[0]).toBe(1);
    expect(client.recovered).toBe(true);
    expect(client.id).toBe(socket.id);
  });

  it('is not asked by the middleware again, unless that is wanted', async () => {
    for (const skipMiddlewares of [true, false]) {
      const { io, port } = await serve({ connectionStateRecovery: { skipMiddlewares } });
      let asked = 0;
      io.use((_socket, next) => {
        asked++;
        next();
      });
      const keys = await leave(io, port);
      await untilConnected(await comeBack(port, keys));
      expect(asked).toBe(skipMiddlewares ? 1 : 2);
    }
  });

  it('gets nothing of what it missed if the middleware refuses it', async () => {
    const { io, port } = await serve({ connectionStateRecovery: { skipMiddlewares: false } });
    io.use((socket, next) => next(socket.recovered ? new Error('no') : undefined));
    const keys = await leave(io, port);
    io.emit('secret');
    const peer = await comeBack(port, keys);
    expect(await peer.next()).toBe('44{"message":"no"}');
  });

  it('may leave again before it got what it missed', async () => {
    const { io, port } = await serve(options);
    const keys = await leave(io, port);
    io.to('room').emit('a');
    const connected = once(io, 'connection') as Promise<[Socket]>;
    const peer = await comeBack(port, keys);
    const [socket] = await connected;
    peer.cut();
    await once(socket, 'disconnect');
    io.to('room').emit('b');
    expect(await untilConnected(await comeBack(port, keys))).toEqual([
      '42["a"]',
      '42["b"]',
      expect.stringContaining(keys.sid),
    ]);
  });

  it.each<[string, (keys: Keys) => { pid: unknown; offset: unknown }]>([
    ['another’s secret', ({ offset }) => ({ pid: 'x'.repeat(24), offset })],
    ['its public id for the secret', ({ sid, offset }) => ({ pid: sid, offset })],
    ['an offset that never was', ({ pid }) => ({ pid, offset: 'zzzzzz' })],
    ['an offset that is nonsense', ({ pid }) => ({ pid, offset: '__proto__' })],
    ['an empty offset', ({ pid }) => ({ pid, offset: '' })],
    ['an offset below zero', ({ pid }) => ({ pid, offset: '-1' })],
    ['an offset of 10,000 characters', ({ pid }) => ({ pid, offset: '1'.repeat(10_000) })],
    ['an offset that is no text', ({ pid }) => ({ pid, offset: 0 })],
    ['a secret that is no text', ({ offset }) => ({ pid: { toString: 1 }, offset })],
    ['no offset', ({ pid }) => ({ pid, offset: undefined })],
  ])('with %s starts anew', async (_what, forge) => {
    const { io, port } = await serve(options);
    const keys = await leave(io, port);
    io.emit('missed');
    const peer = await RawPeer.open(port, `40${JSON.stringify(forge(keys))}`);
    const [message] = await untilConnected(peer);
    expect(message).toMatch(/^40/);
    expect(message).not.toContain(keys.sid);
  });

  it('gets no message from before it was in the room, whatever offset it names', async () => {
    const { io, port } = await serve(options);
    const early = await leave(io, port);
    io.to('room').emit('before its time');
    const keys = await leave(io, port);
    io.to('room').emit('after');
    const messages = await untilConnected(await comeBack(port, { pid: keys.pid, offset: early.offset }));
    expect(messages).toEqual(['42["hello"]', '42["after"]', expect.stringContaining(keys.sid)]);
  });

  it('comes back once: two can’t have one id', async () => {
    const { io, port } = await serve(options);
    const keys = await leave(io, port);
    const [first, second] = await Promise.all([comeBack(port, keys), comeBack(port, keys)]);
    const messages = [...(await untilConnected(first)), ...(await untilConnected(second))];
    expect(messages.filter((message) => message.includes(keys.sid))).toHaveLength(1);
    expect(io.sockets.sockets.size).toBe(2);
  });

  it.each([
    ['left by itself', (peer: RawPeer, _socket: Socket) => peer.send('41')],
    ['was sent away', (_peer: RawPeer, socket: Socket) => void socket.disconnect()],
  ])('that %s starts anew', async (_what, end) => {
    const { io, port } = await serve(options);
    const connected = once(io, 'connection') as Promise<[Socket]>;
    const peer = await RawPeer.open(port, '40');
    const { pid } = JSON.parse(String(await peer.next()).slice(2)) as { pid: string };
    const [socket] = await connected;
    socket.emit('hello');
    const [, offset] = JSON.parse(String(await peer.next()).slice(2)) as [string, string];
    const gone = once(socket, 'disconnect');
    end(peer, socket);
    await gone;
    expect(await untilConnected(await comeBack(port, { pid, offset }))).not.toContain(pid);
  });

  it('must do so in time', async () => {
    const { io, port } = await serve({ connectionStateRecovery: { maxDisconnectionDuration: 1_000 } });
    const keys = await leave(io, port);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_000 });
    const messages = await untilConnected(await comeBack(port, keys));
    expect(messages).toEqual([expect.not.stringContaining(keys.sid)]);
  });

  it('starts anew when more bytes were sent than are kept', async () => {
    const { io, port } = await serve({ connectionStateRecovery: { maxBytes: 10_000 } });
    const keys = await leave(io, port);
    for (let n = 0; n < 200; n++) io.to('other').emit('x', 'y'.repeat(100));
    const messages = await untilConnected(await comeBack(port, keys));
    expect(messages).toEqual([expect.not.stringContaining(keys.sid)]);
  });
});

describe('the adapter with recovery', () => {
  afterEach(() => void vi.useRealTimers());

  it('keeps the last 50,000 sessions of clients that left', async () => {
    const { io } = await serve(options);
    const adapter = io.of('/').adapter as SessionAwareAdapter;
    for (const number of [0, 1]) io.emit('n', number);
    for (let n = 0; n <= 50_000; n++) adapter.persistSession({ sid: `s${n}`, pid: `p${n}`, rooms: [], data: {} });
    const restored = await Promise.all(['p0', 'p1', 'p50000'].map((pid) => adapter.restoreSession(pid, '0')));
    expect(restored.map((session) => session?.sid)).toEqual([undefined, 's1', 's50000']);
  });

  it('keeps no more than it may of 20,000 packets, and finds those that it has', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval'] });
    const { io } = await serve({ connectionStateRecovery: { maxDisconnectionDuration: 1_000, maxBytes: 100_000 } });
    const adapter = io.of('/').adapter as SessionAwareAdapter;
    expect(adapter).toBeInstanceOf(SessionAwareAdapter);
    await adapter.addAll('sid', new Set(['sid']));
    adapter.persistSession({ sid: 'sid', pid: 'pid', rooms: ['sid'], data: {} });
    for (let n = 0; n < 20_000; n++) io.emit('n', n);
    // Each of these is 13 to 20 bytes, so that some 5,000 fit.
    expect(await adapter.restoreSession('pid', (1_000).toString(36))).toBeNull();
    const session = await adapter.restoreSession('pid', (19_989).toString(36));
    expect(session!.missedPackets.map(([, n]) => n)).toEqual([
      19_990, 19_991, 19_992, 19_993, 19_994, 19_995, 19_996, 19_997, 19_998, 19_999,
    ]);
    adapter.persistSession({ sid: 'sid', pid: 'pid', rooms: ['sid'], data: {} });
    vi.advanceTimersByTime(120_000);
    expect(await adapter.restoreSession('pid', (19_989).toString(36))).toBeNull();
  });
});
