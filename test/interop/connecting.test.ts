import type { Socket as ServerSocket } from 'socket.io';
import { describe, expect } from 'vitest';
import { lines } from './ends.ts';
import { heard, onStage } from './stage.ts';

describe.each(lines)('$name: connecting', (line) => {
  const it = onStage(line);

  it('gives both ends the same id and the transport that was asked for', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve());
    expect(client.connected).toBe(true);
    expect(client.id).toBe(socket.id);
    expect(client.io.engine.transport.name).toBe(line.transports.at(-1));
    expect(socket.conn.transport.name).toBe(line.transports.at(-1));
  });

  it('hands over auth, query and headers with the handshake', async ({ stage }) => {
    const [, socket] = await stage.meet(await stage.serve(), '/', {
      auth: { token: 'let me in', level: 3 },
      query: { x: '42', 'ü?&': 'ß=' },
      extraHeaders: { 'x-custom': 'yes' },
    });
    const { auth, query, headers, time, issued, secure, xdomain, url, address } = socket.handshake;
    expect(auth).toEqual({ token: 'let me in', level: 3 });
    expect(query).toMatchObject({ x: '42', 'ü?&': 'ß=', EIO: '4', transport: line.transports[0] });
    expect(headers['x-custom']).toBe('yes');
    expect({ secure, xdomain, url: url.split('?')[0], address }).toEqual({
      secure: false,
      xdomain: false,
      url: '/socket.io/',
      address: expect.stringContaining('127.0.0.1'),
    });
    expect(new Date(time).getTime() / 1000).toBeCloseTo(issued / 1000, -1);
  });

  it('asks an auth function at each connect', async ({ stage }) => {
    const server = await stage.serve();
    let asked = 0;
    const [client, first] = await stage.meet(server, '/', { auth: (answer) => answer({ asked: ++asked }) });
    expect(first.handshake.auth).toEqual({ asked: 1 });
    const again = heard<[ServerSocket]>(server, 'connection');
    client.disconnect().connect();
    const [second] = await again;
    expect(second.handshake.auth).toEqual({ asked: 2 });
  });

  it('lets a middleware see the socket first and leave data on it', async ({ stage }) => {
    const server = await stage.serve();
    server.use((socket, next) => {
      expect(socket.connected).toBe(false);
      socket.data.user = socket.handshake.auth['user'];
      setImmediate(next);
    });
    const [, socket] = await stage.meet(server, '/', { auth: { user: 'eve' } });
    expect(socket.data).toEqual({ user: 'eve' });
  });

  it('tells whom a middleware refuses why, with the data of its error', async ({ stage }) => {
    const server = await stage.serve();
    server.use((_socket, next) => next(Object.assign(new Error('not you'), { data: { code: 'E_WHO', tries: 2 } })));
    const client = stage.connect();
    const [error] = await heard<[Error & { data?: unknown }]>(client, 'connect_error');
    expect(error).toBeInstanceOf(Error);
    expect({ message: error.message, data: error.data }).toEqual({
      message: 'not you',
      data: { code: 'E_WHO', tries: 2 },
    });
    expect(client.connected).toBe(false);
    expect(server.sockets.sockets.size).toBe(0);
  });

  it('refuses a namespace that nobody made', async ({ stage }) => {
    await stage.serve();
    const [error] = await heard<[Error]>(stage.connect('/nowhere'), 'connect_error');
    expect(error.message).toBe('Invalid namespace');
  });

  it('reports a server that is not there, and stays disconnected', async ({ stage }) => {
    const server = await stage.serve();
    await server.close();
    const client = stage.connect('/', { timeout: 2_000 });
    const [error] = await heard<[Error]>(client, 'connect_error');
    expect(error).toBeInstanceOf(Error);
    expect(client.connected).toBe(false);
  });

  it('asks allowRequest, and takes no for an answer', async ({ stage }) => {
    await stage.serve({ allowRequest: (request, decide) => decide(null, request.headers['x-pass'] === 'open') });
    const [error] = await heard<[Error]>(stage.connect(), 'connect_error');
    expect(error).toBeInstanceOf(Error);
    const passing = stage.connect('/', { extraHeaders: { 'x-pass': 'open' } });
    await heard(passing, 'connect');
  });

  it('carries several namespaces on one connection', async ({ stage }) => {
    const server = await stage.serve();
    server.of('/second');
    const [first] = await stage.meet(server);
    const second = first.io.socket('/second', {});
    await heard(second, 'connect');
    expect(second.io).toBe(first.io);
    expect(second.id).not.toBe(first.id);
    expect(server.engine.clientsCount).toBe(1);
  });

  it('serves on the path that it is given', async ({ stage }) => {
    const server = await stage.serve({ path: '/our/line/' });
    const [, socket] = await stage.meet(server, '/', { path: '/our/line' });
    expect(socket.handshake.url).toMatch(/^\/our\/line\/\?/);
  });
});
