import type { Namespace, Socket as ServerSocket } from 'socket.io';
import { describe, expect } from 'vitest';
import { lines } from './ends.ts';
import { heard, onStage } from './stage.ts';

describe.each(lines)('$name: namespaces', (line) => {
  const it = onStage(line);

  it('keep their sockets and their messages apart', async ({ stage }) => {
    const io = await stage.serve();
    io.of('/chat');
    const [mainClient, mainSocket] = await stage.meet(io);
    const [chatClient, chatSocket] = await stage.meet(io, '/chat');
    const heardBy: string[] = [];
    mainClient.on('news', () => heardBy.push('main'));
    chatClient.on('news', () => heardBy.push('chat'));
    io.of('/chat').emit('news');
    io.of('/chat').to(mainSocket.id).emit('news');
    mainSocket.emit('end');
    chatSocket.emit('end');
    await Promise.all([heard(mainClient, 'end'), heard(chatClient, 'end')]);
    expect(heardBy).toEqual(['chat']);
    expect(chatSocket.nsp.name).toBe('/chat');
  });

  it('are made as they are asked for, where a pattern allows', async ({ stage }) => {
    const io = await stage.serve();
    const parent = io.of(/^\/room-\d+$/);
    const arrived = heard<[ServerSocket]>(parent, 'connection');
    const client = stage.connect('/room-17');
    const [socket] = await arrived;
    expect(socket.nsp.name).toBe('/room-17');
    await heard(client, 'connect');
    const [error] = await heard<[Error]>(stage.connect('/room-x'), 'connect_error');
    expect(error.message).toBe('Invalid namespace');
  });

  it('are made as they are asked for, where a function allows', async ({ stage }) => {
    const io = await stage.serve();
    io.of((name, auth: { key?: string }, next) => next(null, name.startsWith('/tenant/') && auth.key === 'k'));
    await heard(stage.connect('/tenant/1', { auth: { key: 'k' } }), 'connect');
    const [error] = await heard<[Error]>(stage.connect('/tenant/2', { auth: { key: 'other' } }), 'connect_error');
    expect(error.message).toBe('Invalid namespace');
  });

  it('are announced as they are made', async ({ stage }) => {
    const io = await stage.serve();
    io.of(/^\/dynamic-/);
    const announced = heard<[Namespace]>(io, 'new_namespace');
    stage.connect('/dynamic-1');
    expect((await announced)[0].name).toBe('/dynamic-1');
  });

  it('inherit the middleware of their pattern, and reach all children through it', async ({ stage }) => {
    const io = await stage.serve();
    const parent = io.of(/^\/child-/).use((socket, next) => {
      socket.data.seenBy = 'parent';
      next();
    });
    const sockets: ServerSocket[] = [];
    parent.on('connection', (socket) => sockets.push(socket));
    const clients = ['/child-1', '/child-2'].map((name) => stage.connect(name));
    await Promise.all(clients.map((client) => heard(client, 'connect')));
    expect(sockets.map(({ data }) => data as unknown)).toEqual([{ seenBy: 'parent' }, { seenBy: 'parent' }]);
    const arrived = Promise.all(clients.map((client) => heard(client, 'news')));
    parent.emit('news', 'all');
    expect(await arrived).toEqual([['all'], ['all']]);
  });

  it('take names that are hard to write', async ({ stage }) => {
    const io = await stage.serve();
    for (const name of ['/ü', '/a b', '/__proto__', '/a,b'.replace(',', ';')]) {
      io.of(name);
      const [, socket] = await stage.meet(io, name);
      expect(socket.nsp.name).toBe(name);
    }
  });

  it('refuse names of the prototype that nobody made', async ({ stage }) => {
    await stage.serve();
    for (const name of ['/__proto__', '/constructor', '/toString']) {
      const [error] = await heard<[Error]>(stage.connect(name), 'connect_error');
      expect(error.message).toBe('Invalid namespace');
    }
  });

  it('can be left one by one while the connection stays', async ({ stage }) => {
    const io = await stage.serve();
    io.of('/second');
    const [first] = await stage.meet(io);
    const second = first.io.socket('/second', {});
    await heard(second, 'connect');
    const left = heard(second, 'disconnect');
    second.disconnect();
    expect((await left)[0]).toBe('io client disconnect');
    expect([first.connected, second.connected]).toEqual([true, false]);
    first.disconnect();
  });

  it('keep what is emitted for other servers from their own listeners', async ({ stage }) => {
    const io = await stage.serve();
    let arrived = 0;
    io.on('hello', () => (arrived += 1));
    io.serverSideEmit('hello', 1);
    const [client] = await stage.meet(io);
    expect([client.connected, arrived]).toEqual([true, 0]);
  });
});
