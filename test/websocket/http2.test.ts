import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, createSecureServer, createServer } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { describe, expect, it, onTestFinished } from 'vitest';

import { acceptUpgrade, resolveLimits, tellConnects, WebSocketServer } from '../../websocket.ts';
import type { ServerWebSocket, WebSocketServerOptions } from '../../websocket.ts';
import { hasChromium, launchChromium } from '../browser/chromium.ts';
import { certificate } from './certificate.ts';
import { hex } from './hex.ts';
import { maskedClose, maskedFrame, maskedText, readFrames } from './raw-frames.ts';
import type { Seen } from './raw-frames.ts';
import { closed, Inbox, shut } from './stage.ts';

const EXTENDED = { settings: { enableConnectProtocol: true } };

async function listen(server: Http2Server | Http2SecureServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function session(port: number): Promise<ClientHttp2Session> {
  const client = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => client.destroy());
  await once(client, 'remoteSettings');
  return client;
}

/** A stream by hand, and what comes on it. */
class RawStream {
  readonly stream: ClientHttp2Stream;
  private received = Buffer.alloc(0);
  readonly frames: Seen[] = [];

  constructor(client: ClientHttp2Session, headers: IncomingHttpHeaders = {}) {
    const connectHeaders = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/path?query',
      ':authority': 'localhost',
      'sec-websocket-version': '13',
    };
    this.stream = client.request({ ...connectHeaders, ...headers }, { endStream: false });
    this.stream.on('error', () => {});
    this.stream.on('data', (chunk: Buffer) => {
      const { frames, rest } = readFrames(Buffer.concat([this.received, chunk]));
      this.received = Buffer.from(rest);
      this.frames.push(...frames);
      this.stream.emit('frames');
    });
  }

  async answer(): Promise<IncomingHttpHeaders> {
    const [headers] = await once(this.stream, 'response');
    return headers as IncomingHttpHeaders;
  }

  async seen(count: number): Promise<readonly Seen[]> {
    while (this.frames.length < count) await once(this.stream, 'frames');
    return this.frames;
  }
}

async function serveEchoOverHttp2(
  options: WebSocketServerOptions = {},
): Promise<{ server: WebSocketServer; port: number }> {
  const http2 = createServer(EXTENDED);
  const server = new WebSocketServer({ server: http2, ...options });
  server.on('connection', (socket: ServerWebSocket) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }));
  });
  onTestFinished(() => shut(server));
  return { server, port: await listen(http2) };
}

