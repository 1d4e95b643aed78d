import { describe, expect, it, vi } from 'vitest';
import type { Socket } from '../../server/events/index.ts';
import { RawPeer, serve } from './raw-peer.ts';

const bytes = Buffer.from([1, 2]);

/** Serves `/` and `/a`, which echo, and notes what happens to their sockets. */
async function serveNoting() {
  const served = await serve();
  const notes: string[] = [];
  const note = (socket: Socket): void => {
    socket.onAny((name: string, ...args: unknown[]) => {
      if (typeof args.at(-1) === 'function') (args.pop() as (...given: unknown[]) => void)(...args);
      else socket.emit(name, ...args);
    });
    socket.on('disconnecting', () => notes.push(`${socket.nsp.name} has ${socket.rooms.size} room`));
    socket.on('disconnect', (reason, details: { message: string } | undefined) =>
      notes.push(`${socket.nsp.name} ${reason}${details ? `: ${details.message}` : ''}`),
    );
  };
  served.io.on('connection', note);
  served.io.of('/a').on('connection', note);
  return { ...served, notes };
}

describe('a client that keeps the protocol', () => {
  it.each<[string, readonly (string | Buffer)[], readonly (string | Buffer)[]]>([
    ['an event', ['42["x",1]'], ['42["x",1]']],
    ['an event of another namespace', ['40/a,', '42/a,["x"]'], ['42/a,["x"]']],
    ['an event that wants an answer', ['423["x",1]'], ['433[1]']],
    ['an event with id 0', ['420["x"]'], ['430[]']],
    ['binary', ['451-["x",{"_placeholder":true,"num":0}]', bytes], ['451-["x",{"_placeholder":true,"num":0}]', bytes]],
    [
      'binary that wants an answer',
      ['451-7["x",{"_placeholder":true,"num":0}]', bytes],
      ['461-7[{"_placeholder":true,"num":0}]', bytes],
    ],
    ['an event named __proto__', ['42["__proto__"]'], ['42["__proto__"]']],
    ['an event named constructor', ['42["constructor"]'], ['42["constructor"]']],
    ['an event named error', ['42["error",1]'], ['42["error",1]']],
    ...[
      'emit',
      'on',
      'once',
      'off',
      '_events',
      '_eventsCount',
      'domain',
      'rejection',
      'toString',
      'hasOwnProperty',
    ].map((name): [string, readonly string[], readonly string[]] => [
      `an event named ${name}`,
      [`42["${name}"]`],
      [`42["${name}"]`],
    ]),
    ['acknowledgements that nobody asked for', ['4399["x"]', '430[]', '42["x"]'], ['42["x"]']],
  ])('gets the answer to %s', async (_what, sent, expected) => {
    const { port } = await serveNoting();
    const peer = await RawPeer.connect(port);
    peer.send(...sent);
    if (sent[0] === '40/a,') await peer.next();
    for (const one of expected) expect(await peer.next()).toEqual(one);
  });

  it('is answered in one chunk with its connect', async () => {
    const { port } = await serveNoting();
    const peer = await RawPeer.open(port);
    peer.send('40', '42["x"]');
    expect(await peer.next()).toMatch(/^40\{"sid":"[\w-]{20}"\}$/);
    expect(await peer.next()).toBe('42["x"]');
  });

  it.each([
    ['nothing', '40/none', '44/none,{"message":"Invalid namespace"}'],
    ['a prototype', '40/__proto__,', '44/__proto__,{"message":"Invalid namespace"}'],
    ['a query', '40/a?b=c,', '44/a?b=c,{"message":"Invalid namespace"}'],
  ])('is told that there is no namespace named after %s', async (_what, sent, expected) => {
    const { port } = await serveNoting();
    const peer = await RawPeer.connect(port);
    peer.send(sent, '42["x"]');
    expect(await peer.next()).toBe(expected);
    expect(await peer.next()).toBe('42["x"]');
  });

  it('leaves a namespace and joins it again', async () => {
    const { port, notes } = await serveNoting();
    const peer = await RawPeer.connect(port);
    peer.send('40/a,');
    await peer.next();
    peer.send('41/a,', '40/a,', '42/a,["x"]');
    expect(await peer.next()).toMatch(/^40\/a,/);
    expect(await peer.next()).toBe('42/a,["x"]');
    expect(notes).toEqual(['/a has 1 room', '/a client namespace disconnect']);
  });

  it('may not know yet that the server left a namespace', async () => {
    const { io, port, notes } = await serveNoting();
    const peer = await RawPeer.connect(port);
    peer.send('40/a,');
    await peer.next();
    io.of('/a').disconnectSockets();
    peer.send('42/a,["x"]', '43/a,1["x"]', '451-/a,["x",{"_placeholder":true,"num":0}]', bytes, '41/a,', '42["y"]');
    expect(await peer.next()).toBe('41/a,');
    expect(await peer.next()).toBe('42["y"]');
    expect(notes).toEqual(['/a has 1 room', '/a server namespace disconnect']);
  });

  it('may have half a packet under way to a namespace that the server leaves', async () => {
    const { io, port } = await serveNoting();
    const peer = await RawPeer.connect(port);
    peer.send('40/a,');
    await peer.next();
    const [socket] = io.of('/a').sockets.values();
    const haveCome = new Promise<void>((resolve) => {
      socket!.conn.on('data', (data: unknown) => typeof data !== 'string' && resolve());
    });
    peer.send('452-/a,["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', bytes);
    await haveCome;
    io.of('/a').disconnectSockets();
    expect(await peer.next()).toBe('41/a,');
    peer.send(bytes, '42["y"]');
    expect(await peer.next()).toBe('42["y"]');
  });
});

