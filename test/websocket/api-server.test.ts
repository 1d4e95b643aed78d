import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { describe, expect, it, onTestFinished } from 'vitest';

import { ServerWebSocket, WebSocket, WebSocketServer } from '../../websocket.ts';
import type { WebSocketServerOptions } from '../../websocket.ts';
import { RawPeer, upgradeRequest } from './raw-peer.ts';
import { call, closed, Inbox, open, serve, serveEcho, shut } from './stage.ts';

async function listen(http: Server): Promise<number> {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => void http.close());
  return (http.address() as AddressInfo).port;
}

describe('a WebSocketServer', () => {
  it.each<[string, WebSocketServerOptions]>([
    ['no source', {}],
    ['two sources', { port: 0, noServer: true }],
    ['nothing', undefined as never],
    ['null', null as never],
    ['sources that are null', { port: null, server: null } as never],
    ['three sources', { port: 0, noServer: true, server: createServer() }],
  ])('throws at %s', (_what, options) => {
    expect(() => new WebSocketServer(options)).toThrow(TypeError);
  });

  it.each<WebSocketServerOptions>([
    { port: 0, maxPayload: -1 },
    { port: 0, maxPayload: 1.5 },
    { port: 0, closeTimeout: -1 },
    { port: 0, limits: { highWaterBytes: 0 } },
    { port: 0, perMessageDeflate: { threshold: -1 } },
    { port: 0, perMessageDeflate: { serverMaxWindowBits: 7 } },
    { port: 0, perMessageDeflate: { clientMaxWindowBits: 16 } },
    { port: 0, perMessageDeflate: { zlibDeflateOptions: { level: 10 } } },
  ])('throws at %j, naming what it may be', (options) => {
    expect(() => new WebSocketServer(options)).toThrow(expect.objectContaining({ name: 'OptionError' }));
  });

  it('takes null for an option that is left out', async () => {
    const nothing = { host: '127.0.0.1', server: null, path: null, verifyClient: null, handleProtocols: null } as never;
    const stage = await serve(nothing);
    const client = await open(stage.url, {}, ['a', 'b']);
    expect(client.protocol).toBe('a');
  });

  it('calls back and tells listening, and has an address', async () => {
    let server!: WebSocketServer;
    await new Promise<void>((resolve) => {
      server = new WebSocketServer({ port: 0 }, resolve);
      onTestFinished(() => shut(server));
    });
    expect(server.address()).toMatchObject({ port: expect.any(Number) });
  });

  it('tells an error where the port is taken', async () => {
    const { port } = await serve();
    const [error] = await once(new WebSocketServer({ port, host: '127.0.0.1' }), 'error');
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
  });

  it('tells connection with the socket and its request', async () => {
    const stage = await serve();
    const connected = once(stage.server, 'connection');
    await open(`${stage.url}/path?query`);
    const [socket, request] = (await connected) as [ServerWebSocket, IncomingMessage];
    expect([request.url, socket.readyState, socket.url, socket.protocol, socket.extensions]).toEqual([
      '/path?query',
      socket.OPEN,
      '',
      '',
      '',
    ]);
  });

  it('makes its sockets of the class that it is given', async () => {
    class Member extends ServerWebSocket {
      readonly name = 'Ada';
    }
    const stage = await serve({ WebSocket: Member });
    const accepted = stage.accepted();
    await open(stage.url);
    expect(await accepted).toMatchObject({ name: 'Ada', readyState: WebSocket.OPEN });
    expect(() => new WebSocketServer({ noServer: true, WebSocket: WebSocket as never })).toThrow('ServerWebSocket');
  });

  it('keeps its clients in a set until they are closed', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const socket = await accepted;
    expect([...stage.server.clients]).toEqual([socket]);
    const end = closed(socket);
    client.close();
    await end;
    expect(stage.server.clients.size).toBe(0);
  });

  it('keeps none with clientTracking: false', async () => {
    const stage = await serve({ clientTracking: false });
    const accepted = stage.accepted();
    await open(stage.url);
    expect(stage.server.clients).toBeUndefined();
    (await accepted).terminate();
  });

  it('takes its own path only', async () => {
    const stage = await serve({ path: '/here' });
    await open(`${stage.url}/here?query`);
    for (const other of ['/', '/here/', '/Here', '/hereafter']) {
      const client = call(`${stage.url}${other}`);
      const [error] = await once(client, 'error');
      expect(error).toMatchObject({ status: 400 });
    }
  });

  it("lets the application's own shouldHandle decide", async () => {
    const stage = await serve();
    stage.server.shouldHandle = (request) => request.url === '/only';
    await open(`${stage.url}/only`);
    expect((await once(call(stage.url), 'error'))[0]).toMatchObject({ status: 400 });
  });
});