describe('a WebSocket over HTTP/2', () => {
  it('opens with an extended CONNECT and echoes', async () => {
    const { server, port } = await serveEchoOverHttp2();
    const connected = once(server, 'connection');
    const raw = new RawStream(await session(port), { 'sec-websocket-protocol': 'a, b' });
    expect(await raw.answer()).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'a' });
    const [socket, request] = (await connected) as [ServerWebSocket, { url: string; headers: IncomingHttpHeaders }];
    expect([socket.protocol, request.url, request.headers[':authority']]).toEqual(['a', '/path?query', 'localhost']);
    raw.stream.write(maskedText('hello'));
    for (const size of [0, 126, 70_000]) raw.stream.write(maskedFrame({ opcode: 2, payload: Buffer.alloc(size, 1) }));
    const frames = await raw.seen(4);
    expect(frames.map(({ payload }) => payload.length)).toEqual([5, 0, 126, 70_000]);
  });

  it('closes both ways, and ends the stream', async () => {
    const { server, port } = await serveEchoOverHttp2();
    const connected = once(server, 'connection');
    const raw = new RawStream(await session(port));
    const [socket] = (await connected) as [ServerWebSocket];
    const end = closed(socket);
    raw.stream.write(maskedClose(4000, 'bye'));
    expect(await raw.seen(1)).toMatchObject([{ opcode: 8 }]);
    raw.stream.end();
    expect(await end).toEqual([4000, 'bye']);
  });

  it.each<[string, (raw: RawStream) => void]>([
    ['a reset of the stream', (raw) => raw.stream.close(8)],
    ['an end without a Close', (raw) => void raw.stream.end()],
  ])('%s is 1006', async (_what, act) => {
    const { server, port } = await serveEchoOverHttp2();
    const connected = once(server, 'connection');
    const raw = new RawStream(await session(port));
    const [socket] = (await connected) as [ServerWebSocket];
    const end = closed(socket);
    await raw.answer();
    act(raw);
    expect((await end)[0]).toBe(1006);
  });

  it('the end of the session is 1006', async () => {
    const { server, port } = await serveEchoOverHttp2();
    const connected = once(server, 'connection');
    const client = await session(port);
    void new RawStream(client);
    const [socket] = (await connected) as [ServerWebSocket];
    const end = closed(socket);
    client.destroy();
    expect((await end)[0]).toBe(1006);
  });

  it('breaks the protocol with 1002', async () => {
    const { port } = await serveEchoOverHttp2();
    const raw = new RawStream(await session(port));
    raw.stream.write(hex('8100'));
    expect(await raw.seen(1)).toMatchObject([{ opcode: 8, payload: hex('03ea') }]);
  });

  it('makes a peer that does not read wait', async () => {
    const { server, port } = await serveEchoOverHttp2();
    const connected = once(server, 'connection');
    const raw = new RawStream(await session(port));
    const [socket] = (await connected) as [ServerWebSocket];
    raw.stream.pause();
    for (let at = 0; at < 40; at++) socket.send(Buffer.alloc(100_000));
    expect(socket.bufferedAmount).toBeGreaterThan(1_000_000);
    const drained = socket.drained();
    raw.stream.resume();
    await drained;
    expect(await raw.seen(40)).toHaveLength(40);
  });

  it('compresses where that is agreed on', async () => {
    const { port } = await serveEchoOverHttp2({ perMessageDeflate: { threshold: 0 } });
    const raw = new RawStream(await session(port), { 'sec-websocket-extensions': 'permessage-deflate' });
    expect((await raw.answer())['sec-websocket-extensions']).toBe('permessage-deflate');
    raw.stream.write(maskedText('x'.repeat(1_000)));
    expect(await raw.seen(1)).toMatchObject([{ rsv: 4 }]);
  });

  it.each<[number, string, IncomingHttpHeaders]>([
    [400, 'no version', { 'sec-websocket-version': undefined }],
    [426, 'another version', { 'sec-websocket-version': '8' }],
    [400, 'protocols that are no tokens', { 'sec-websocket-protocol': 'a b' }],
    [403, 'a page of another origin', { origin: 'https://evil.example' }],
    [400, 'another path', { ':path': '/elsewhere' }],
  ])('is refused with %i for %s', async (status, _what, headers) => {
    const { port } = await serveEchoOverHttp2({ path: '/path' });
    const raw = new RawStream(await session(port), headers);
    const answer = await raw.answer();
    expect(answer[':status']).toBe(status);
    if (status === 426) expect(answer['sec-websocket-version']).toBe('13');
    await once(raw.stream, 'end');
  });

  it('lives beside the requests of an application', async () => {
    const http2 = createServer(EXTENDED, (_request, response) => response.end('page'));
    const server = new WebSocketServer({ server: http2 });
    onTestFinished(() => shut(server));
    const client = await session(await listen(http2));
    const page = client.request({ ':path': '/' });
    expect(String((await page.toArray())[0])).toBe('page');
    const connected = once(server, 'connection');
    const raw = new RawStream(client);
    const [socket] = (await connected) as [ServerWebSocket];
    raw.stream.write(maskedText('beside'));
    expect(await new Inbox(socket).next()).toBe('beside');
    const other = new RawStream(client, { ':protocol': 'connect-udp' });
    expect((await other.answer())[':status']).toBe(405);
  });

  it('is told as an upgrade to whoever takes upgrades', async () => {
    const http2 = createServer(EXTENDED);
    const limits = resolveLimits();
    http2.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      const connection = acceptUpgrade(request, stream, head, { limits });
      if (connection !== undefined)
        connection.sink = { message: (data) => connection.sendText(`got ${String(data)}`), drain() {}, closed() {} };
    });
    const ends = [tellConnects(http2), tellConnects(http2)];
    const client = await session(await listen(http2));
    const raw = new RawStream(client);
    raw.stream.write(maskedText('it'));
    expect(String((await raw.seen(1))[0]!.payload)).toBe('got it');
    raw.stream.close();
    const refused = new RawStream(client, { 'sec-websocket-version': '8' });
    expect((await refused.answer())[':status']).toBe(426);
    expect([http2.listenerCount('stream'), http2.listenerCount('connect')]).toEqual([1, 1]);
    for (const end of [...ends, ...ends]) end();
    expect([http2.listenerCount('stream'), http2.listenerCount('connect')]).toEqual([0, 0]);
  });
});

describe.runIf(hasChromium)('Chromium', () => {
  it('opens a WebSocket over HTTP/2', async () => {
    const http2: Http2SecureServer = createSecureServer({ ...certificate(), ...EXTENDED }, (_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>page</title>');
    });
    const server = new WebSocketServer({ server: http2, perMessageDeflate: true });
    onTestFinished(() => shut(server));
    const port = await listen(http2);
    const seen: unknown[] = [];
    server.on(
      'connection',
      (socket: ServerWebSocket, request: { httpVersion: string; method: string; headers: IncomingHttpHeaders }) => {
        seen.push([request.httpVersion, request.method, request.headers[':protocol']]);
        socket.on('message', (data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }));
      },
    );
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      await page.goto(`https://localhost:${port}/`);
      const echoed = await page.evaluate(async (url) => {
        const socket = new WebSocket(url);
        await new Promise((resolve, reject) => {
          socket.onopen = resolve;
          socket.onerror = () => reject(new Error('the WebSocket failed'));
        });
        const texts = ['short', 'long '.repeat(20_000)];
        const answers: unknown[] = [];
        const done = new Promise((resolve) => {
          socket.onmessage = ({ data }) => void (answers.push(data) === texts.length && resolve(undefined));
        });
        for (const text of texts) socket.send(text);
        await done;
        socket.close(4000, 'bye');
        const close = await new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
        return [answers.every((answer, at) => answer === texts[at]), close.code, close.wasClean, socket.extensions];
      }, `wss://localhost:${port}/`);
      expect(echoed).toEqual([true, 4000, true, expect.stringContaining('permessage-deflate')]);
      expect(seen).toEqual([['2.0', 'CONNECT', 'websocket']]);
    } finally {
      await browser.close();
    }
  }, 60_000);
});
