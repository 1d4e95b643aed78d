import type { Server, Socket as ServerSocket } from 'socket.io';
import type { Socket as ClientSocket } from 'socket.io-client';
import { describe, expect } from 'vitest';
import { lines } from './ends.ts';
import { heard, onStage, type Stage } from './stage.ts';

/** Three clients: `a` in red, `b` in red and blue, `c` in blue. Each notes what it hears of `news`. */
async function meetInRooms(stage: Stage) {
  const io = await stage.serve();
  const rooms = { a: ['red'], b: ['red', 'blue'], c: ['blue'] };
  const clients: Record<string, ClientSocket> = {};
  const sockets: Record<string, ServerSocket> = {};
  const notes: [string, unknown][] = [];
  for (const [name, joins] of Object.entries(rooms)) {
    const [client, socket] = await stage.meet(io);
    clients[name] = client;
    sockets[name] = socket;
    socket.data = { name };
    await socket.join(joins);
    client.on('news', (value: unknown) => notes.push([name, value]));
  }
  const [a, b, c] = [sockets['a']!, sockets['b']!, sockets['c']!] as const;

  /** What everybody heard, once `send` has done its work and everything has arrived. */
  const after = async (send: () => void) => {
    send();
    const ends = Object.values(clients).map((client) => heard(client, 'end'));
    for (const socket of Object.values(sockets)) if (socket.connected) socket.emit('end');
    await Promise.all(ends);
    return notes
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([name, value]) => `${name}:${String(value)}`);
  };
  return { io, a, b, c, clients, after };
}

type Scene = Awaited<ReturnType<typeof meetInRooms>>;