describe('without limits of its own, as `ws`', () => {
  it('refuses what says that it is longer than 100 MiB', async () => {
    const stage = await serve();
    // 104,857,601 bytes, as the head of a masked frame says it (RFC 6455 §5.2).
    const peer = await RawPeer.open(stage.port, {}, Buffer.from('82ff000000000640000100000000', 'hex'));
    expect(await peer.allFrames()).toMatchObject([{ opcode: 8, payload: Buffer.from('03f1', 'hex') }]);
  });

  it('takes a message of 16 MiB', async () => {
    const { url } = await serveEcho();
    const socket = await open(url);
    const inbox = new Inbox(socket);
    socket.send(Buffer.alloc(2 ** 24, 7));
    expect(((await inbox.next()) as Buffer).length).toBe(2 ** 24);
  });
});

describe("beside an application's HTTP server", () => {
  it('takes upgrades and leaves requests alone', async () => {
    const http = createServer((_request, response) => response.end('page'));
    const port = await listen(http);
    const server = new WebSocketServer({ server: http });
    onTestFinished(() => shut(server));
    await open(`ws://127.0.0.1:${port}`);
    const [response] = (await once(get(`http://127.0.0.1:${port}`), 'response')) as [IncomingMessage];
    expect(String((await response.toArray())[0])).toBe('page');
  });

  it('two servers share it by their paths', async () => {
    const http = createServer();
    const port = await listen(http);
    for (const name of ['one', 'two']) {
      const server = new WebSocketServer({ server: http, path: `/${name}` });
      onTestFinished(() => shut(server));
      server.on('connection', (socket: ServerWebSocket) => socket.send(name));
    }
    for (const name of ['one', 'two']) {
      const client = call(`ws://127.0.0.1:${port}/${name}`);
      expect(await new Inbox(client).next()).toBe(name);
    }
  });

  it('leaves a foreign path to others, and cuts it where nobody takes it', async () => {
    const http = createServer();
    const port = await listen(http);
    const server = new WebSocketServer({ server: http, path: '/ours', limits: { foreignUpgradeTimeoutMs: 30 } });
    onTestFinished(() => shut(server));
    http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      if (request.url === '/theirs') socket.end('HTTP/1.1 299 Taken\r\n\r\n');
    });
    const taken = await RawPeer.connect(port);
    taken.write(upgradeRequest({}, { path: '/theirs' }));
    expect(await taken.answered()).toBe(299);
    const untaken = await RawPeer.connect(port);
    untaken.write(upgradeRequest({}, { path: '/nobody' }));
    await untaken.ended();
    expect(await untaken.answered()).toBe(0);
    for (const peer of [taken, untaken]) peer.socket.destroy();
  });

  it('refuses a foreign path where there are no others', async () => {
    const http = createServer();
    const port = await listen(http);
    const server = new WebSocketServer({ server: http, path: '/ours' });
    onTestFinished(() => shut(server));
    expect((await once(call(`ws://127.0.0.1:${port}/`), 'error'))[0]).toMatchObject({ status: 400 });
  });

  it('leaves nothing behind when it is closed, a thousand times', async () => {
    const http = createServer();
    await listen(http);
    const before = http.eventNames().map((name) => http.listenerCount(name));
    for (let at = 0; at < 1_000; at++) {
      const server = new WebSocketServer({ server: http });
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
    expect(http.eventNames().map((name) => http.listenerCount(name))).toEqual(before);
    expect(http.listening).toBe(true);
  });
});

describe('without a server', () => {
  it('takes what it is handed', async () => {
    const http = createServer();
    const port = await listen(http);
    const server = new WebSocketServer({ noServer: true });
    onTestFinished(() => shut(server));
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      server.handleUpgrade(request, socket, head, (client, same) => client.send(`${same === request}`));
    });
    expect(await new Inbox(call(`ws://127.0.0.1:${port}`)).next()).toBe('true');
    expect(server.clients.size).toBe(1);
    expect(() => server.address()).toThrow('noServer');
  });

  it('takes a socket once', async () => {
    const http = createServer();
    const port = await listen(http);
    const server = new WebSocketServer({ noServer: true });
    onTestFinished(() => shut(server));
    const thrown = new Promise<unknown>((resolve) => {
      http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        server.handleUpgrade(request, socket, head, () => {});
        try {
          server.handleUpgrade(request, socket, head, () => {});
        } catch (error) {
          resolve(error);
        }
      });
    });
    await open(`ws://127.0.0.1:${port}`);
    expect(String(await thrown)).toContain('more than once');
  });
});

