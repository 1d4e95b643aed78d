import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import { WebSocketServer } from '../../websocket.ts';
import type { WebSocketServerOptions } from '../../websocket.ts';
import { hex } from './hex.ts';
import { maskedText } from './raw-frames.ts';
import { RawPeer, SAMPLE_ACCEPT, SAMPLE_KEY, upgradeRequest } from './raw-peer.ts';
import type { Headers, RequestLine } from './raw-peer.ts';
import { serve, serveEcho, shut } from './stage.ts';

const upgradeHeaders: Readonly<Record<string, string>> = {
  Host: 'localhost',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': SAMPLE_KEY,
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Protocol': 'a',
  'Sec-WebSocket-Extensions': 'a',
};

function fail(): never {
  throw new Error('no');
}

/** Sends one request and tells the status, after the server closed the connection where it refused. */
async function statusOf(port: number, headers: Headers, line: RequestLine = {}): Promise<[number, RawPeer]> {
  const peer = await RawPeer.connect(port);
  peer.write(upgradeRequest(headers, line));
  const status = await peer.answered();
  if (status !== 101) await peer.ended();
  peer.socket.destroy();
  return [status, peer];
}

describe('a server accepts', () => {
  it("the RFC's own example", async () => {
    const { port } = await serve();
    const peer = await RawPeer.open(port);
    expect(peer.head.startsWith('HTTP/1.1 101 Switching Protocols\r\n')).toBe(true);
    expect(peer.header('Sec-WebSocket-Accept')).toBe(SAMPLE_ACCEPT);
    expect(peer.header('Upgrade')).toBe('websocket');
    expect(peer.header('Connection')).toBe('Upgrade');
    expect(peer.header('Sec-WebSocket-Protocol')).toBeUndefined();
    expect(peer.header('Sec-WebSocket-Extensions')).toBeUndefined();
    peer.reset();
  });

  it.each<[string, Headers, RequestLine?]>([
    ['tokens in any case', { Upgrade: 'WebSocket', Connection: 'uPGRADE' }],
    ['tokens in any order', { Connection: 'keep-alive, Upgrade' }],
    ['tokens in two lines', { Connection: ['keep-alive', 'Upgrade'] }],
    ['tokens with spaces around them', { Connection: ' keep-alive ,  Upgrade ' }],
    ['other upgrades beside ours', { Upgrade: 'h2c, websocket' }],
    ['unknown headers', { 'X-Anything': 'goes' }],
    ['unknown extensions', { 'Sec-WebSocket-Extensions': 'x-unknown; a=1; b="c", y' }],
    ["Object.prototype's names", { 'Sec-WebSocket-Extensions': 'constructor; __proto__; toString=1, __proto__' }],
    ['a page of the same host', { Origin: 'http://LOCALHOST' }],
    ['a path with a query', {}, { path: '/a/b?c=d' }],
  ])('%s', async (_what, headers, line) => {
    const { port } = await serve();
    expect((await statusOf(port, headers, line))[0]).toBe(101);
  });

  it.each([
    [101, 'http://localhost/here'],
    [101, 'HTTP://localhost:80/here?query'],
    [400, 'http://localhost/there'],
    [400, 'http://localhost'],
  ])('with %i, where its path is /here, a whole URL: %s', async (status, path) => {
    const { port } = await serve({ path: '/here' });
    expect((await statusOf(port, {}, { path }))[0]).toBe(status);
  });

  it('frames that come right behind the request', async () => {
    const { port } = await serveEcho();
    const peer = await RawPeer.open(port, {}, Buffer.concat([maskedText('one'), maskedText('two')]));
    expect((await peer.seen(2)).map(({ payload }) => payload.toString())).toEqual(['one', 'two']);
    peer.reset();
  });

  it('a request that comes in two pieces, cut at every byte', async () => {
    const { port } = await serveEcho();
    const bytes = Buffer.concat([Buffer.from(upgradeRequest()), maskedText('hi')]);
    const cuts = Array.from({ length: bytes.length - 1 }, (_none, at) => at + 1);
    const answers = await Promise.all(
      cuts.map(async (cut) => {
        const peer = await RawPeer.connect(port);
        peer.write(bytes.subarray(0, cut));
        await new Promise((resolve) => setImmediate(resolve));
        peer.write(bytes.subarray(cut));
        const frames = await peer.seen(1);
        peer.reset();
        return String(frames[0]?.payload);
      }),
    );
    expect(new Set(answers)).toEqual(new Set(['hi']));
  });
});