describe.each(lines)('$name: rooms', (line) => {
  const it = onStage(line);

  it.for<readonly [string, (scene: Scene) => void, readonly string[]]>([
    ['all from the server', ({ io }) => io.emit('news', 1), ['a:1', 'b:1', 'c:1']],
    ['all from the namespace', ({ io }) => io.of('/').emit('news', 1), ['a:1', 'b:1', 'c:1']],
    ['one room', ({ io }) => io.to('red').emit('news', 1), ['a:1', 'b:1']],
    ['one room by its other name', ({ io }) => io.in('red').emit('news', 1), ['a:1', 'b:1']],
    ['two rooms, each member once', ({ io }) => io.to('red').to('blue').emit('news', 1), ['a:1', 'b:1', 'c:1']],
    ['a list of rooms', ({ io }) => io.to(['red', 'blue']).emit('news', 1), ['a:1', 'b:1', 'c:1']],
    ['a room but for another', ({ io }) => io.to('red').except('blue').emit('news', 1), ['a:1']],
    ['all but a room', ({ io }) => io.except('red').emit('news', 1), ['c:1']],
    ['nobody, in an empty room', ({ io }) => io.to('green').emit('news', 1), []],
    ['nobody, in a room of the prototype', ({ io }) => io.to('__proto__').emit('news', 1), []],
    ['one socket by its id', ({ io, c }) => io.to(c.id).emit('news', 1), ['c:1']],
    ['all others, by broadcast', ({ a }) => a.broadcast.emit('news', 1), ['b:1', 'c:1']],
    ['the others in a room', ({ b }) => b.to('blue').emit('news', 1), ['c:1']],
    ['the others but a room', ({ a }) => a.broadcast.except('blue').emit('news', 1), []],
    ['itself alone', ({ a }) => a.emit('news', 1), ['a:1']],
    ['those here, of all servers', ({ io }) => io.local.emit('news', 1), ['a:1', 'b:1', 'c:1']],
    ['uncompressed ones too', ({ io }) => io.compress(false).to('red').emit('news', 1), ['a:1', 'b:1']],
    ['a room after someone left it', ({ io, b }) => (void b.leave('red'), io.to('red').emit('news', 1)), ['a:1']],
    [
      'a room that others were sent to',
      ({ io }) => (io.in('red').socketsJoin('x'), io.to('x').emit('news', 1)),
      ['a:1', 'b:1'],
    ],
    [
      'a room that others were put out of',
      ({ io, b }) => (io.in(b.id).socketsLeave('red'), io.to('red').emit('news', 1)),
      ['a:1'],
    ],
  ])('reach %s', async ([_whom, send, expected], { stage }) => {
    const scene = await meetInRooms(stage);
    expect(await scene.after(() => send(scene))).toEqual(expected);
  });

  it('reach all with bytes, each with the same', async ({ stage }) => {
    const { io, clients } = await meetInRooms(stage);
    const arrived = Promise.all(Object.values(clients).map((client) => heard(client, 'bytes')));
    io.emit('bytes', Buffer.from([1, 2, 3]), { deep: [Buffer.from([4])] });
    for (const args of await arrived) expect(args).toEqual([Buffer.from([1, 2, 3]), { deep: [Buffer.from([4])] }]);
  });

  it('gather the answers of all members', async ({ stage }) => {
    const { io, clients } = await meetInRooms(stage);
    for (const [name, client] of Object.entries(clients)) {
      client.on('who', (answer: (given: string) => void) => answer(name));
    }
    expect((await io.timeout(5_000).emitWithAck('who')).toSorted()).toEqual(['a', 'b', 'c']);
    expect((await io.to('blue').timeout(5_000).emitWithAck('who')).toSorted()).toEqual(['b', 'c']);
  });

  it('hand over what answers came, with an error, when some did not', async ({ stage }) => {
    const { io, clients } = await meetInRooms(stage);
    clients['a']!.on('who', (answer: (given: string) => void) => answer('a'));
    const [error, answers] = await new Promise<[Error, string[]]>((resolve) => {
      io.timeout(200).emit('who', (...given: unknown[]) => resolve(given as [Error, string[]]));
    });
    expect(error).toBeInstanceOf(Error);
    expect(answers).toEqual(['a']);
  });

  it('tell who is in them', async ({ stage }) => {
    const { io, a, b } = await meetInRooms(stage);
    const inRed = await io.in('red').fetchSockets();
    expect(inRed.map(({ id }) => id).toSorted()).toEqual([a.id, b.id].toSorted());
    expect(inRed.map(({ data }) => (data as { name: string }).name).toSorted()).toEqual(['a', 'b']);
    expect([...inRed.find(({ id }) => id === b.id)!.rooms]).toEqual([b.id, 'red', 'blue']);
    expect(await io.allSockets().then((ids) => ids.size)).toBe(3);
  });

  it('lose their members as these disconnect, after disconnecting was heard', async ({ stage }) => {
    const { a, clients } = await meetInRooms(stage);
    const seen: unknown[] = [];
    a.on('disconnecting', () => seen.push([...a.rooms]));
    const gone = heard(a, 'disconnect');
    clients['a']!.disconnect();
    await gone;
    expect(seen).toEqual([[a.id, 'red']]);
    expect(a.rooms.size).toBe(0);
  });

  it('can be emptied by disconnecting everyone in them', async ({ stage }) => {
    const { io, clients } = await meetInRooms(stage);
    const gone = ['a', 'b'].map((name) => heard(clients[name]!, 'disconnect'));
    io.in('red').disconnectSockets();
    expect((await Promise.all(gone)).map(([reason]) => reason)).toEqual([
      'io server disconnect',
      'io server disconnect',
    ]);
    expect(clients['c']!.connected).toBe(true);
  });

  it('come and go with events of the adapter', async ({ stage }) => {
    const io: Server = await stage.serve();
    const seen: unknown[] = [];
    for (const event of ['create-room', 'join-room', 'leave-room', 'delete-room']) {
      io.of('/').adapter.on(event, (room: string) => (room === 'red' ? seen.push(event) : undefined));
    }
    const [, socket] = await stage.meet(io);
    await socket.join('red');
    await socket.leave('red');
    expect(seen).toEqual(['create-room', 'join-room', 'leave-room', 'delete-room']);
  });
});
