/** What a server bears: slow peers, silent peers, a blocked process, and its own end. */
import type { Socket as TcpSocket } from 'node:net';

import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';

import { Farewells } from '../../server/engine/farewells.ts';
import type { Session } from '../../server/engine/index.ts';
import { maskedFrame } from '../websocket/raw-frames.ts';
import { upgradeRequest } from '../websocket/raw-peer.ts';
import { Poller, WebSocketPeer, ask, begin, next, open, serve, tcp } from './server-fixture.ts';
import { VirtualClock } from '../virtual-clock.ts';

const opening = 'EIO=4&transport=polling';
type Closed = [string, { code: string; message: string }];

describe('the heartbeat', () => {
  it('pings at pingInterval, also a peer that talks all the time', async () => {
    const { port } = await serve({ pingInterval: 20, pingTimeout: 1_000 });
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(1);
    const talking = setInterval(() => peer.send('4x'), 5);
    expect((await peer.until(3)).slice(1)).toEqual(['2', '2']);
    clearInterval(talking);
  });

  it.each(['websocket', 'polling'])('ends a session on %s whose peer does not answer', async (way) => {
    const { port, sessions } = await serve({ pingInterval: 20, pingTimeout: 20 });
    const peer =
      way === 'websocket'
        ? new WebSocketPeer(port, 'EIO=4&transport=websocket')
        : new Poller(port, (await open(port)).sid);
    if (peer instanceof Poller) peer.hold();
    else await peer.until(1);
    expect(await next<Closed>(sessions[0]!, 'close')).toEqual([
      'ping timeout',
      expect.objectContaining({ code: 'heartbeat-missed' }),
    ]);
  });

  it('takes anything for a sign of life', async () => {
    const { port, sessions } = await serve({ pingInterval: 30, pingTimeout: 60 });
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(1);
    const talking = setInterval(() => peer.send('4x'), 10);
    await peer.until(5);
    clearInterval(talking);
    expect(sessions[0]!.readyState).toBe('open');
    peer.send('3');
    await next(sessions[0]!, 'heartbeat');
  });

  it.each<[string, (socket: WebSocket) => void]>([
    ['frame', (socket) => (socket as unknown as { _socket: TcpSocket })._socket.write(Buffer.of(0x81))],
    ['message', (socket) => socket.send('4', { fin: false })],
  ])('takes the beginning of a %s for one as well', async (_what, begin) => {
    const { port, sessions } = await serve({ pingInterval: 400, pingTimeout: 300 });
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(2);
    begin(peer.socket);
    await peer.until(3);
    expect(sessions[0]!.readyState).toBe('open');
  });

  it('takes each piece of a POST for one as well', async () => {
    const { port, sessions } = await serve({ pingInterval: 400, pingTimeout: 300 });
    const { sid } = await open(port);
    const peer = new Poller(port, sid);
    await peer.get();
    const { socket } = await tcp(port);
    socket.write(`POST /engine.io/?${peer.query()} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n4`);
    const pieces = setInterval(() => socket.write('x'), 50);
    await peer.get();
    await peer.get();
    clearInterval(pieces);
    expect(sessions[0]!.readyState).toBe('open');
  });

  it.each([
    ['one of our own', '&resume=1', ['6{"large":131073}', `4${'x'.repeat(131_073)}`]],
    ['any other', '', [`4${'x'.repeat(131_073)}`]],
  ])('tells %s of a large message before it comes by WebSocket', async (_who, query, expected) => {
    const { port, sessions } = await serve();
    const peer = new WebSocketPeer(port, `EIO=4&transport=websocket${query}`);
    await peer.until(1);
    sessions[0]!.send('x'.repeat(131_073));
    expect((await peer.until(1 + expected.length)).slice(1)).toEqual(expected);
  });

  it('lets a peer come back with a small answer, however much waits for it', async () => {
    const { port, sessions } = await serve();
    const { sid } = await open(port, '&resume=1');
    const peer = new Poller(port, sid);
    for (const text of ['a', 'b'.repeat(20_000), 'c']) sessions[0]!.send(text);
    expect((await peer.get('&seen=0&turn=1&attach=1')).body).toBe('60\x1e4a');
    expect((await peer.get('&seen=1&turn=2')).body).toBe(`4${'b'.repeat(20_000)}\x1e4c`);
  });

  it.each([
    ['4', '2'],
    ['3', '3'],
  ])(
    'ends a session of revision %s whose peer sends %j, which is for the other end to say',
    async (revision, packet) => {
      const { port, sessions } = await serve({ allowEIO3: true });
      const peer = new WebSocketPeer(port, `EIO=${revision}&transport=websocket`);
      await peer.until(1);
      peer.send(packet);
      expect((await next<Closed>(sessions[0]!, 'close'))[0]).toBe('transport error');
    },
  );

  it('is not asked when the network resets the connection: the session is closed, without an error', async () => {
    const { port, sessions } = await serve();
    const { socket } = await tcp(port);
    const opened = next(socket, 'data');
    socket.write(
      'GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await opened;
    const closed = next<Closed>(sessions[0]!, 'close');
    socket.resetAndDestroy();
    expect((await closed)[0]).toBe('transport close');
  });

  it('blames no peer for a process that was blocked', async () => {
    const { port, sessions } = await serve({ pingInterval: 50, pingTimeout: 500 });
    const peers = Array.from({ length: 20 }, () => new WebSocketPeer(port, 'EIO=4&transport=websocket'));
    for (const { socket } of peers) socket.on('message', (data) => String(data) === '2' && socket.send('3'));
    await Promise.all(peers.map((peer) => peer.until(2)));
    const before = performance.now();
    while (performance.now() - before < 2_000);
    const sofar = peers.map(({ got }) => got.length);
    await Promise.all(peers.map((peer, index) => peer.until(sofar[index]! + 2)));
    expect(sessions.filter((session) => session.readyState !== 'open')).toEqual([]);
  });
});

it.each([
  ['has no mask', '8100'],
  ['has a reserved bit', 'f18000000000'],
  ['is no UTF-8', '81820000000034ff'],
])('ends a session at once whose peer sends a frame that %s, and stays', async (_what, frame) => {
  const { engine, port } = await serve();
  const { socket } = await tcp(port);
  const opened = next<[Session]>(engine, 'connection');
  const head = 'GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n';
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  socket.write(`${head}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${key}\r\n\r\n`);
  const [session] = await opened;
  const closed = next<Closed>(session, 'close');
  socket.write(Buffer.from(frame, 'hex'));
  expect((await closed)[0]).toBe('transport error');
  expect([socket.destroyed, engine.clientsCount]).toEqual([false, 0]);
});

it.each([
  ['a fragment', { opcode: 1, fin: false }],
  ['half a frame', { opcode: 1, length: 90_000n }],
])('ends a session by its heartbeat where %s of a message is the last that comes', async (_what, part) => {
  const { engine, port } = await serve({ pingInterval: 30, pingTimeout: 30 });
  const { socket } = await tcp(port);
  const opened = next<[Session]>(engine, 'connection');
  socket.write(upgradeRequest({}, { path: '/engine.io/?EIO=4&transport=websocket' }));
  const [session] = await opened;
  const closed = next<Closed>(session, 'close');
  socket.write(maskedFrame({ payload: '4', ...part }));
  expect((await closed)[0]).toBe('ping timeout');
});

it.each(['', '&resume=1'])('ends a session whose peer%s sends a message that is too big, for good', async (more) => {
  const { port, sessions } = await serve({ maxHttpBufferSize: 100 });
  const peer = new WebSocketPeer(port, `EIO=4&transport=websocket${more}`);
  await peer.until(1);
  const ended = next<Closed>(sessions[0]!, 'close');
  peer.send(`4${'x'.repeat(100)}`);
  expect(await peer.closed).toBe(1009);
  expect(await ended).toEqual(['transport error', expect.objectContaining({ code: 'too-big', again: false })]);
});

describe('a slow peer', () => {
  it('is cut off when it takes nothing of a long queue, and others do not wait for it', async () => {
    const { port, sessions } = await serve({ stalledQueueBytes: 1_000_000, stalledTimeout: 50 });
    const slow = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await slow.until(1);
    slow.socket.pause();
    const ended = next<Closed>(sessions[0]!, 'close');
    for (let index = 0; index < 200; index++) sessions[0]!.send('x'.repeat(100_000));
    const quick = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await quick.until(1);
    sessions[1]!.send('a');
    expect((await quick.until(2))[1]).toBe('4a');
    expect((await ended)[1].code).toBe('slow-consumer');
  });

  it('is cut off at the last bound however quick it is', async () => {
    const { port, sessions } = await serve({ stalledQueueBytes: 1_000, maxQueuedBytes: 100_000 });
    const poller = new Poller(port, (await open(port)).sid);
    const ended = next<Closed>(sessions[0]!, 'close');
    for (let index = 0; index < 3; index++) sessions[0]!.send('x'.repeat(50_000));
    expect((await ended)[1]).toMatchObject({
      code: 'slow-consumer',
      message: '150000 bytes queued, maxQueuedBytes is 100000',
    });
    expect((await poller.get()).body).toBe('1');
  });

  it('may take a burst that is longer than the first bound', async () => {
    const { port, sessions } = await serve({ stalledQueueBytes: 100_000, stalledTimeout: 50 });
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(1);
    for (let index = 0; index < 100; index++) sessions[0]!.send('x'.repeat(10_000));
    await peer.until(101);
    expect(sessions[0]!.readyState).toBe('open');
  });

  it('sees messages held back where they can be counted', async () => {
    const { port, sessions } = await serve();
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(1);
    peer.socket.pause();
    const [session] = sessions as [Session];
    for (let index = 0; index < 100; index++) session.send('x'.repeat(100_000));
    expect(session.transport.writable).toBe(false);
    expect(session.writeBuffer.length).toBeGreaterThan(0);
    const drained = next(session, 'drain');
    peer.socket.resume();
    await drained;
    expect([session.writeBuffer, session.bufferedAmount]).toEqual([[], 0]);
  });

  it('shows what has not left to who hears of the end, and keeps nothing of it', async () => {
    const { port, sessions } = await serve();
    await open(port);
    const session = sessions[0]!.send('a').send('b');
    const left: unknown[] = [];
    session.on('close', () => left.push(...session.writeBuffer));
    session.close(true);
    expect(left).toMatchObject([{ data: 'a' }, { data: 'b' }]);
    expect([session.writeBuffer, session.bufferedAmount]).toEqual([[], 0]);
  });
});

it('lets in only so many sessions that have said nothing, and more once one of them speaks or ends', async () => {
  const { port, sessions } = await serve({ maxSilentSessions: 2 });
  const poller = new Poller(port, (await open(port)).sid);
  await open(port);
  const refused = await ask(port, { query: opening });
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
  expect(await new WebSocketPeer(port, 'EIO=4&transport=websocket').refused).toBe(503);
  await poller.post('4a');
  expect((await ask(port, { query: opening })).status).toBe(200);
  expect((await ask(port, { query: opening })).status).toBe(503);
  sessions[1]!.close();
  expect((await ask(port, { query: opening })).status).toBe(200);
});

describe('draining', () => {
  it('lets nobody in, and everybody out within its time', async () => {
    const { engine, port, sessions } = await serve();
    const webSocket = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await webSocket.until(1);
    const poller = new Poller(port, (await open(port)).sid);
    const poll = poller.get();
    sessions[0]!.send('last');
    const reasons = sessions.map((session) => next<Closed>(session, 'close'));
    const drained = engine.drain({ over: 40 });
    expect(engine.drain()).toBe(drained);
    const refused = await ask(port, { query: opening });
    expect([refused.status, refused.headers.connection]).toEqual([503, 'close']);
    expect((await poll).body).toBe('1');
    expect(await webSocket.closed).toBe(1001);
    expect(webSocket.got.at(-1)).toBe('4last');
    for (const reason of await Promise.all(reasons))
      expect(reason).toEqual(['transport close', expect.objectContaining({ code: 'draining' })]);
    await drained;
    expect(engine.health()).toMatchObject({ state: 'draining', sessions: 0, suspended: 0, queuedBytes: 0 });
  });

  it('asks peers of our own to move, and waits until they have seen what they were sent', async () => {
    const { engine, port, sessions } = await serve();
    const { sid } = await open(port, '&resume=1');
    const peer = new Poller(port, sid).webSocket('&seen=0&turn=1');
    await peer.until(1);
    sessions[0]!.send('a');
    const drained = engine.drain({ over: 20, timeout: 10_000 });
    expect((await peer.until(4)).slice(1)).toEqual(['4a', '6{"move":{"within":20}}', '20']);
    expect(sessions[0]!.readyState).toBe('open');
    peer.send('31');
    expect(await peer.closed).toBe(1001);
    expect(peer.got.slice(4)).toEqual(['6{"why":"draining"}', '1']);
    await drained;
  });

  it('cuts what is left at its end, whatever that does', async () => {
    const { engine, port, sessions } = await serve();
    const { socket } = await tcp(port);
    socket.write(
      'GET /engine.io/?EIO=4&transport=websocket&resume=1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await expect.poll(() => sessions.length).toBe(1);
    const { sid } = await open(port, '&resume=1');
    const stream = begin(port, { query: `EIO=4&transport=streaming&sid=${sid}&seen=0&turn=1` });
    await stream.answer;
    for (const session of sessions) session.send('a');
    const before = performance.now();
    await engine.drain({ over: 10, timeout: 60 });
    expect(performance.now() - before).toBeLessThan(1_000);
    expect([engine.clientsCount, sessions.map((session) => session.readyState)]).toEqual([0, ['closed', 'closed']]);
    await next(socket, 'close');
  });

  it('gives load balancers a moment first', async () => {
    const { engine, port, sessions } = await serve();
    await open(port);
    const drained = engine.drain({ grace: 40, over: 0 });
    await ask(port, { query: opening });
    expect([engine.health().state, sessions[0]!.readyState]).toEqual(['draining', 'open']);
    await drained;
    expect(sessions[0]!.readyState).toBe('closed');
  });
});

it('remembers the last 50,000 ends for who asks late, and for half a minute', () => {
  const clock = new VirtualClock();
  const farewells = new Farewells(clock);
  const words = [{ type: 'close' }] as const;
  for (let at = 0; at < 100; at++) farewells.keep(`early ${at}`, words, 'each');
  clock.turn(29_000);
  // A clock without timers: what counts here is how many, and which.
  const timers = vi.spyOn(clock, 'after').mockReturnValue({ cancel() {} });
  for (let at = 0; at < 49_950; at++) farewells.keep(`late ${at}`, words, 'each');
  timers.mockRestore();
  const known = (id: string): boolean => farewells.toPoll(id) !== undefined;
  expect(['early 49', 'early 50', 'late 0', 'late 49949'].map(known)).toEqual([false, true, true, true]);
  expect(clock.pending).toBe(50);
  clock.turn(1_000);
  expect(['early 50', 'late 0'].map(known)).toEqual([false, true]);
});

it('says how it fares', async () => {
  const { engine, port, sessions } = await serve();
  expect(engine.health()).toEqual({
    state: 'ready',
    sessions: 0,
    suspended: 0,
    queuedBytes: 0,
    loopLagMs: expect.any(Number),
  });
  const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket&resume=1');
  await peer.until(1);
  await open(port);
  peer.socket.terminate();
  await next(sessions[0]!, 'suspend');
  sessions[0]!.send('12345');
  expect(engine.health()).toMatchObject({ sessions: 2, suspended: 1, queuedBytes: 5 });
  engine.close();
  expect(engine.health()).toMatchObject({ state: 'closed', sessions: 0, suspended: 0, queuedBytes: 0 });
});

it('refuses options that can not be, and names them', async () => {
  for (const [options, message] of [
    [{ pingInterval: 0 }, /pingInterval is 0; give a whole number from 1/],
    [{ maxHttpBufferSize: 'much' }, /maxHttpBufferSize is much/],
    [{ transports: ['tobi'] }, /transports has none of polling/],
    [{ allowRequest: 'yes' }, /allowRequest is not a function/],
    [{ resume: { window: -1 } }, /window is -1/],
    [{ node: 'a.b' }, /node is not/],
    [{ path: 7 }, /path is not a text/],
  ] as const)
    await expect(serve(options as object)).rejects.toThrow(message);
});

it('puts the name of its node behind session ids', async () => {
  const { port } = await serve({ node: 'eu-1' });
  expect((await open(port)).sid).toMatch(/^[\w-]{22}\.eu-1$/);
});