describe('a client that breaks the protocol', () => {
  it.each<[string, readonly (string | Buffer)[], string]>([
    ['sends no packet', ['4x'], 'unknown packet type'],
    ['sends an empty packet', ['4'], 'unknown packet type'],
    ['sends broken JSON', ['42["x"'], 'invalid payload'],
    ['sends a reserved name', ['42["disconnect"]'], 'invalid payload'],
    ['sends bytes that are due to no packet', [bytes], 'got binary data when not reconstructing a packet'],
    [
      'sends text where bytes are due',
      ['451-["x",{"_placeholder":true,"num":0}]', '42["x"]'],
      'got plaintext data when reconstructing a packet',
    ],
    ['connects twice', ['40'], 'connected twice'],
    ['refuses the server', ['44{"message":"no"}'], 'refused by a client'],
    ['sends to a namespace that it isn’t in', ['42/a,["x"]'], 'not joined'],
    [
      'sends binary to a namespace that it isn’t in',
      ['451-/a,["x",{"_placeholder":true,"num":0}]', bytes],
      'not joined',
    ],
    ['announces an attachment that has no place', ['451-["x"]'], 'attachment without placeholder'],
    [
      'sends 1,001 levels',
      [`42["x",${'['.repeat(1_000)}${']'.repeat(1_000)}]`],
      'data nests deeper than 1000 levels (maxDepth)',
    ],
    ['sends 11 attachments', ['4511-["x"]'], 'more than maxAttachments, or none'],
  ])('loses its connection and no other when it %s', async (_what, sent, why) => {
    const { io, port, notes } = await serveNoting();
    const bystander = await RawPeer.connect(port);
    const peer = await RawPeer.connect(port);
    peer.send(...sent);
    expect(await peer.untilClosed()).toEqual([]);
    expect(notes).toEqual(['/ has 1 room', `/ forced close: ${why}`]);
    expect(io.of('/').adapter.sids.size).toBe(1);
    bystander.send('42["x"]');
    expect(await bystander.next()).toBe('42["x"]');
  });

  it.each<[string, readonly (string | Buffer)[]]>([
    ['an event', ['42["x"]']],
    ['an acknowledgement', ['431[]']],
    ['a disconnect', ['41']],
    ['bytes', [bytes]],
    ['binary', ['451-["x",{"_placeholder":true,"num":0}]', bytes]],
    ['auth that is null', ['40null']],
    ['auth that is an array', ['40[]']],
  ])('may not begin with %s', async (_what, sent) => {
    const { port } = await serveNoting();
    const peer = await RawPeer.open(port);
    peer.send(...sent);
    expect(await peer.untilClosed()).toEqual([]);
  });

  it('may not go on after it left', async () => {
    const { port, notes } = await serveNoting();
    const peer = await RawPeer.connect(port);
    peer.send('41', '42["x"]');
    expect(await peer.untilClosed()).toEqual([]);
    expect(notes).toEqual(['/ has 1 room', '/ client namespace disconnect']);
  });

  it('gets an error event to its sockets for what is no packet', async () => {
    const { io, port } = await serveNoting();
    const errors: string[] = [];
    io.on('connection', (socket) => socket.on('error', (error) => errors.push(error.message)));
    const peer = await RawPeer.connect(port);
    peer.send('42{}');
    await peer.untilClosed();
    expect(errors).toEqual(['invalid payload']);
  });
});

