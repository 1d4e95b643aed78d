/** Our server on an http server that has other things to do, and in an Express app. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { Socket as Client } from 'engine.io-client';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';

import { Server, attach, listen as listenOn } from '../../server/engine/index.ts';
import { Poller, WebSocketPeer, ask, listen, next, open, serve, tcp } from './server-fixture.ts';

const opening = 'EIO=4&transport=polling';
const upgradeHead = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

describe('attached to an http server', () => {
  it('leaves other requests to listeners added before and after, and keeps its own from them', async () => {
    const seen: string[] = [];
    const listener = (name: string, answers: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      seen.push(`${name} ${request.url}`);
      if (answers) response.end(name);
    };
    const http = createServer(listener('before', true));
    const { port } = await serve({}, http);
    http.on('request', listener('after', false));
    expect((await ask(port, { path: '/other', query: 'a' })).body).toBe('before');
    expect((await ask(port, { path: '/engine.io', query: opening })).body).toBe('before');
    expect((await ask(port, { query: opening })).body).toMatch(/^0\{/);
    expect(seen).toEqual([
      'before /other?a',
      'after /other?a',
      `before /engine.io?${opening}`,
      `after /engine.io?${opening}`,
    ]);
  });

  it.each([
    ['/engine.io/', {}],
    ['/custom/', { path: '/custom' }],
    ['/custom/', { path: '/custom/' }],
    ['/custom', { path: '/custom', addTrailingSlash: false }],
    ['/a/b/', { path: '/a/b' }],
  ])('answers under %s with %j', async (path, options) => {
    const { port } = await serve(options);
    expect((await ask(port, { path, query: opening })).body).toMatch(/^0\{/);
  });

  it('leaves upgrades of other paths to other listeners, and keeps its own from them', async () => {
    const http = createServer();
    const { port } = await serve({ destroyUpgradeTimeout: 1 }, http);
    const seen: string[] = [];
    http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      seen.push(request.url!);
      socket.end('HTTP/1.1 418 Teapot\r\n\r\n');
    });
    const other = await tcp(port);
    other.socket.write(upgradeHead('/other'));
    expect(await other.ended).toBe('HTTP/1.1 418 Teapot\r\n\r\n');
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(1);
    expect(seen).toEqual(['/other']);
  });

  it('ends upgrades that nobody answers, unless it is told not to', async () => {
    const { port } = await serve({ destroyUpgradeTimeout: 20 });
    const dropped = await tcp(port);
    dropped.socket.write(upgradeHead('/other'));
    expect(await dropped.ended).toBe('');
    const patient = await serve({ destroyUpgrade: false, destroyUpgradeTimeout: 1 });
    const kept = await tcp(patient.port);
    const [, socket] = await new Promise<[IncomingMessage, Duplex]>((resolve) => {
      patient.http.on('upgrade', (...args: [IncomingMessage, Duplex]) => setTimeout(() => resolve(args), 30));
      kept.socket.write(upgradeHead('/other'));
    });
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  it('shares an http server with another one, and both leave it as it was', async () => {
    const http = createServer((_request, response) => void response.end('app'));
    const before = { emit: http.emit, events: http.eventNames(), listeners: http.listeners('request') };
    const port = await listen(http);
    for (let round = 0; round < 1_000; round++) {
      const first = attach(http, { path: '/first' });
      const second = attach(http, { path: '/second' });
      if (round % 50 > 0) {
        for (const engine of round % 2 ? [first, second] : [second, first]) engine.close();
        continue;
      }
      expect((await ask(port, { path: '/first/', query: opening })).body).toMatch(/^0\{/);
      expect((await ask(port, { path: '/second/', query: opening })).body).toMatch(/^0\{/);
      first.close();
      expect((await ask(port, { path: '/first/', query: opening })).body).toBe('app');
      expect((await ask(port, { path: '/second/', query: opening })).body).toMatch(/^0\{/);
      second.close();
    }
    expect(http.emit).toBe(before.emit);
    expect(Object.hasOwn(http, 'emit')).toBe(false);
    expect(http.listeners('request')).toEqual(before.listeners);
    expect(http.eventNames()).toEqual(before.events);
    expect(http.listenerCount('upgrade')).toBe(0);
  });

  it('lets all pass once it is detached, even under somebody who stood in front of it later', async () => {
    const http = createServer((_request, response) => void response.end('app'));
    const port = await listen(http);
    const engine = attach(http);
    const { emit } = http;
    http.emit = function (this: typeof http, ...args: unknown[]) {
      return Reflect.apply(emit, this, args) as boolean;
    } as typeof emit;
    engine.close();
    expect((await ask(port, { query: opening })).body).toBe('app');
    const again = attach(http);
    expect((await ask(port, { query: opening })).body).toMatch(/^0\{/);
    again.close();
    expect((await ask(port, { query: opening })).body).toBe('app');
  });

  it('ends its sessions and nothing else when it is closed', async () => {
    const { engine, http, port, sessions } = await serve();
    await open(port);
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    await peer.until(1);
    engine.close();
    await peer.closed;
    expect(sessions.map((session) => session.readyState)).toEqual(['closed', 'closed']);
    expect([engine.clientsCount, http.listening]).toEqual([0, true]);
  });

  it('answers who is between two polls before it leaves, where nobody else would', async () => {
    const { engine, http, port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    sessions[0]!.send('discarded');
    engine.close();
    const { status, body } = await poller.get();
    expect([status, body]).toEqual([400, '{"code":1,"message":"Session ID unknown"}']);
    http.on('request', (_request, response) => response.end('app'));
    expect((await poller.get()).body).toBe('app');
  });
});

describe('on a port of its own', () => {
  it('answers other requests with 501', async () => {
    const engine = await new Promise<Server>((resolve) => {
      const made: Server = listenOn(0, {}, () => resolve(made));
    });
    const http = engine.httpServer!;
    onTestFinished(() => {
      engine.close();
      http.closeAllConnections();
      http.close();
    });
    const { port } = http.address() as { port: number };
    expect((await ask(port, { path: '/' })).status).toBe(501);
    expect((await ask(port, { query: opening })).body).toMatch(/^0\{/);
  });
});

describe('as middleware of Express', () => {
  it('serves polling and upgrades, and leaves all else to the app', async () => {
    const engine = new Server();
    const app = express();
    app.use(engine.middleware());
    app.get('/hello', (_request, response) => void response.send('world'));
    const http = createServer(app);
    const port = await listen(http, () => engine.close());
    expect((await ask(port, { path: '/hello' })).body).toBe('world');
    const client = new Client(`http://localhost:${port}`);
    onTestFinished(() => void client.close());
    await new Promise<void>((resolve) => client.once('upgrade', () => resolve()));
    expect((await ask(port, { path: '/hello' })).body).toBe('world');
    expect((await ask(port, { path: '/missing' })).status).toBe(404);
    engine.close();
    expect(http.listenerCount('upgrade')).toBe(0);
    expect(Object.hasOwn(http, 'emit')).toBe(false);
  });

  it('finds the server once, and the path under which it is mounted', async () => {
    const engine = new Server();
    const app = express();
    app.use('/api', engine.middleware({ path: '/api/rt' }));
    const http = createServer(app);
    const port = await listen(http, () => engine.close());
    for (let index = 0; index < 3; index++)
      expect((await ask(port, { path: '/api/rt/', query: opening })).body).toMatch(/^0\{/);
    expect(http.listenerCount('upgrade')).toBe(1);
  });
});

describe('middleware of its own', () => {
  it('runs for requests and upgrades, in order, and sets headers on both', async () => {
    const { engine, port } = await serve();
    const order: string[] = [];
    engine.use((request, response, goOn) => {
      order.push(`1 ${(request as { _query?: { transport: string } })['_query']!.transport}`);
      response.setHeader('X-First', 'yes');
      setImmediate(goOn);
    });
    engine.use(async (_request, _response, goOn) => {
      order.push('2');
      await Promise.resolve();
      goOn();
      goOn();
    });
    const { headers, body } = await ask(port, { query: opening });
    expect([headers['x-first'], body]).toEqual(['yes', expect.stringMatching(/^0\{/)]);
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    const [response] = await next<[{ headers: Record<string, string> }]>(peer.socket, 'upgrade');
    expect(response.headers['x-first']).toBe('yes');
    expect(order).toEqual(['1 polling', '2', '1 websocket', '2']);
    expect(engine.clientsCount).toBe(2);
  });

  it('sets headers at the last moment, on both', async () => {
    const { engine, port } = await serve();
    engine.use((_request, response, goOn) => {
      const { writeHead } = response;
      response.writeHead = function late(this: typeof response, ...given: unknown[]) {
        this.setHeader('Set-Cookie', 'visit=1');
        return Reflect.apply(writeHead, this, given);
      };
      goOn();
    });
    expect((await ask(port, { query: opening })).headers['set-cookie']).toEqual(['visit=1']);
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    const [response] = await next<[{ headers: Record<string, string[]> }]>(peer.socket, 'upgrade');
    expect(response.headers['set-cookie']).toEqual(['visit=1']);
  });

  it.each([
    ['passes an error', (_request: unknown, _response: unknown, goOn: (error: Error) => void) => goOn(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('refuses the request when it %s', async (_how, middleware) => {
    const { engine, port, refusals } = await serve();
    engine.use(middleware as never);
    expect((await ask(port, { query: opening })).body).toBe('{"code":3,"message":"Bad request"}');
    expect(await new WebSocketPeer(port, 'EIO=4&transport=websocket').refused).toBe(400);
    expect(refusals.map(({ context }) => context['name'])).toEqual(['MIDDLEWARE_FAILURE', 'MIDDLEWARE_FAILURE']);
  });

  it('may answer itself, also instead of an upgrade', async () => {
    const { engine, port } = await serve();
    engine.use((_request, response) => void response.writeHead(401, { 'X-Why': 'login' }).end('login first'));
    const { status, body } = await ask(port, { query: opening });
    expect([status, body]).toEqual([401, 'login first']);
    const { socket, ended } = await tcp(port);
    socket.write(upgradeHead('/engine.io/?EIO=4&transport=websocket'));
    expect(await ended).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\nX-Why: login\r\n.*login first/s);
    expect(engine.clientsCount).toBe(0);
  });

  it('is survived by a peer that goes away meanwhile', async () => {
    const { engine, port } = await serve();
    const held = new Promise<[IncomingMessage, () => void]>((resolve) => {
      engine.use((request, _response, goOn) => resolve([request, goOn]));
    });
    const { socket } = await tcp(port);
    socket.write(upgradeHead('/engine.io/?EIO=4&transport=websocket'));
    const [request, goOn] = await held;
    socket.resetAndDestroy();
    await next(request.socket, 'close');
    goOn();
    expect(engine.clientsCount).toBe(0);
  });
});
