import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TearingProxy } from './tearing-proxy.ts';

/** A server that sends back what it gets, and what became of its connections. */
async function serveEcho() {
  const sockets: Socket[] = [];
  const endings: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.pipe(socket);
    socket.on('error', (error: NodeJS.ErrnoException) => endings.push(error.code ?? error.message));
    socket.on('end', () => endings.push('end'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, sockets, endings, port: (server.address() as AddressInfo).port };
}

/** Reads until `bytes` have come, and returns the pieces that they came in. */
async function read(socket: Socket, bytes: number): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const [piece] = (await once(socket, 'data')) as [Buffer];
    pieces.push(piece);
    length += piece.length;
  }
  return pieces;
}

describe('the tearing proxy', () => {
  let echo: Awaited<ReturnType<typeof serveEcho>>;
  let proxy: TearingProxy;
  let client: Socket;

  beforeEach(async () => {
    echo = await serveEcho();
    proxy = await TearingProxy.before(echo.port);
    client = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
    await Promise.all([once(client, 'connect'), once(echo.server, 'connection')]);
  });

  afterEach(async () => {
    client.destroy();
    await proxy.close();
    for (const socket of echo.sockets) socket.destroy();
    echo.server.close();
  });

  const theLine = () => [...proxy.lines][0]!;

  it('passes a megabyte there and back unchanged', async () => {
    const sent = Buffer.alloc(1_000_000, 'throughline');
    client.write(sent);
    expect(Buffer.concat(await read(client, sent.length)).equals(sent)).toBe(true);
    expect([theLine().up.passed, theLine().down.passed]).toEqual([sent.length, sent.length]);
  });

  it('tears what passes into pieces, and keeps its order', async () => {
    theLine().up.tear(60, () => 1);
    theLine().down.tear(30, () => 7);
    client.write('abcdefghij'.repeat(6));
    const pieces = await read(client, 60);
    expect(Buffer.concat(pieces).toString()).toBe('abcdefghij'.repeat(6));
    expect(pieces.length).toBeGreaterThan(4);
  });

  it.each([
    ['reset', 'ECONNRESET'],
    ['end', 'end'],
  ] as const)('cuts with %s, and both sides see %s', async (how, seen) => {
    client.write('x');
    await read(client, 1);
    const over = new Promise((resolve) => client.on('close', resolve));
    let clientSaw = 'end';
    client.on('error', (error: NodeJS.ErrnoException) => (clientSaw = error.code!));
    proxy.cut(how);
    await Promise.all([over, theLine()?.closed]);
    expect(clientSaw).toBe(seen);
    await expect.poll(() => echo.endings).toEqual([seen]);
    expect(proxy.lines.size).toBe(0);
  });

  it.each([0, 1, 5])('cuts after exactly %i bytes', async (bytes) => {
    const line = theLine();
    line.up.after(bytes, () => line.cut('end'));
    const heard: Buffer[] = [];
    echo.sockets[0]!.on('data', (piece: Buffer) => heard.push(piece));
    client.write('abcdefghij');
    await line.closed;
    await expect.poll(() => echo.endings).toEqual(['end']);
    expect(Buffer.concat(heard).toString()).toBe('abcdefghij'.slice(0, bytes));
  });

  it('delays each byte, either way', async () => {
    proxy.delay(60);
    const before = performance.now();
    client.write('x');
    await read(client, 1);
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThanOrEqual(119);
    expect(tookMs).toBeLessThan(400);
  });

  it('swallows in a blackhole what is sent, and on new connections too; then it goes on', async () => {
    proxy.blackhole();
    const second = connect({ port: proxy.port, host: '127.0.0.1' });
    const early: string[] = [];
    for (const socket of [client, second]) socket.on('data', () => early.push('heard'));
    client.write('first');
    second.write('second');
    await proxy.nextLine();
    // What would wrongly pass has passed by the time that a third way there and back is done.
    const probe = connect(echo.port, '127.0.0.1');
    probe.write('probe');
    await read(probe, 5);
    probe.destroy();
    expect(early).toEqual([]);
    const both = Promise.all([read(client, 5), read(second, 6)]);
    proxy.light();
    expect((await both).map((pieces) => Buffer.concat(pieces).toString())).toEqual(['first', 'second']);
    second.destroy();
  });

  it('swallows one way alone', async () => {
    const line = theLine();
    line.down.stall();
    const arrived = once(echo.sockets[0]!, 'data');
    client.write('up');
    expect(String((await arrived)[0])).toBe('up');
    expect(line.down.passed).toBe(0);
    line.release();
    expect(Buffer.concat(await read(client, 2)).toString()).toBe('up');
  });

  it('tells nobody in a blackhole that the other side has gone, and tells it afterwards', async () => {
    client.write('x');
    await read(client, 1);
    const line = theLine();
    line.stall();
    const gone = once(client, 'close');
    client.resetAndDestroy();
    await gone;
    expect(echo.endings).toEqual([]);
    line.release();
    await expect.poll(() => echo.endings).toEqual(['ECONNRESET']);
  });
});