describe('limits', () => {
  it('closes who joins no namespace in time, and nobody else', async () => {
    const { io, port } = await serve({ connectTimeout: 100 });
    io.use((socket, next) => {
      if (!socket.handshake.auth['silent']) next();
    });
    const idle = await RawPeer.open(port);
    const refused = await RawPeer.open(port, '40/none,');
    const undecided = await RawPeer.open(port, '40{"silent":true}');
    const good = await RawPeer.connect(port);
    expect(await idle.untilClosed()).toEqual([]);
    expect(await refused.untilClosed()).toEqual(['44/none,{"message":"Invalid namespace"}']);
    expect(await undecided.untilClosed()).toEqual([]);
    expect(io.engine.clientsCount).toBe(1);
    expect(io.of('/').adapter.sids.size).toBe(1);
    good.send('41');
  });

  it.each([
    ['has said nothing', undefined],
    ['asked for a namespace that there isn’t', '40/none,'],
    ['is still being decided upon', '40{"silent":true}'],
  ])('lets in only so many clients of whom each %s', async (_what, first) => {
    const { io, port } = await serve({ maxSilentSessions: 3 });
    io.use((socket, next) => {
      if (!socket.handshake.auth['silent']) next();
    });
    const silent = [await RawPeer.open(port, first), await RawPeer.open(port, first), await RawPeer.open(port, first)];
    if (first === '40/none,') for (const peer of silent) expect(await peer.next()).toMatch(/^44/);
    const opening = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
    const refused = await fetch(opening);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    silent[0]!.send('40{"in":true}');
    if (first === '40{"silent":true}') silent[0]!.cut();
    else expect(await silent[0]!.next()).toMatch(/^40/);
    await expect.poll(async () => (await fetch(opening)).status).toBe(200);
  });

  it.each([
    ['asks for a namespace that there is not', '40/none,'],
    ['is not let in by middleware', '40/closed,'],
    ['waits for middleware that never answers', '40/undecided,'],
  ])('closes whoever %s at connectTimeout, though it does not ask for what waits for it', async (_what, packet) => {
    const { io, url } = await serve({ connectTimeout: 100 });
    io.of('/closed').use((_socket, next) => next(new Error('no')));
    io.of('/undecided').use(() => {});
    const polling = `${url}/socket.io/?EIO=4&transport=polling`;
    const sid = /"sid":"([^"]+)"/.exec(await (await fetch(polling)).text())![1];
    await fetch(`${polling}&sid=${sid}`, { method: 'POST', body: packet });
    await vi.waitFor(() => expect(io.engine.clientsCount).toBe(0), { timeout: 5_000 });
  });

  it('lets others in when the time of those who say nothing is up, and keeps nothing of these', async () => {
    const { io, port } = await serve({ maxSilentSessions: 50, connectTimeout: 3_000 });
    const opening = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
    const answers = await Promise.all(Array.from({ length: 70 }, () => fetch(opening)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(20);
    await expect.poll(() => io.engine.clientsCount, { timeout: 10_000 }).toBe(0);
    expect(io.connectDeadlines.size).toBe(0);
    expect((await fetch(opening)).status).toBe(200);
  });

  it('lets a client be in so many namespaces', async () => {
    const { io, port } = await serve({ maxNamespaces: 2 });
    io.of(/^\/n\d+$/);
    const peer = await RawPeer.connect(port);
    peer.send('40/n1,', '40/n2,', '41/n1,', '40/n2,');
    expect(await peer.next()).toMatch(/^40\/n1,/);
    expect(await peer.next()).toBe('44/n2,{"message":"Too many namespaces"}');
    expect(await peer.next()).toMatch(/^40\/n2,/);
  });

  it('keeps nothing of 50,000 namespaces that a client asked for', async () => {
    const { io, port } = await serve({ cleanupEmptyChildNamespaces: true });
    io.of(/^\/n\d+$/);
    const peer = await RawPeer.connect(port);
    for (let n = 0; n < 50_000; n++) peer.send(`40/n${n},`);
    let refused = 0;
    for (let n = 0; n < 50_000; n++) if (String(await peer.next()).startsWith('44')) refused++;
    expect(refused).toBe(49_001);
    expect(io._nsps.size).toBe(1_000);
    peer.cut();
    await vi.waitFor(() => expect(io._nsps.size).toBe(1));
  });

  it.each([
    ['fewer', 10, 9, 10],
    ['more', 3_000, 2_999, 3_000],
  ])('lets %s levels of depth in where it is told to, and out', async (_what, maxDepth, fits, isTooDeep) => {
    const { io, port } = await serve({ maxDepth });
    const failures: unknown[] = [];
    io.on('listener_error', (error) => failures.push(error));
    io.on('connection', (socket) => {
      socket.on('x', (value: unknown) => socket.emit('y', value));
      socket.on('wrap', (value: unknown) => socket.emit('y', [value]));
    });
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    const peer = await RawPeer.connect(port);
    peer.send(`42["x",${nested(fits)}]`);
    expect(await peer.next()).toBe(`42["y",${nested(fits)}]`);
    // It fits itself; what is made of it doesn't.
    peer.send(`42["wrap",${nested(fits)}]`);
    await vi.waitFor(() => expect(failures).toEqual([expect.objectContaining({ code: 'ERR_ARGUMENT' })]));
    peer.send(`42["x",${nested(isTooDeep)}]`);
    expect(await peer.untilClosed()).toEqual([]);
  });

  it('lets 11 attachments in where it is told to', async () => {
    const { io, port } = await serve({ maxAttachments: 11 });
    io.on('connection', (socket) => socket.on('x', (...args: unknown[]) => socket.emit('count', args.length)));
    const peer = await RawPeer.connect(port);
    const placeholders = Array.from({ length: 11 }, (_, num) => `{"_placeholder":true,"num":${num}}`);
    peer.send(`4511-["x",${placeholders.join()}]`, ...placeholders.map(() => bytes));
    expect(await peer.next()).toBe('42["count",11]');
  });
});