describe('a server refuses', () => {
  it.each<[number, string, Headers, RequestLine?]>([
    [400, 'no key', { 'Sec-WebSocket-Key': undefined }],
    [400, 'an empty key', { 'Sec-WebSocket-Key': '' }],
    [400, 'a key of 15 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }],
    [400, 'a key of 17 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }],
    [400, 'a key that is not base64', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }],
    [400, 'two keys', { 'Sec-WebSocket-Key': [SAMPLE_KEY, SAMPLE_KEY] }],
    [400, 'no version', { 'Sec-WebSocket-Version': undefined }],
    [426, 'version 8', { 'Sec-WebSocket-Version': '8' }],
    [426, 'version 99', { 'Sec-WebSocket-Version': '99' }],
    [426, 'version 013', { 'Sec-WebSocket-Version': '013' }],
    [426, 'two versions', { 'Sec-WebSocket-Version': ['13', '13'] }],
    [400, 'POST', {}, { method: 'POST' }],
    [400, 'OPTIONS', {}, { method: 'OPTIONS' }],
    [400, 'HTTP/1.0', {}, { version: 'HTTP/1.0' }],
    [400, 'no Host', { Host: undefined }],
    [400, 'two Hosts', { Host: ['localhost', 'other'] }],
    [400, 'another upgrade', { Upgrade: 'h2c' }],
    [400, 'two upgrades that say the same', { Upgrade: ['websocket', 'websocket'] }],
    [400, 'two upgrades', { Upgrade: ['h2c', 'websocket'] }],
    [400, 'a token that only contains ours', { Upgrade: 'websockets' }],
    [400, 'protocols that are no tokens', { 'Sec-WebSocket-Protocol': 'a b' }],
    [400, 'a protocol twice', { 'Sec-WebSocket-Protocol': 'a, b, a' }],
    [400, 'an empty protocol', { 'Sec-WebSocket-Protocol': 'a,,b' }],
    [400, 'extensions with an unclosed quote', { 'Sec-WebSocket-Extensions': 'a; b="' }],
    [400, 'extensions with nothing between commas', { 'Sec-WebSocket-Extensions': 'a,,b' }],
    [400, 'Latin-1 in a protocol', { 'Sec-WebSocket-Protocol': '\xe4' }],
    [403, 'a page of another host', { Origin: 'http://evil.example' }],
    [403, 'a page of another port', { Origin: 'http://localhost:8080' }],
    [403, 'a page whose host contains ours', { Origin: 'http://localhost.evil.example' }],
    [403, 'a page without an origin of its own', { Origin: 'null' }],
    [403, 'an Origin that is none', { Origin: '::::' }],
  ])('with %i %s', async (status, _what, headers, line) => {
    const { port } = await serve();
    const [answered, peer] = await statusOf(port, headers, line);
    expect(answered).toBe(status);
    expect(peer.header('Connection')).toContain('close');
    if (status === 426) expect(peer.header('Sec-WebSocket-Version')).toBe('13');
  });

  it('with 426 what is no upgrade at all', async () => {
    const { port } = await serve();
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toBe('websocket');
    expect(response.headers.get('sec-websocket-version')).toBe('13');
    await response.text();
  });

  it.each([
    ['without a colon', 'abcd'],
    ['without a name', ': abcd'],
    ['with a space before its colon', 'abcd : e'],
    ['with a lone CR', 'abcd: e\rf'],
  ])('with 400 a header %s', async (_what, line) => {
    const { port } = await serve();
    const peer = await RawPeer.connect(port);
    peer.write(upgradeRequest().replace('\r\n\r\n', `\r\n${line}\r\n\r\n`));
    expect(await peer.answered()).toBe(400);
    await peer.ended();
    peer.socket.destroy();
  });

  const whole = { ...upgradeHeaders, Origin: 'http://localhost' };
  it.each(
    Object.entries(whole).flatMap(([name, value]) =>
      [
        ['Latin-1', `${value}\xe4`],
        ['nothing but Latin-1', '\xff'],
        ['a NUL', `${value}\0`],
        ['a line folded', `${value}\r\n folded`],
      ]
        // Without its one word a Connection asks for no upgrade, and is answered so.
        .filter(([what]) => name !== 'Connection' || !what!.includes('Latin-1'))
        .map(([what, spoilt]) => [name, what, { ...whole, [name]: spoilt }] as [string, string, Headers]),
    ),
  )('with 400 a %s with %s, and the next one is served', async (_name, _what, headers) => {
    const { port } = await serve();
    expect((await statusOf(port, headers))[0]).toBe(400);
    expect((await statusOf(port, whole))[0]).toBe(101);
  });

  it.each(['Cookie', 'User-Agent', 'X-Any'])('a %s with a NUL or folded, not one with Latin-1', async (name) => {
    const { port } = await serve();
    const statuses = await Promise.all(
      ['a=\0', 'a=\r\n b', 'a=\xe4'].map(async (value) => (await statusOf(port, { [name]: value }))[0]),
    );
    expect(statuses).toEqual([400, 400, 101]);
  });

  it('and reads nothing behind the refusal as a second request', async () => {
    const { port } = await serve();
    const peer = await RawPeer.connect(port);
    peer.write(upgradeRequest({ 'Sec-WebSocket-Version': '8' }) + 'GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await peer.ended();
    expect(await peer.answered()).toBe(426);
    expect(peer.body).not.toContain('HTTP/1.1');
    peer.socket.destroy();
  });

  it('and takes a second request behind an upgrade for frames', async () => {
    const { port } = await serve();
    const peer = await RawPeer.open(port, {}, Buffer.from(upgradeRequest()));
    const frames = await peer.allFrames();
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ opcode: 8, payload: hex('03ea') });
  });

  it.each([
    [17_000, [431]],
    [100_000, [431]],
  ])('with 431 a header of %i bytes', async (size, statuses) => {
    const { port } = await serve();
    const [status] = await statusOf(port, { 'X-Long': 'x'.repeat(size) });
    expect(statuses).toContain(status);
  });

  it('2,000 headers that push ours out', async () => {
    const { port } = await serve({ limits: { maxHeaderBytes: 2 ** 20 } });
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_none, at) => [`X-${at}`, '1']));
    const lines = Object.entries(many).map(([name, value]) => `${name}: ${value}\r\n`);
    const peer = await RawPeer.connect(port);
    peer.write(upgradeRequest().replace('\r\n', `\r\n${lines.join('')}`));
    expect([400, 431]).toContain(await peer.answered());
    await peer.ended();
    peer.socket.destroy();
  });

  it('a request of which the server keeps only one header', async () => {
    const http = createServer();
    http.maxHeadersCount = 1;
    const server = new WebSocketServer({ server: http });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    onTestFinished(() => void http.close());
    onTestFinished(() => shut(server));
    const [status] = await statusOf((http.address() as AddressInfo).port, {});
    // From Node 22 on it is Node that refuses.
    expect([400, 431]).toContain(status);
  });
});

