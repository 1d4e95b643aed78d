import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as OfficialEngine } from 'engine.io';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Server } from '../../server/events/index.ts';
import type { Socket } from '../../server/events/index.ts';
import { OptionError } from '../../shared/options.ts';
import { begin, heard, meet } from './meet.ts';
import { RawPeer, serve } from './raw-peer.ts';

async function listening(http: HttpServer): Promise<number> {
  if (!http.listening) await once(http, 'listening');
  onTestFinished(() => {
    http.closeAllConnections();
    if (http.listening) http.close();
  });
  return (http.address() as AddressInfo).port;
}

const portOf = (io: Server): Promise<number> => listening(io.httpServer as HttpServer);

describe('a server', () => {
  it.each<[string, () => Server]>([
    ['made with an http server', () => new Server(createServer().listen(0))],
    ['made with a port', () => new Server(0)],
    ['made with a port that is a text', () => new Server('0')],
    ['that listens on a port', () => new Server().listen(0)],
    ['that attaches to a port', () => new Server().attach(0)],
    ['made with options first', () => new Server({ pingInterval: 1_000 }).listen(createServer().listen(0))],
  ])('%s is met', async (_how, make) => {
    const io = make();
    onTestFinished(() => io.close());
    const port = await portOf(io);
    const [client] = await meet(io, `http://127.0.0.1:${port}`);
    expect(client.connected).toBe(true);
    expect(io.engine.clientsCount).toBe(1);
  });

  it('hands its options to the engine', async () => {
    const { io, port } = await serve({ pingInterval: 1_234, maxHttpBufferSize: 5_678, transports: ['polling'] });
    const answer = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
    expect(JSON.parse((await answer.text()).slice(1))).toMatchObject({
      pingInterval: 1_234,
      maxPayload: 5_678,
      upgrades: [],
    });
    expect(io._opts).toBe(io.opts);
  });

  it('bounds what comes in, and asks nothing of who came honestly, unless it is told otherwise', async () => {
    const { io } = await serve();
    const MIB = 2 ** 20;
    expect(io.limits).toMatchObject({
      connectTimeout: 45_000,
      maxAttachments: 10,
      maxDepth: 1_000,
      maxNamespaces: 1_000,
      maxSilentSessions: 10_000,
    });
    expect(io.engine.opts).toMatchObject({
      maxHttpBufferSize: 1_000_000,
      maxSilentSessions: 10_000,
      cors: undefined,
      corsWebSocket: true,
      bindOrigin: true,
      cookie: false,
      allowEIO3: false,
      // Of a heap of a gigabyte and more.
      stalledQueueBytes: 16 * MIB,
      stalledTimeout: 10_000,
      maxQueuedBytes: 128 * MIB,
      resume: { window: 20_000, maxPackets: 10_000, maxBytes: 1_000_000, maxTotalBytes: 256 * MIB },
    });
  });

  it('answers under its path, and leaves all else to others', async () => {
    const http = createServer((_request, response) => response.end('theirs'));
    const io = new Server(http, { path: '/mine/' });
    onTestFinished(() => io.close());
    const port = await listening(http.listen(0));
    expect(await (await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`)).text()).toBe('theirs');
    expect(await (await fetch(`http://127.0.0.1:${port}/mine/?EIO=4&transport=polling`)).text()).toMatch(/^0\{/);
  });

  it.each([
    ['connectTimeout', -1],
    ['connectTimeout', 'soon'],
    ['maxAttachments', 1.5],
    ['maxNamespaces', 0],
    ['pingInterval', -1],
    ['pingTimeout', Infinity],
    ['transports', ['webtransport']],
  ])('refuses %s: %j', (name, value) => {
    expect(() => new Server(createServer(), { [name]: value })).toThrow(OptionError);
    expect(() => new Server(createServer(), { [name]: value })).toThrow(name);
  });

  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ transports: ['polling', 'webtransport'] }, { upgrades: [] }],
    [{ transports: 'polling' }, { upgrades: [] }],
    [{ maxHttpBufferSize: Infinity }, { maxPayload: Number.MAX_SAFE_INTEGER }],
    [{ maxHttpBufferSize: '5000' }, { maxPayload: 5_000 }],
    [
      { pingInterval: '5000', pingTimeout: '4000', connectTimeout: '300' },
      { pingInterval: 5_000, pingTimeout: 4_000 },
    ],
    [{ pingInterval: 1_000 / 3 }, { pingInterval: 334 }],
    [{ allowUpgrades: 0 }, { upgrades: [] }],
    [{ cookie: null, httpCompression: null, perMessageDeflate: null, adapter: null, parser: null, path: null }, {}],
  ])('starts with %j, as Socket.IO does', async (options, opened) => {
    const { port } = await serve(options);
    const answer = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
    expect(answer.headers.get('set-cookie')).toBe(null);
    expect(JSON.parse((await answer.text()).slice(1))).toMatchObject(opened);
  });

  it.each([
    ['io', /^io=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/],
    [{ name: 'mine', httpOnly: false }, /^mine=[^;]+; Path=\/; SameSite=Lax$/],
  ])('sets a cookie for %j', async (cookie, expected) => {
    const { port } = await serve({ cookie } as object);
    const answer = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
    expect(answer.headers.get('set-cookie')).toMatch(expected);
  });

  it.each([
    [0, true],
    ['', true],
    [false, false],
  ])('with serveClient %j serves the client’s script: %j', (serveClient, serves) => {
    expect(new Server({ serveClient } as object).serveClient()).toBe(serves);
  });

  it('can be asked for what tools written for Socket.IO ask for', async () => {
    const { io, url } = await serve({ path: '/elsewhere/' });
    const parents = [io.of(/^\/a/), io.of((_name, _auth, next) => next(null, true))];
    const client = begin(url, { path: '/elsewhere' });
    const [socket] = (await once(io, 'connection')) as [Socket];
    await heard(client, 'connect');
    expect(io.eio).toBe(io.engine);
    expect(io._path).toBe('/elsewhere');
    expect([...io.parentNsps.values()]).toEqual(parents);
    expect(new io._parser.Encoder().encode({ type: 2, nsp: '/', data: ['x'] } as never)).toEqual(['2["x"]']);
    expect(socket.server).toBe(io);
  });

  it('says what to do with an Express app', () => {
    expect(() => new Server((() => {}) as never)).toThrow('app.use(io.middleware())');
  });

  it('says that uWebSockets.js is not supported', () => {
    expect(() => new Server().attachApp({})).toThrow('uWebSockets.js is not supported');
  });

  it('gets and sets what can be set later', () => {
    const io = new Server();
    expect([io.path(), io.serveClient(), io.connectTimeout()]).toEqual(['/socket.io', true, 45_000]);
    expect(io.path('/x/').serveClient(false).connectTimeout(1)).toBe(io);
    expect([io.path(), io.serveClient(), io.connectTimeout()]).toEqual(['/x', false, 1]);
  });

  it('changes the adapters of all its namespaces', () => {
    const io = new Server();
    const other = io.of('/other');
    const Before = io.adapter();
    class After extends (Before as new (nsp: unknown) => typeof other.adapter) {}
    const init = vi.spyOn(After.prototype, 'init');
    expect(io.adapter(After)).toBe(io);
    expect(io.adapter()).toBe(After);
    expect([other.adapter, io.sockets.adapter].every((adapter) => adapter instanceof After)).toBe(true);
    expect(init).toHaveBeenCalledTimes(2);
  });

  it('binds to another’s engine', async () => {
    const http = createServer();
    const engine = new OfficialEngine();
    engine.attach(http, { path: '/socket.io/' });
    const io = new Server();
    expect(io.bind(engine)).toBe(io);
    onTestFinished(() => io.close());
    const port = await listening(http.listen(0));
    const [client, socket] = await meet(io, `http://127.0.0.1:${port}`);
    client.on('ask', (n: unknown, reply: (n: unknown) => void) => reply(n));
    expect(await socket.emitWithAck('ask', { a: Buffer.from([1]) })).toEqual({ a: Buffer.from([1]) });
    const gone = once(socket, 'disconnect');
    client.io.engine.close();
    expect((await gone)[0]).toBe('transport close');
  });

  it('shares an http server with another of its kind', async () => {
    const http = createServer();
    const [first, second] = [new Server(http, { path: '/first' }), new Server(http, { path: '/second' })];
    onTestFinished(() => Promise.all([first.close(), second.close()]).then(() => {}));
    const port = await listening(http.listen(0));
    const clients = ['/first', '/second'].map((path) => begin(`http://127.0.0.1:${port}`, { path }));
    await Promise.all(clients.map((client) => heard(client, 'connect')));
    expect([first.engine.clientsCount, second.engine.clientsCount]).toEqual([1, 1]);
  });
});