describe('a deep value', () => {
  it.each([
    ['echoed', (socket: Socket, value: unknown) => socket.emit('y', value)],
    ['wrapped too deep to be sent', (socket: Socket, value: unknown) => socket.emit('y', { value })],
    ['broadcast', (socket: Socket, value: unknown) => socket.nsp.emit('y', value)],
    ['broadcast wrapped too deep', (socket: Socket, value: unknown) => socket.nsp.emit('y', { value })],
    ['sent beside binary', (socket: Socket, value: unknown) => socket.emit('y', value, Buffer.alloc(1))],
    ['an answer', (_socket: Socket, value: unknown, reply: (value: unknown) => void) => reply(value)],
    [
      'an answer, wrapped too deep',
      (_socket: Socket, value: unknown, reply: (value: unknown) => void) => reply([[value]]),
    ],
    [
      'an answer beside binary, wrapped too deep',
      (_socket: Socket, value: unknown, reply: (...value: unknown[]) => void) => reply([[value]], Buffer.alloc(1)),
    ],
  ])('of 999 levels is %s, and the process lives', async (_what, answer) => {
    const { io, port } = await serve();
    const failures: unknown[] = [];
    io.on('listener_error', (error) => failures.push(error));
    io.on('connection', (socket) => {
      socket.on('x', (value: unknown, reply: () => void) => answer(socket, value, reply));
      socket.on('ping', () => socket.emit('pong', failures.length));
    });
    const peer = await RawPeer.connect(port);
    peer.send(`427["x",${'['.repeat(999)}${']'.repeat(999)}]`, '42["ping"]');
    const answers = [await peer.next()];
    while (!String(answers.at(-1)).startsWith('42["pong"')) answers.push(await peer.next());
    expect(answers.length > 1 ? '42["pong",0]' : '42["pong",1]').toBe(answers.at(-1));
  });
});