describe('64 kB of one thing in a header', () => {
  const names = [...Object.keys(upgradeHeaders), 'Origin', 'Cookie', 'X-Forwarded-Host', 'Sec-Fetch-Site', 'X-Any'];

  it.each(names)('that is %s costs at most 5 ms', async (name) => {
    const { port } = await serve({ limits: { maxHeaderBytes: 2 ** 20 } });
    for (const filling of [' ', '"', ',', ';', '="', '\\', 'a;', 'a=b;', ':', '/', '@', '\t']) {
      const value = `${upgradeHeaders[name] ?? ''}, x${filling.repeat(65_536 / filling.length)}x`;
      const times: number[] = [];
      // CPU time of both ends, and the best of some: a busy machine must not fail what is quick.
      while (times.length < 10 && !times.some((time) => time < 5)) {
        const before = process.cpuUsage();
        await statusOf(port, { [name]: value });
        const { user, system } = process.cpuUsage(before);
        times.push((user + system) / 1_000);
      }
      expect(Math.min(...times)).toBeLessThan(5);
    }
  });
});

describe('a connection that has not said a word', () => {
  it('is closed at once when its peer ends', async () => {
    const { port } = await serve();
    const peer = await RawPeer.connect(port);
    peer.socket.end();
    await peer.ended();
    expect(peer.head).toBe('');
    peer.socket.destroy();
  });

  it('is cut when its time is over, or the server closes', async () => {
    const hasty = await serve({ limits: { handshakeTimeoutMs: 50 } });
    const late = await RawPeer.connect(hasty.port);
    await late.ended();
    const patient = await serve();
    const peer = await RawPeer.connect(patient.port);
    // Accepted in order: behind this one the silent peer is known.
    (await RawPeer.open(patient.port)).reset();
    await new Promise<void>((resolve) => patient.server.close(() => resolve()));
    await peer.ended();
    for (const { socket } of [late, peer]) socket.destroy();
  });
});

