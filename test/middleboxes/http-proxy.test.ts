import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, it } from 'vitest';
import { HttpProxy, type HttpProxyOptions } from './http-proxy.ts';

/** A server with a note of what it was asked, and the proxy before it. */
async function behindProxy(options: HttpProxyOptions, serve: (server: Server) => void) {
  const asked: string[] = [];
  const server = createServer();
  server.on('request', (incoming) => asked.push(`${incoming.method} ${incoming.url}`));
  serve(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await HttpProxy.before((server.address() as AddressInfo).port, options);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
    server.closeAllConnections();
  });
  return { proxy, asked, url: `http://127.0.0.1:${proxy.port}` };
}

const upgradeHeaders = { Connection: 'Upgrade', Upgrade: 'websocket' };

/** Accepts any upgrade, then sends `hello` and echoes. */
function acceptUpgrades(server: Server): void {
  server.on('request', (_incoming, answer) => answer.writeHead(400).end('no upgrade here'));
  server.on('upgrade', (_incoming, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
    socket.pipe(socket);
  });
}

async function upgrade(port: number) {
  const outgoing = request({ port, host: '127.0.0.1', headers: upgradeHeaders }).end();
  const response = once(outgoing, 'response').then(([incoming]) => ({ incoming: incoming as IncomingMessage }));
  const switched = once(outgoing, 'upgrade').then(([incoming, socket, head]) => ({
    incoming: incoming as IncomingMessage,
    socket: socket as Socket,
    head: head as Buffer,
  }));
  return Promise.race([switched, response]);
}

describe('the HTTP proxy', () => {
  it('passes requests and answers on', async () => {
    const { url, asked } = await behindProxy({}, (server) =>
      server.on('request', async (incoming, answer) =>
        answer.writeHead(201, { 'X-Kept': 'yes' }).end(await text(incoming)),
      ),
    );
    const answer = await fetch(`${url}/path?query`, { method: 'POST', body: 'the body' });
    expect([answer.status, answer.headers.get('x-kept'), await answer.text()]).toEqual([201, 'yes', 'the body']);
    expect(asked).toEqual(['POST /path?query']);
  });

  it('says 502 where the server hangs up', async () => {
    const { url } = await behindProxy({}, (server) => server.on('request', (incoming) => incoming.socket.destroy()));
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'text/html']);
  });

  it('gives a request up when the client does', async () => {
    const { url } = await behindProxy({}, (server) =>
      server
        .on('request', (_incoming, answer) => {
          answer.write('first');
          answer.on('close', () => server.emit('given up'));
        })
        .on('given up', () => (givenUp = true)),
    );
    let givenUp = false;
    const leaving = new AbortController();
    await fetch(url, { signal: leaving.signal });
    leaving.abort();
    await expect.poll(() => givenUp).toBe(true);
  });

  it.each([
    [true, 'first second'],
    [false, 'first '],
  ])('with buffersResponses %s gives %j as the first thing', async (buffersResponses, expected) => {
    let finish: (() => void) | undefined;
    const { url } = await behindProxy({ buffersResponses }, (server) =>
      server.on('request', (_incoming, answer) => {
        answer.write('first ');
        finish = () => answer.end('second');
        if (buffersResponses) setImmediate(finish);
      }),
    );
    const reader = (await fetch(url)).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(expected);
    finish?.();
    await reader.cancel();
  });

  it('sends a POST twice, and gives the second answer', async () => {
    let count = 0;
    const { url, asked, proxy } = await behindProxy({ repeatsPost: () => true }, (server) =>
      server.on('request', (_incoming, answer) => answer.end(`answer ${(count += 1)}`)),
    );
    expect(await (await fetch(url, { method: 'POST', body: 'x' })).text()).toBe('answer 2');
    expect(await (await fetch(url)).text()).toBe('answer 3');
    expect([asked, proxy.repeated]).toEqual([['POST /', 'POST /', 'GET /'], 1]);
  });

  it('lets a WebSocket through', async () => {
    const { proxy } = await behindProxy({}, acceptUpgrades);
    const result = await upgrade(proxy.port);
    if (!('socket' in result)) throw new Error(`refused with ${result.incoming.statusCode}`);
    result.socket.write(' and more');
    let heard = String(result.head);
    while (heard.length < 14) heard += String((await once(result.socket, 'data'))[0]);
    expect(heard).toBe('hello and more');
    result.socket.destroy();
  });

  it('cuts a WebSocket after the time given', async () => {
    const { proxy } = await behindProxy({ cutWebSocketsAfterMs: 50 }, acceptUpgrades);
    const result = await upgrade(proxy.port);
    if (!('socket' in result)) throw new Error(`refused with ${result.incoming.statusCode}`);
    await once(result.socket.resume(), 'close');
    expect(result.socket.readableEnded).toBe(true);
  });

  it('accepts a WebSocket and stays silent', async () => {
    const { proxy } = await behindProxy({ upgrade: 'silent' }, acceptUpgrades);
    const result = await upgrade(proxy.port);
    if (!('socket' in result)) throw new Error(`refused with ${result.incoming.statusCode}`);
    const heard: unknown[] = [];
    result.socket.on('data', (bytes) => heard.push(bytes)).write('are you there?');
    // Another one there and back, through the same proxy and server: time enough for an echo.
    await upgrade(proxy.port).then((other) => 'socket' in other && other.socket.destroy());
    expect([String(result.head), heard]).toEqual(['', []]);
    result.socket.destroy();
  });

  it.each([403, 502] as const)('refuses a WebSocket with %i and a page', async (status) => {
    const { proxy, asked } = await behindProxy({ upgrade: { status } }, acceptUpgrades);
    const { incoming } = await upgrade(proxy.port);
    expect([incoming.statusCode, incoming.headers['content-type']]).toEqual([status, 'text/html']);
    expect(await text(incoming)).toContain('<h1>');
    expect(asked).toEqual([]);
  });

  it('swallows the Upgrade header', async () => {
    const { proxy, asked } = await behindProxy({ upgrade: 'swallow' }, acceptUpgrades);
    const { incoming } = await upgrade(proxy.port);
    expect([incoming.statusCode, await text(incoming)]).toEqual([400, 'no upgrade here']);
    expect(asked).toEqual(['GET /']);
  });
});