describe('closing a server', () => {
  it('disconnects everyone, then closes the http server', async () => {
    const { io, url } = await serve();
    const [client, socket] = await meet(io, url);
    const [, other] = await meet(io, url, '/other');
    const reasons: unknown[] = [];
    for (const one of [socket, other]) one.on('disconnect', (reason) => reasons.push(reason));
    const told = heard(client, 'disconnect');
    const called = vi.fn();
    await io.close(called);
    expect(called).toHaveBeenCalledWith(undefined);
    expect(reasons).toEqual(['server shutting down', 'server shutting down']);
    expect((io.httpServer as HttpServer).listening).toBe(false);
    expect((await told)[0]).toMatch(/^transport (close|error)$/);
  });

  it('answers those who ask meanwhile with 503, and not with what the application has to say', async () => {
    const http = createServer((_request, response) => response.writeHead(404).end());
    const io = new Server(http);
    const port = await listening(http.listen(0));
    let letGo = (): void => {};
    vi.spyOn(io.of('/').adapter, 'close').mockReturnValue(new Promise((resolve) => (letGo = resolve)));
    const closed = io.close();
    const answer = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    letGo();
    await closed;
  });

  it('tells of an http server that isn’t open', async () => {
    const io = new Server(createServer());
    const called = vi.fn();
    await io.close(called);
    expect(called).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_SERVER_NOT_RUNNING' }));
    await new Server().close();
  });

  it('ends although a request is never answered', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const http = createServer(() => {});
    const io = new Server(http);
    const port = await listening(http.listen(0));
    const asked = fetch(`http://127.0.0.1:${port}/`).catch(() => 'cut off');
    await once(http, 'request');
    const closed = io.close();
    await vi.waitFor(() => expect(http.listening).toBe(false));
    vi.advanceTimersByTime(5_000);
    await closed;
    expect(await asked).toBe('cut off');
  });

  it('leaves no listener behind on an http server, however often', async () => {
    const http = createServer();
    const count = (): number[] => http.eventNames().map((name) => http.listenerCount(name));
    const before = count();
    for (let n = 0; n < 100; n++) await new Server(http).close();
    expect(count()).toEqual(before);
    expect(Object.hasOwn(http, 'emit')).toBe(false);
  });

  it('closes its adapters, and goes on where one fails', async () => {
    const { io, port } = await serve();
    await RawPeer.connect(port);
    vi.spyOn(io.of('/').adapter, 'close').mockRejectedValue(new Error('broken'));
    const other = vi.spyOn(io.of('/other').adapter, 'close');
    await io.close();
    expect(other).toHaveBeenCalledOnce();
    expect(io.engine.clientsCount).toBe(0);
  });
});