describe('close', () => {
  it('lets open connections go on, and is told when the last has gone', async () => {
    const stage = await serveEcho();
    const client = await open(stage.url);
    const order: string[] = [];
    const done = new Promise<void>((resolve) => stage.server.close(() => resolve(void order.push('called'))));
    stage.server.on('close', () => order.push('close'));
    const inbox = new Inbox(client);
    client.send('still here');
    expect(await inbox.next()).toBe('still here');
    expect(order).toEqual([]);
    client.close();
    await done;
    expect(order).toEqual(['called', 'close']);
    expect(stage.server.address()).toBeNull();
  });

  it('says no address any more, also of a server that goes on', async () => {
    const http = createServer();
    const port = await listen(http);
    const server = new WebSocketServer({ server: http });
    expect(server.address()).toMatchObject({ port });
    server.close();
    expect(server.address()).toBeNull();
  });

  it('a second time is an error for its callback alone', async () => {
    const { server } = await serve();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(await new Promise((resolve) => server.close(resolve))).toBeInstanceOf(Error);
  });

  it('waits for the clients of a server that is not its own, and then refuses with 503', async () => {
    const http = createServer();
    const port = await listen(http);
    const server = new WebSocketServer({ noServer: true });
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      server.handleUpgrade(request, socket, head, () => {});
    });
    const client = await open(`ws://127.0.0.1:${port}`);
    const order: string[] = [];
    for (const socket of server.clients) socket.on('close', () => order.push('client'));
    server.on('close', () => order.push('server'));
    const done = once(server, 'close');
    server.close();
    client.close();
    await done;
    expect(order).toEqual(['client', 'server']);
    expect((await once(call(`ws://127.0.0.1:${port}`), 'error'))[0]).toMatchObject({ status: 503 });
  });
});

describe('wsClientError', () => {
  it('gives a refused socket to whoever listens', async () => {
    const stage = await serve();
    stage.server.on('wsClientError', (error: Error, socket: Socket, request: IncomingMessage) => {
      socket.end(`HTTP/1.1 418 ${error.message.slice(0, 4)}\r\nX-Path: ${request.url}\r\n\r\n`);
    });
    const peer = await RawPeer.connect(stage.port);
    peer.write(upgradeRequest({ 'Sec-WebSocket-Key': 'x' }, { path: '/p' }));
    expect([await peer.answered(), peer.header('X-Path')]).toEqual([418, '/p']);
    peer.socket.destroy();
  });
});

describe('publish', () => {
  it.each([false, true])('sends one message to all that are open (compression: %s)', async (isCompressed) => {
    const stage = await serve({ perMessageDeflate: isCompressed });
    const clients = await Promise.all([
      open(stage.url),
      open(stage.url, { perMessageDeflate: false }),
      open(stage.url, { perMessageDeflate: { serverNoContextTakeover: true } }),
      open(stage.url, { perMessageDeflate: { serverMaxWindowBits: 9 } }),
    ]);
    const inboxes = clients.map((client) => new Inbox(client));
    const long = JSON.stringify(Array.from({ length: 500 }, (_none, at) => ({ at, name: `name ${at}` })));
    for (const socket of stage.server.clients) socket.send(long);
    stage.server.publish(stage.server.clients, long);
    stage.server.publish(stage.server.clients, 'short');
    stage.server.publish(stage.server.clients, Buffer.from(long), { binary: true });
    stage.server.publish(stage.server.clients, Buffer.from(long), { binary: false, compress: false });
    for (const socket of stage.server.clients) socket.send(long);
    for (const inbox of inboxes) {
      expect(await inbox.take(6)).toEqual([long, long, 'short', Buffer.from(long), long, long]);
    }
    clients[0]!.close();
    await closed(clients[0]!);
    stage.server.publish([...stage.server.clients], 'again');
    expect(await inboxes[1]!.next()).toBe('again');
  });
});