describe('which pages may connect', () => {
  it.each<[string, WebSocketServerOptions, Headers, number]>([
    ["'*' lets every page in", { origins: '*' }, { Origin: 'http://evil.example' }, 101],
    ['a list lets its own in', { origins: ['https://good.example'] }, { Origin: 'https://good.example' }, 101],
    [
      'upper case and default ports are the same',
      { origins: ['https://good.example'] },
      { Origin: 'https://GOOD.example:443' },
      101,
    ],
    ['a list keeps others out', { origins: ['https://good.example'] }, { Origin: 'https://good.example.evil' }, 403],
    ['another scheme is another page', { origins: ['https://good.example'] }, { Origin: 'http://good.example' }, 403],
    [
      'the same host is not on the list by itself',
      { origins: ['https://good.example'] },
      { Origin: 'http://localhost' },
      403,
    ],
    ['a pattern', { origins: /^https:\/\/\w+\.good\.example$/ }, { Origin: 'https://a.good.example' }, 101],
    [
      'a pattern keeps others out',
      { origins: /^https:\/\/\w+\.good\.example$/ },
      { Origin: 'https://a.good.example.evil' },
      403,
    ],
    ['a function', { origins: (origin) => origin.endsWith('.good') }, { Origin: 'http://very.good' }, 101],
    ['a function keeps others out', { origins: () => false }, { Origin: 'http://localhost' }, 403],
    ['no Origin is no page', { origins: () => false }, {}, 101],
    ['verifyClient decides alone', { verifyClient: () => true }, { Origin: 'http://evil.example' }, 101],
    ['unless origins are named too', { verifyClient: () => true, origins: [] }, { Origin: 'http://evil.example' }, 403],
    ['a proxy says which host it was', {}, { Origin: 'https://app.example', 'X-Forwarded-Host': 'app.example' }, 101],
    [
      'the browser says that it is the same',
      {},
      { Origin: 'https://app.example', 'Sec-Fetch-Site': 'same-origin' },
      101,
    ],
    ['unknown schemes are not all the same', { origins: ['app://one'] }, { Origin: 'app://two' }, 403],
  ])('%s', async (_what, options, headers, status) => {
    const { port } = await serve(options);
    expect((await statusOf(port, headers))[0]).toBe(status);
  });
});

describe('subprotocols', () => {
  it.each<[string, WebSocketServerOptions, string | undefined, string | undefined]>([
    ['none is chosen where none is asked for', {}, undefined, undefined],
    ['the first is the default', {}, 'b, a', 'b'],
    ['the application chooses', { handleProtocols: (protocols) => [...protocols].at(-1)! }, 'a, b', 'b'],
    ['the application declines', { handleProtocols: () => false }, 'a', undefined],
    ['one not asked for is left out', { handleProtocols: () => 'c' }, 'a', undefined],
    ["Object.prototype's names are names", {}, 'constructor, __proto__', 'constructor'],
  ])('%s', async (_what, options, asked, expected) => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port, { 'Sec-WebSocket-Protocol': asked });
    expect(peer.header('Sec-WebSocket-Protocol')).toBe(expected);
    expect((await accepted).protocol).toBe(expected ?? '');
    peer.reset();
  });
});

