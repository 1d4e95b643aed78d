import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { WebSocket, WebSocketServer } from '../../websocket.ts';
import type { ClientOptions } from '../../websocket.ts';
import { certificate } from './certificate.ts';
import { rawFrame } from './raw-frames.ts';
import { upgradeAnswer } from './raw-peer.ts';
import type { Headers, RawPeer } from './raw-peer.ts';
import { call, closed, Inbox, open, serve, serveEcho, serveRaw, shut } from './stage.ts';

/** Resolves with the errors and closes of an opening that fails. */
async function failureOf(client: WebSocket): Promise<{ errors: Error[]; closes: unknown[] }> {
  const errors: Error[] = [];
  const closes: unknown[] = [];
  client.on('error', (error: Error) => errors.push(error));
  client.on('close', (code: number) => closes.push(code));
  await closed(client);
  await new Promise((resolve) => setImmediate(resolve));
  return { errors, closes };
}

describe('a client asks', () => {
  it('for what the RFC says, and for nothing else', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}/a/b?c=d`, { perMessageDeflate: false });
    const peer = await raw.upgraded();
    await once(client, 'open');
    expect(peer.head).toMatch(/^GET \/a\/b\?c=d HTTP\/1\.1\r\n/);
    expect(peer.header('Host')).toBe(`127.0.0.1:${raw.port}`);
    expect(peer.header('Upgrade')).toBe('websocket');
    expect(peer.header('Connection')).toBe('Upgrade');
    expect(peer.header('Sec-WebSocket-Version')).toBe('13');
    expect(Buffer.from(peer.header('Sec-WebSocket-Key')!, 'base64')).toHaveLength(16);
    for (const name of ['Origin', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions'])
      expect(peer.header(name)).toBeUndefined();
    expect(client.url).toBe(`ws://127.0.0.1:${raw.port}/a/b?c=d`);
  });

  it('with another key each time', async () => {
    const raw = await serveRaw();
    const keys = new Set<string | undefined>();
    for (let at = 0; at < 5; at++) {
      call(`ws://127.0.0.1:${raw.port}`);
      keys.add((await raw.upgraded()).header('Sec-WebSocket-Key'));
    }
    expect(keys.size).toBe(5);
  });

  it.each<[string, ClientOptions, string[], Headers]>([
    ['subprotocols', {}, ['a', 'b'], { 'Sec-WebSocket-Protocol': 'a,b' }],
    ['an origin', { origin: 'https://x.example' }, [], { Origin: 'https://x.example' }],
    ['headers', { headers: { 'X-One': '1', Cookie: 'a=b' } }, [], { 'X-One': '1', Cookie: 'a=b' }],
    ['credentials', { auth: 'user:pass' }, [], { Authorization: 'Basic dXNlcjpwYXNz' }],
    [
      'compression',
      { perMessageDeflate: true },
      [],
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    ],
  ])('with %s', async (_what, options, protocols, expected) => {
    const raw = await serveRaw();
    call(`ws://127.0.0.1:${raw.port}`, options, protocols);
    const peer = await raw.accepted();
    for (const [name, value] of Object.entries(expected)) expect(peer.header(name)).toBe(value);
    peer.reset();
  });

  it("with the URL's credentials, decoded", async () => {
    const raw = await serveRaw();
    call(`ws://us%40er:pa%3Ass@127.0.0.1:${raw.port}`);
    const peer = await raw.accepted();
    expect(peer.header('Authorization')).toBe(`Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`);
    peer.reset();
  });

  it('and its own headers win over those it was given', async () => {
    const raw = await serveRaw();
    call(`ws://127.0.0.1:${raw.port}`, { headers: { 'sec-websocket-version': '8', upgrade: 'h2c' } });
    const peer = await raw.accepted();
    expect(peer.head.match(/^Sec-WebSocket-Version: .*$/gim)).toEqual(['Sec-WebSocket-Version: 13\r'.trim()]);
    expect(peer.header('Upgrade')).toBe('websocket');
    peer.reset();
  });
});