describe('verifyClient', () => {
  it('refuses with 401, or with what it says', async () => {
    const plain = await serve({ verifyClient: () => false });
    expect((await statusOf(plain.port, {}))[0]).toBe(401);
    const own = await serve({
      verifyClient: (_info, answer) => answer(false, 418, 'tea', { 'X-Kind': 'oolong', 'X-Bad': 'a\r\nb: c' }),
    });
    const [status, peer] = await statusOf(own.port, {});
    expect([status, peer.header('X-Kind'), peer.header('X-Bad'), peer.body]).toEqual([418, 'oolong', undefined, 'tea']);
  });

  it.each([
    [101, 'something true', () => 'yes' as never],
    [101, 'a promise of true', () => Promise.resolve(true)],
    [401, 'nothing', () => {}],
    [401, 'a promise of false', () => Promise.resolve(false)],
  ])('answers with %i by %s', async (status, _what, verifyClient) => {
    const { port } = await serve({ verifyClient });
    expect((await statusOf(port, {}))[0]).toBe(status);
  });

  it('whose promise is broken refuses with 500', async () => {
    const warning = once(process, 'warning');
    const { port } = await serve({ verifyClient: () => Promise.reject(new Error('broken')) });
    expect((await statusOf(port, {}))[0]).toBe(500);
    expect(String(await warning)).toContain('broken');
  });

  it('may answer later, and twice', async () => {
    const stage = await serveEcho({
      verifyClient: (_info, answer) => void setImmediate(() => (answer(true), answer(false))),
    });
    const peer = await RawPeer.open(stage.port, {}, maskedText('early'));
    expect(String((await peer.seen(1))[0]?.payload)).toBe('early');
    peer.reset();
  });

  it('is told origin, security and the request', async () => {
    const seen: unknown[] = [];
    const stage = await serve({
      verifyClient: ({ origin, secure, req }) => (seen.push([origin, secure, req.url]), true),
    });
    await statusOf(stage.port, { Origin: 'http://x.example' }, { path: '/y' });
    expect(seen).toEqual([['http://x.example', false, '/y']]);
  });

  it('that throws refuses with 500, and the next one is served', async () => {
    const warning = once(process, 'warning');
    const stage = await serve({
      verifyClient: ({ req }) => {
        if (req.url === '/throw') throw new Error('no');
        return true;
      },
    });
    expect((await statusOf(stage.port, {}, { path: '/throw' }))[0]).toBe(500);
    expect((await statusOf(stage.port, {}))[0]).toBe(101);
    expect(String(await warning)).toContain('no');
  });
});

describe('what an application says of a request', () => {
  it.each<[string, (server: WebSocketServer) => void, Headers]>([
    ['shouldHandle', (server) => void (server.shouldHandle = fail), {}],
    ['handleProtocols', () => {}, { 'Sec-WebSocket-Protocol': 'throw' }],
    ['a listener of headers', (server) => void server.on('headers', fail), {}],
    ['a listener of wsClientError', (server) => void server.on('wsClientError', fail), { 'Sec-WebSocket-Key': 'x' }],
  ])('may be that %s throws: that request is refused, and the next one served', async (_what, prepare, headers) => {
    const warning = once(process, 'warning');
    const stage = await serve({ handleProtocols: (protocols) => (protocols.has('throw') ? fail() : false) });
    const { shouldHandle } = stage.server;
    prepare(stage.server);
    const [status] = await statusOf(stage.port, headers);
    expect([0, 500]).toContain(status);
    expect(String(await warning)).toContain('no');
    stage.server.shouldHandle = shouldHandle;
    for (const event of ['headers', 'wsClientError']) stage.server.removeAllListeners(event);
    expect((await statusOf(stage.port, {}))[0]).toBe(101);
  });
});

describe('headers of the answer', () => {
  it('can be added, but never split', async () => {
    const stage = await serve();
    stage.server.on('headers', (headers: string[]) => {
      headers.push('X-Good: yes', 'X-Bad: a\r\nSet-Cookie: b', 'X-Nul: \0', 'no colon');
    });
    const peer = await RawPeer.open(stage.port);
    expect(peer.header('X-Good')).toBe('yes');
    expect(peer.head).not.toMatch(/Set-Cookie|X-Nul|no colon/);
    peer.reset();
  });
});