describe('a client gets', () => {
  it('frames that come right behind the answer, after it has said open', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    const told: string[] = [];
    client.on('open', () => told.push('open'));
    client.on('upgrade', (answer: IncomingMessage) => told.push(`upgrade ${answer.statusCode}`));
    const inbox = new Inbox(client);
    await raw.upgraded({}, rawFrame({ opcode: 1, payload: 'first' }));
    await inbox.next();
    expect([...told, ...inbox.all]).toEqual(['upgrade 101', 'open', 'first']);
  });

  it('an answer that comes byte by byte', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    const inbox = new Inbox(client);
    const peer = await raw.accepted();
    const bytes = Buffer.concat([Buffer.from(upgradeAnswer(peer)), rawFrame({ opcode: 1, payload: 'x' })]);
    for (const byte of bytes) peer.write(Buffer.of(byte));
    expect(await inbox.next()).toBe('x');
  });

  it('an answer with tokens in any case and beside others', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    await raw.upgraded({ Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE', 'X-Other': '1' });
    await once(client, 'open');
  });
});

describe('a client fails, with one error and one close,', () => {
  it.each<[string, (peer: RawPeer) => string, string[]?]>([
    ['a wrong accept', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Accept': 'x' })],
    ['no accept', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Accept': undefined })],
    ['two accepts', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Accept': ['a', 'b'] })],
    ['another upgrade', (peer) => upgradeAnswer(peer, { Upgrade: 'h2c' })],
    ['a Connection without Upgrade', (peer) => upgradeAnswer(peer, { Connection: 'keep-alive' })],
    ['a subprotocol not asked for', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Protocol': 'c' }), ['a', 'b']],
    ['a subprotocol where none was asked for', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Protocol': 'c' })],
    ['no subprotocol where some were asked for', (peer) => upgradeAnswer(peer), ['a', 'b']],
    ['two subprotocols', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Protocol': ['a', 'b'] }), ['a', 'b']],
    ['an empty subprotocol', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Protocol': '' }), ['a']],
    ["a name of Object.prototype's", (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Protocol': 'constructor' })],
    ['an extension not asked for', (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Extensions': 'x-other' })],
    [
      "an extension with a name of Object.prototype's",
      (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Extensions': '__proto__' }),
    ],
    [
      'an extension twice',
      (peer) => upgradeAnswer(peer, { 'Sec-WebSocket-Extensions': 'permessage-deflate, permessage-deflate' }),
    ],
    ['200', (peer) => upgradeAnswer(peer, { 'Content-Length': '0' }, '200 OK')],
    ['404', () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.0', (peer) => upgradeAnswer(peer).replace('HTTP/1.1', 'HTTP/1.0')],
    ['a redirect', () => 'HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n'],
    ['another language', () => 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['a Latin-1 status line', () => 'HTTP/1.1 \xe4\xf6\xfc\r\n\r\n'],
    ['a NUL in a header', (peer) => upgradeAnswer(peer, { 'X-Nul': 'a\0b' })],
  ])('at %s', async (_what, answer, protocols = []) => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`, {}, protocols);
    const failed = failureOf(client);
    const peer = await raw.accepted();
    peer.write(answer(peer));
    const { errors, closes } = await failed;
    expect(errors).toHaveLength(1);
    expect(closes).toEqual([1006]);
    expect(client.readyState).toBe(client.CLOSED);
    await peer.ended();
    peer.socket.destroy();
  });

  it.each([
    'server_max_window_bits=0',
    'server_max_window_bits=7',
    'server_max_window_bits=16',
    'server_max_window_bits=99',
    'server_max_window_bits="09"',
    'server_max_window_bits=',
    'server_max_window_bits',
    'server_max_window_bits=8; server_max_window_bits=8',
    'client_max_window_bits=99',
    'client_max_window_bits=',
    'constructor',
  ])('at an extension that it can not take, and tells the server so: %s', async (parameters) => {
    const raw = await serveRaw();
    const failed = failureOf(call(`ws://127.0.0.1:${raw.port}`));
    const peer = await raw.upgraded({ 'Sec-WebSocket-Extensions': `permessage-deflate; ${parameters}` });
    expect(await peer.allFrames()).toMatchObject([{ opcode: 8, isMasked: true, payload: Buffer.from([3, 242]) }]);
    expect(await failed).toMatchObject({ errors: [{ code: 'ERR_HANDSHAKE' }], closes: [1006] });
  });

  it.each<[string, (peer: RawPeer) => void]>([
    ['an end before the answer', (peer) => void peer.socket.end()],
    ['a reset before the answer', (peer) => peer.reset()],
    ['a reset inside the answer', (peer) => peer.write('HTTP/1.1 101 Swi').reset()],
  ])('at %s', async (_what, act) => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    const failed = failureOf(client);
    act(await raw.accepted());
    expect(await failed).toMatchObject({ errors: [{ code: 'ECONNRESET' }], closes: [1006] });
  });

  it('at nobody there', async () => {
    const failed = await failureOf(call('ws://127.0.0.1:1'));
    expect(failed).toMatchObject({ errors: [{ code: 'ECONNREFUSED' }], closes: [1006] });
  });

  it.each([
    [401, 'ERR_REFUSED'],
    [503, 'ERR_REFUSED'],
  ])('at %i, and says so', async (status, code) => {
    const raw = await serveRaw();
    const failed = failureOf(call(`ws://127.0.0.1:${raw.port}`));
    (await raw.accepted()).write(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
    expect(await failed).toMatchObject({
      errors: [{ code, status, message: `Unexpected server response: ${status}` }],
      closes: [1006],
    });
  });

  it('at an answer that never comes', async () => {
    const raw = await serveRaw();
    const failed = failureOf(call(`ws://127.0.0.1:${raw.port}`, { handshakeTimeout: 50 }));
    expect(await failed).toMatchObject({ errors: [{ code: 'ERR_TIMEOUT' }], closes: [1006] });
  });

  it.each([
    ['headers', 'HTTP/1.1 101 Switching Protocols\r\n', `X-Filling: ${'x'.repeat(5_000)}\r\n`],
    ['tiny headers', 'HTTP/1.1 101 Switching Protocols\r\n', 'X: a\r\n'.repeat(800)],
    ['a header', 'HTTP/1.1 101 Switching Protocols\r\nX: ', 'x'.repeat(5_000)],
    ['a status line', 'HTTP/1.1 101 ', 'x'.repeat(5_000)],
    ['answers for the time being', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(4)],
  ])('at %s without end, soon after its limit', async (_what, start, piece) => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    let isOver = false;
    const failed = failureOf(client).finally(() => (isOver = true));
    const peer = await raw.accepted();
    peer.write(start);
    let sent = 0;
    // Each piece a turn or two after the one before, so that the client has read that.
    while (!isOver && sent < 2 ** 20) {
      await new Promise((resolve) => peer.socket.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
      if (peer.socket.writable) sent += piece.length;
      else break;
    }
    const { errors, closes } = await failed;
    expect([errors.length, closes]).toEqual([1, [1006]]);
    expect(sent).toBeLessThan(64_000);
    peer.socket.destroy();
  });

  it('when it is closed or terminated too early', async () => {
    const raw = await serveRaw();
    for (const act of ['close', 'terminate'] as const) {
      const client = call(`ws://127.0.0.1:${raw.port}`);
      const failed = failureOf(client);
      client[act]();
      expect(client.readyState).toBe(client.CLOSING);
      expect(await failed).toMatchObject({ errors: [{ code: 'ERR_HANDSHAKE' }], closes: [1006] });
    }
  });
});

describe('whoever listens to unexpected-response', () => {
  it('deals with it, and nothing else is told', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    const told = vi.fn();
    client.on('error', told);
    const answered = once(client, 'unexpected-response');
    (await raw.accepted()).write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nwho');
    const [request, answer] = (await answered) as [ClientRequest, IncomingMessage];
    expect(String((await answer.toArray())[0])).toBe('who');
    expect(told).not.toHaveBeenCalled();
    request.destroy();
    client.terminate();
    await closed(client);
  });
});

it('takes what comes for the time being before the answer that counts', async () => {
  const raw = await serveRaw();
  const client = call(`ws://127.0.0.1:${raw.port}`);
  const peer = await raw.accepted();
  peer.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(3) + upgradeAnswer(peer));
  await once(client, 'open');
});

it('fails as any other opening where a listener of unexpected-response throws', async () => {
  const raw = await serveRaw();
  const client = call(`ws://127.0.0.1:${raw.port}`);
  const mistake = new Error('mine');
  client.on('unexpected-response', () => {
    throw mistake;
  });
  const warning = once(process, 'warning');
  const failed = failureOf(client);
  (await raw.accepted()).write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  expect(await failed).toMatchObject({ errors: [{ code: 'ERR_REFUSED', status: 401 }], closes: [1006] });
  expect((await warning)[0]).toBe(mistake);
});

describe('redirects', () => {
  async function serveRedirect(location: string): Promise<{ url: string; seen: IncomingMessage[] }> {
    const seen: IncomingMessage[] = [];
    const http = createServer();
    http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      seen.push(request);
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    onTestFinished(() => void http.close());
    return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, seen };
  }

  it('are followed only where that is asked for', async () => {
    const target = await serve();
    const { url } = await serveRedirect(`${target.url}/there`);
    expect(await failureOf(call(url))).toMatchObject({ errors: [{ status: 302 }] });
    const client = call(url, { followRedirects: true });
    const redirected = once(client, 'redirect');
    await once(client, 'open');
    expect((await redirected)[0]).toBe(`${target.url}/there`);
    expect(client.url).toBe(`${target.url}/there`);
  });

  it('take no secret to another origin', async () => {
    const target = await serve();
    const requested = once(target.server, 'connection');
    const { url, seen } = await serveRedirect(target.url);
    const headers = { authorization: 'Bearer x', COOKIE: 'a=b', 'X-Plain': '1' };
    await open(url, { followRedirects: true, headers, auth: 'user:pass' });
    expect(seen[0]!.headers.cookie).toBe('a=b');
    const [, request] = (await requested) as [unknown, IncomingMessage];
    expect(request.headers).toMatchObject({ 'x-plain': '1' });
    expect(request.headers).not.toHaveProperty('authorization');
    expect(request.headers).not.toHaveProperty('cookie');
  });

  it('end after so many', async () => {
    const loop = await serveRedirect('/again');
    const client = call(loop.url, { followRedirects: true, maxRedirects: 3 });
    expect(await failureOf(client)).toMatchObject({
      errors: [{ message: 'Maximum redirects exceeded' }],
      closes: [1006],
    });
    expect(loop.seen).toHaveLength(4);
  });

  it.each(['gopher://x', '//', 'ws://[', 'ws://x#fragment'])('to %s are one error', async (location) => {
    const { url } = await serveRedirect(location);
    const { errors, closes } = await failureOf(call(url, { followRedirects: true }));
    expect([errors.length, closes]).toEqual([1, [1006]]);
  });
});

describe('through an HTTP proxy', () => {
  /** An agent as small as can be: CONNECT, and then the tunnel. */
  class TunnelAgent extends Agent {
    private readonly proxyPort: number;
    constructor(proxyPort: number) {
      super();
      this.proxyPort = proxyPort;
    }
    // The shape that http.Agent calls it with.
    override createConnection(
      options: { host: string; port: number },
      done: (error: Error | null, socket?: Duplex) => void,
    ): undefined {
      const request = httpRequest({
        host: '127.0.0.1',
        port: this.proxyPort,
        method: 'CONNECT',
        path: `${options.host}:${options.port}`,
      });
      request.on('connect', (answer, socket) => {
        if (answer.statusCode === 200) return done(null, socket);
        socket.destroy();
        done(new Error(`proxy says ${answer.statusCode}`));
      });
      request.on('error', (error) => done(error));
      request.end();
      return undefined;
    }
  }

  it('goes through', async () => {
    const target = await serveEcho();
    const proxy = createServer();
    proxy.on('connect', (request, socket: Duplex) => {
      const [host, port] = request.url!.split(':');
      const out = connect(Number(port), host);
      out.on('error', () => socket.destroy());
      socket.on('error', () => out.destroy());
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(out).pipe(socket);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    onTestFinished(() => void proxy.close());
    const client = await open(target.url, { agent: new TunnelAgent((proxy.address() as AddressInfo).port) });
    client.send('tunnelled');
    expect(await new Inbox(client).next()).toBe('tunnelled');
  });

  it.each([
    ['407', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'],
    ['502', 'HTTP/1.1 502 Bad Gateway\r\n\r\n'],
    ['garbage', 'garbage\r\n\r\n'],
  ])('that answers %s is one error', async (_what, answer) => {
    const raw = await serveRaw();
    const failed = failureOf(call('ws://127.0.0.1:9', { agent: new TunnelAgent(raw.port) }));
    const peer = await raw.accepted();
    peer.write(answer);
    const { errors, closes } = await failed;
    expect([errors.length, closes]).toEqual([1, [1006]]);
    peer.socket.destroy();
  });
});

describe('over TLS', () => {
  async function serveTls(): Promise<string> {
    const https = createHttpsServer(certificate());
    const server = new WebSocketServer({ server: https });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    onTestFinished(() => void https.close());
    onTestFinished(() => shut(server));
    return `wss://127.0.0.1:${(https.address() as AddressInfo).port}`;
  }

  it('opens where the certificate is trusted', async () => {
    const client = await open(await serveTls(), { ca: certificate().cert, servername: 'localhost' });
    expect(client.readyState).toBe(client.OPEN);
  });

  it.each([
    {},
    { rejectUnauthorized: undefined },
    { rejectUnauthorized: null },
    { rejectUnauthorized: true },
    { rejectUnauthorized: 0 },
  ])('refuses a self-signed certificate with %j', async (options) => {
    // What JavaScript lets through, types or not.
    const client = call(await serveTls(), options as ClientOptions);
    expect(await failureOf(client)).toMatchObject({
      errors: [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
      closes: [1006],
    });
  });

  it('takes one where rejectUnauthorized is exactly false', async () => {
    await open(await serveTls(), { rejectUnauthorized: false });
  });
});

describe('over a connection of its own', () => {
  it('keeps what came, whatever comes on others, in one piece or in many', async () => {
    const { url } = await serveEcho();
    const sent = [1, 100, 5_000, 70_000].flatMap((size) => [Buffer.alloc(size, size), 'ü'.repeat(size)]);
    const inboxes: Inbox[] = [];
    for (let count = 0; count < 3; count++) {
      const client = await open(url);
      inboxes.push(new Inbox(client));
      for (const message of sent) client.send(message);
    }
    for (const inbox of inboxes) expect(await inbox.take(sent.length)).toEqual(sent);
  });

  it('leaves it to Node which address of a name answers', async () => {
    const { port } = await serve();
    await open(`ws://localhost:${port}`);
  });
});

describe("over the application's own connection", () => {
  it('opens', async () => {
    const { port } = await serve();
    let calls = 0;
    await open('ws://nowhere.invalid', { createConnection: () => (calls++, connect(port, '127.0.0.1')) });
    expect(calls).toBe(1);
  });
});

describe('over a unix socket', () => {
  it.each([
    ['by its URL', (file: string) => call(`ws+unix:${file}:/target?x`)],
    ['by an option', (file: string) => call('ws://localhost/target?x', { socketPath: file })],
  ])('%s', async (_how, connectTo) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ws-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const http = createServer();
    const server = new WebSocketServer({ server: http });
    http.listen(path.join(folder, 'sock'));
    await once(http, 'listening');
    onTestFinished(() => void http.close());
    onTestFinished(() => shut(server));
    const connected = once(server, 'connection');
    await once(connectTo(path.join(folder, 'sock')), 'open');
    const [, request] = (await connected) as [unknown, IncomingMessage];
    expect(request.url).toBe('/target?x');
  });
});

describe('the constructor', () => {
  it.each<[string, () => unknown, string]>([
    ['no URL', () => new WebSocket('nothing'), 'SyntaxError'],
    ['another scheme', () => new WebSocket('ftp://localhost'), 'SyntaxError'],
    ['a fragment', () => new WebSocket('ws://localhost/#a'), 'SyntaxError'],
    ['an empty fragment', () => new WebSocket('ws://localhost/#'), 'SyntaxError'],
    ['no host', () => new WebSocket('ws:'), 'SyntaxError'],
    ['a unix URL without a path', () => new WebSocket('ws+unix:'), 'SyntaxError'],
    ['a subprotocol that is no token', () => new WebSocket('ws://localhost', 'a b'), 'SyntaxError'],
    ['an empty subprotocol', () => new WebSocket('ws://localhost', ''), 'SyntaxError'],
    ['a number for subprotocols', () => new WebSocket('ws://localhost', 5 as never), 'SyntaxError'],
    ['a number among them', () => new WebSocket('ws://localhost', ['a', 5 as never]), 'SyntaxError'],
    [
      'a version that is not spoken',
      () => new WebSocket('ws://localhost', { protocolVersion: 8 as 13 }),
      'OptionError',
    ],
    ['a subprotocol twice', () => new WebSocket('ws://localhost', ['a', 'b', 'A']), 'SyntaxError'],
    [
      'a header with a line break',
      () => new WebSocket('ws://localhost', { headers: { 'X-A': 'b\r\nc: d' } }),
      'TypeError',
    ],
    ['a header name with a colon', () => new WebSocket('ws://localhost', { headers: { 'X:A': 'b' } }), 'TypeError'],
    ['an origin with a line break', () => new WebSocket('ws://localhost', { origin: 'a\r\nb: c' }), 'TypeError'],
    ['a limit that can not be', () => new WebSocket('ws://localhost', { maxPayload: -1 }), 'OptionError'],
    [
      'window bits that can not be',
      () => new WebSocket('ws://localhost', { perMessageDeflate: { serverMaxWindowBits: 99 } }),
      'OptionError',
    ],
  ])('throws at %s', (_what, construct, name) => {
    expect(construct).toThrow(expect.objectContaining({ name }));
  });

  it.each(['\r', '\n', '\0', '\r\nX-Injected: yes'])('sends nothing that holds %j', async (evil) => {
    const raw = await serveRaw();
    const url = `ws://127.0.0.1:${raw.port}`;
    for (const options of [
      { headers: { 'X-A': `a${evil}` } },
      { headers: { [`X-A${evil}`]: 'a' } },
      { headers: { 'X-A': ['a', `b${evil}`] } },
      { origin: `https://a.example${evil}` },
    ])
      expect(() => new WebSocket(url, options)).toThrow(TypeError);
    expect(() => new WebSocket(url, `a${evil}`)).toThrow(expect.objectContaining({ name: 'SyntaxError' }));
    // An URL has no room for them: WHATWG leaves the breaks out, and encodes the rest.
    call(`${url}/path${evil}?query${evil}`);
    call(url, { auth: `user:pass${evil}` });
    for (const { head } of [await raw.accepted(), await raw.accepted()]) {
      expect(head).not.toMatch(/^X-Injected/m);
      expect(head.split('\r\n').join('')).not.toMatch(/[\r\n\0]/);
    }
  });

  it.each([
    ['http://localhost/a', 'ws://localhost/a'],
    ['https://localhost', 'wss://localhost/'],
    ['WS://LOCALHOST:80/', 'ws://localhost/'],
    ['wss://localhost:443', 'wss://localhost/'],
    ['ws://[::1]:3/', 'ws://[::1]:3/'],
  ])('reads %s as %s', async (given, url) => {
    const client = new WebSocket(given);
    expect(client.url).toBe(url);
    client.terminate();
    await closed(client);
  });
});
