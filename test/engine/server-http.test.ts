/** What our server answers to requests that are as they should be, and to those that are not. */
import { gunzipSync } from 'node:zlib';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer as createSecureServer, get as getSecurely } from 'node:https';

import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { listen as listenAlone } from '../../server/engine/index.ts';
import type { ServerOptions, Session } from '../../server/engine/index.ts';
import { certificate } from '../websocket/certificate.ts';
import { bytesHeld } from '../websocket/garbage.ts';
import { Poller, WebSocketPeer, ask, begin, next, open, serve, tcp } from './server-fixture.ts';

const error = (code: number) => {
  const messages = [
    'Transport unknown',
    'Session ID unknown',
    'Bad handshake method',
    'Bad request',
    'Forbidden',
    'Unsupported protocol version',
  ];
  return JSON.stringify({ code, message: messages[code] });
};

const prototypeNames = Object.getOwnPropertyNames(Object.prototype);

describe('a request that is refused', () => {
  it.each([
    ['an unknown transport', 0, 'GET', 'EIO=4&transport=tobi'],
    ['no transport', 0, 'GET', 'EIO=4'],
    ['two transports, the last of them none', 0, 'GET', 'EIO=4&transport=polling&transport=tobi'],
    ...prototypeNames.map((name) => [`the transport ${name}`, 0, 'GET', `EIO=4&transport=${name}`] as const),
    ['an unknown session', 1, 'GET', 'EIO=4&transport=polling&sid=nobody'],
    ['two sessions', 1, 'GET', 'EIO=4&transport=polling&sid=a&sid=b'],
    ['a session id of 4 kB', 1, 'GET', `EIO=4&transport=polling&sid=${'a'.repeat(4_096)}`],
    ['a NUL as session id', 1, 'GET', 'EIO=4&transport=polling&sid=%00'],
    ...prototypeNames.map((name) => [`the session ${name}`, 1, 'GET', `EIO=4&transport=polling&sid=${name}`] as const),
    ['an unknown session on POST', 1, 'POST', 'EIO=4&transport=polling&sid=nobody'],
    ['an opening by POST', 2, 'POST', 'EIO=4&transport=polling'],
    ['an opening by PUT', 2, 'PUT', 'EIO=4&transport=polling'],
    ['an opening by DELETE', 2, 'DELETE', 'EIO=4&transport=polling'],
    ['a WebSocket without an upgrade', 3, 'GET', 'EIO=4&transport=websocket'],
    ['no protocol', 5, 'GET', 'transport=polling'],
    ['protocol 3', 5, 'GET', 'EIO=3&transport=polling'],
    ['protocol 9', 5, 'GET', 'EIO=9&transport=polling'],
    ['two protocols, the last of them another', 5, 'GET', 'EIO=4&EIO=5&transport=polling'],
  ] as const)('gets an error that holds nothing of it: %s', async (_what, code, method, query) => {
    const { port, engine, refusals } = await serve();
    const answer = await ask(port, { method, query, ...(method === 'GET' ? {} : { body: '4x' }) });
    expect([answer.status, answer.body]).toEqual([400, error(code)]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(refusals.map((refusal) => refusal.code)).toEqual([code]);
    expect(engine.clientsCount).toBe(0);
  });

  it.each(['sid=', 'sid', 'EIO=4', 'transport=polling', 'x=1&x=2'])('is not one with %s in it, too', async (more) => {
    const { port, sessions } = await serve();
    const answer = await ask(port, { query: `EIO=4&transport=polling&${more}` });
    expect([answer.status, sessions.length]).toEqual([200, 1]);
  });

  it.each(['', '&EIO=3', '&EIO=9', '&EIO=4,4', '&EIO=4&EIO=4'])(
    'leaves the session alone when it comes with %j for the protocol',
    async (protocol) => {
      const { port, sessions } = await serve();
      const { sid } = await open(port);
      const query = `transport=polling&sid=${sid}${protocol}`;
      for (const method of ['GET', 'POST']) {
        const answer = await ask(port, { method, query, ...(method === 'GET' ? {} : { body: '4x' }) });
        expect([answer.status, answer.body]).toEqual([400, error(3)]);
      }
      const peer = new WebSocketPeer(port, `transport=websocket&sid=${sid}${protocol}`);
      expect(await peer.refused).toBe(400);
      expect(sessions[0]!.readyState).toBe('open');
    },
  );

  it.each([
    ['transport=polling&EIO=3', { name: 'PROTOCOL_MISMATCH', protocol: 3, previousProtocol: 4 }],
    ['transport=polling', { name: 'PROTOCOL_MISMATCH', protocol: 3, previousProtocol: 4 }],
    ['transport=websocket&EIO=4', { name: 'TRANSPORT_MISMATCH', transport: 'websocket', previousTransport: 'polling' }],
  ])('is told by connection_error when it doesn’t fit its session: %s', async (query, context) => {
    const { port, refusals } = await serve({ allowEIO3: true });
    const { sid } = await open(port);
    expect((await ask(port, { query: `${query}&sid=${sid}` })).body).toBe(error(3));
    expect(refusals).toEqual([{ code: 3, context }]);
  });

  it('leaves the session alone when its method is neither GET nor POST', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const answer = await ask(port, { method: 'PUT', query: poller.query(), body: '4x' });
    expect([answer.status, answer.body]).toEqual([400, error(3)]);
    expect(sessions[0]!.readyState).toBe('open');
  });

  it.each<[string, string]>([
    ['an unknown transport', 'EIO=4&transport=tobi'],
    ['a transport that needs no upgrade', 'EIO=4&transport=polling'],
    ['an unknown session', 'EIO=4&transport=websocket&sid=nobody'],
    ['another protocol', 'EIO=3&transport=websocket'],
    ...prototypeNames.map((name): [string, string] => [`the transport ${name}`, `EIO=4&transport=${name}`]),
    ...prototypeNames.map((name): [string, string] => [`the session ${name}`, `EIO=4&transport=websocket&sid=${name}`]),
  ])('does not become a WebSocket: %s', async (_what, query) => {
    const { port } = await serve();
    expect(await new WebSocketPeer(port, query).refused).toBe(400);
  });

  it('is told by connection_error when it is no WebSocket handshake', async () => {
    const { port, refusals, engine } = await serve();
    const { socket, ended } = await tcp(port);
    const head = 'GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n';
    socket.write(`${head}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n`);
    expect(await ended).toMatch(/^HTTP\/1\.1 400 /);
    expect(refusals).toEqual([{ code: 3, context: { name: 'TRANSPORT_HANDSHAKE_ERROR' } }]);
    expect(engine.clientsCount).toBe(0);
  });

  it('tells connection_error the request, code, message and context', async () => {
    const { engine, port } = await serve();
    const told = next<[{ req: { url: string }; code: number; message: string; context: object }]>(
      engine,
      'connection_error',
    );
    await ask(port, { query: 'EIO=4&transport=tobi' });
    const [{ req, code, message, context }] = await told;
    expect([req.url, code, message, context]).toEqual([
      '/engine.io/?EIO=4&transport=tobi',
      0,
      'Transport unknown',
      { transport: 'tobi' },
    ]);
  });

  it('gets the reason that allowRequest gave, with 403', async () => {
    const { port } = await serve({ allowRequest: (_request, decide) => decide('not you', false) });
    const answer = await ask(port, { query: 'EIO=4&transport=polling' });
    expect([answer.status, answer.body]).toEqual([403, '{"code":4,"message":"not you"}']);
    expect(await new WebSocketPeer(port, 'EIO=4&transport=websocket').refused).toBe(403);
  });

  it('is refused when allowRequest throws, and when generateId fails or repeats an id', async () => {
    const throwing = await serve({
      allowRequest: () => {
        throw new Error('broken');
      },
    });
    expect((await ask(throwing.port, { query: 'EIO=4&transport=polling' })).status).toBe(403);
    const { engine, port, refusals } = await serve();
    const wrong = ['', undefined, null, {}, true].map((id) => () => id as unknown as string);
    for (const give of [() => 'same', () => 'same', () => Promise.reject(new Error('no')), ...wrong]) {
      engine.generateId = give;
      await ask(port, { query: 'EIO=4&transport=polling' });
    }
    expect(refusals.map(({ context }) => context['name'])).toEqual(Array(7).fill('ID_GENERATION_ERROR'));
    expect(engine.clientsCount).toBe(1);
  });

  it('is not refused when generateId counts', async () => {
    const { engine, port } = await serve();
    engine.generateId = () => 7 as unknown as string;
    expect((await open(port)).sid).toBe('7');
  });
});

describe('a poll', () => {
  it('opens a session with the open packet of Engine.IO 4 and what is to be sent behind it', async () => {
    const { port, sessions } = await serve({ initialPacket: 'hello' });
    const answer = await ask(port, { query: 'EIO=4&transport=polling' });
    const { id } = sessions[0]!;
    expect(answer.body).toBe(
      `0{"sid":"${id}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}\x1e4hello`,
    );
    expect(answer.headers['content-type']).toBe('text/plain; charset=UTF-8');
    expect(id).toMatch(/^[\w-]{22}$/);
  });

  it('brings what waited in one payload, binary in base64', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    sessions[0]!
      .send('a')
      .send(Buffer.from([1, 2]))
      .send(new Uint16Array([3]));
    expect((await poller.get()).body).toBe('4a\x1ebAQI=\x1ebAwA=');
  });

  it('ends a plain session when it comes while another one waits', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const ended = next<[string]>(sessions[0]!, 'close');
    const first = poller.get();
    const second = await poller.get();
    expect([second.status, second.body]).toEqual([400, error(3)]);
    expect((await first).body).toBe('1');
    expect(await ended).toEqual(['transport error', expect.objectContaining({ code: 'transport-error' })]);
  });

  it('ends a plain session when it is broken off', async () => {
    const { port, sessions } = await serve();
    const { sid } = await open(port);
    const { socket } = await tcp(port);
    socket.write(`GET /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await expect.poll(() => sessions[0]!.transport.writable).toBe(true);
    socket.destroy();
    expect((await next<[string]>(sessions[0]!, 'close'))[0]).toBe('transport error');
  });

  it('that is broken off in the middle of a long answer holds nothing and nobody up', async () => {
    const { http, port, sessions } = await serve();
    const bystander = new Poller(port, (await open(port)).sid);
    const { sid } = await open(port);
    sessions[1]!.send('x'.repeat(20_000_000));
    const { socket } = await tcp(port);
    socket.write(`GET /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await next(socket, 'data');
    socket.resetAndDestroy();
    expect((await bystander.post('4still here')).body).toBe('ok');
    // What the fixture's agent keeps.
    const connections = () => new Promise((resolve) => http.getConnections((_error, count) => resolve(count)));
    await expect.poll(connections).toBeLessThanOrEqual(1);
    expect((await new Poller(port, sid).post('4the next')).body).toBe('ok');
  });

  it('learns of an end that came between two polls', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    sessions[0]!.close();
    expect(sessions[0]!.readyState).toBe('closed');
    expect((await poller.get()).body).toBe('1');
    expect((await poller.get()).body).toBe(error(1));
  });

  it.each([
    ['session', (session: Session) => session.close()],
    ['transport', (session: Session) => session.transport.close()],
  ])('is not blamed for a POST that it sent before it could learn of the end of its %s', async (_what, end) => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    end(sessions[0]!);
    const late = await poller.post('4late');
    expect([late.status, late.body]).toEqual([200, 'ok']);
    expect((await poller.get()).body).toBe('1');
    expect((await poller.post('4later')).body).toBe(error(1));
  });

  it('is compressed from the threshold on, if both ends want it', async () => {
    const { port, sessions } = await serve({ httpCompression: { threshold: 100 } });
    const poller = new Poller(port, (await open(port)).sid);
    const long = 'x'.repeat(100);
    const got = async (encoding: string, options = {}): Promise<string | undefined> => {
      sessions[0]!.send(long, options);
      const answer = await ask(port, { query: poller.query(), headers: { 'Accept-Encoding': encoding } });
      return answer.headers['content-encoding'];
    };
    expect(await got('deflate, gzip;q=0.5')).toBe('gzip');
    expect(await got('deflate')).toBe('deflate');
    expect(await got('gzip;q=0, br')).toBe(undefined);
    expect(await got('gzip', { compress: false })).toBe(undefined);
    sessions[0]!.send('short');
    const packed = await new Promise<Buffer>((resolve) => {
      sessions[0]!.send(long);
      const headers = { 'Accept-Encoding': 'gzip' };
      httpRequest({ port, path: `/engine.io/?${poller.query()}`, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
      }).end();
    });
    expect(gunzipSync(packed).toString()).toBe(`4short\x1e4${long}`);
  });
});

describe('a POST', () => {
  it('is answered beside a waiting poll, and its packets come in order', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const got: unknown[] = [];
    sessions[0]!.on('message', (data) => got.push(data));
    const poll = poller.get();
    const answer = await poller.post('4a\x1ebAQI=\x1e4ü€😀');
    expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([200, 'ok', 'text/html']);
    expect(got).toEqual(['a', Buffer.from([1, 2]), 'ü€😀']);
    sessions[0]!.send('b');
    expect((await poll).body).toBe('4b');
  });

  it.each([
    ['is not a packet', 'zzz'],
    ['is empty', ''],
    ['has an empty packet', '4a\x1e\x1e4b'],
    ['has an unknown type', '7'],
    ['begins with a byte order mark', '\ufeff4a'],
    ['has base64 that is none', 'b&&&&'],
    ['has base64 cut short', 'bAAAAA'],
    ['is not UTF-8', Buffer.from([0x34, 0xff, 0xfe])],
    ['opens', '0{}'],
    ['upgrades', '5'],
  ])('ends the session with a parse error when its payload %s', async (_what, body) => {
    const { port, sessions } = await serve();
    const bystander = new Poller(port, (await open(port)).sid);
    const poller = new Poller(port, (await open(port)).sid);
    const ended = next<[string]>(sessions[1]!, 'close');
    const answer = await poller.post(body);
    expect([answer.status, answer.body]).toEqual([400, error(3)]);
    expect((await ended)[0]).toBe('parse error');
    expect((await bystander.post('4still here')).body).toBe('ok');
  });

  it.each([
    ['application/octet-stream', {}],
    ['application/octet-stream; charset=utf-8', {}],
    ['text/plain; charset=iso-8859-1', {}],
    ['text/plain', { 'Content-Encoding': 'gzip' }],
  ])('is refused when it comes as %s %j', async (type, headers) => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const ended = next<[string]>(sessions[0]!, 'close');
    const answer = await poller.post('4a', '', { 'Content-Type': type, ...headers });
    expect([answer.status, answer.body]).toEqual([400, error(3)]);
    expect((await ended)[0]).toBe('transport error');
  });

  it('that a proxy repeats is taken twice of a plain peer, as by Engine.IO: nothing in it says that it was there before', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const got: unknown[] = [];
    sessions[0]!.on('message', (data) => got.push(data));
    for (const again of ['ok', 'ok']) expect((await poller.post('4a')).body).toBe(again);
    expect(got).toEqual(['a', 'a']);
  });

  it('pins at most twice its bytes while it comes, in however small pieces', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const { socket } = await tcp(port);
    const size = 100_000;
    const chunks = Buffer.from('1\r\nx\r\n'.repeat(size / 100));
    socket.write(
      `POST /engine.io/?${poller.query()} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n4\r\n`,
    );
    const send = async (times: number): Promise<void> => {
      for (let sent = 0; sent < times; sent++) {
        socket.write(chunks);
        while (socket.writableLength > 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const beside = new Poller(port, (await open(port)).sid);
      expect((await beside.post('4a')).body).toBe('ok');
    };
    await send(50);
    const before = await bytesHeld();
    await send(50);
    // An object for each byte would be 10 MB more. What is under way may be some of it.
    expect((await bytesHeld()) - before).toBeLessThan(2 * size + 2_000_000);
    const whole = next<[string]>(sessions[0]!, 'message');
    socket.write('0\r\n\r\n');
    expect((await whole)[0]).toHaveLength(size);
  }, 30_000);

  it('is refused by its length before any of it is read', async () => {
    const { port, sessions } = await serve({ maxHttpBufferSize: 100 });
    const { sid } = await open(port);
    const { socket, ended } = await tcp(port);
    const head = `POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\n`;
    socket.write(`${head}Content-Length: 101\r\n\r\n`);
    expect(await ended).toMatch(/^HTTP\/1\.1 413 .*Connection: close/s);
    expect(sessions[0]!.readyState).toBe('open');
  });

  it('is refused where it passes the limit when it is chunked, and not read to its end', async () => {
    const { port } = await serve({ maxHttpBufferSize: 100 });
    const { sid } = await open(port);
    const { socket, ended } = await tcp(port);
    const head = `POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\n`;
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n32\r\n${'x'.repeat(50)}\r\n`);
    socket.write(`33\r\n${'x'.repeat(51)}\r\n`);
    expect(await ended).toMatch(/^HTTP\/1\.1 413 .*Connection: close/s);
  });

  it('of exactly the limit is taken', async () => {
    const { port, sessions } = await serve({ maxHttpBufferSize: 100 });
    const poller = new Poller(port, (await open(port)).sid);
    const got = next(sessions[0]!, 'message');
    expect((await poller.post(`4${'x'.repeat(99)}`)).body).toBe('ok');
    expect(await got).toEqual(['x'.repeat(99)]);
  });

  it('that is broken off ends a plain session and delivers nothing', async () => {
    const { port, sessions } = await serve();
    const { sid } = await open(port);
    const got: unknown[] = [];
    sessions[0]!.on('message', (data) => got.push(data));
    const { socket } = await tcp(port);
    const head = `POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\n`;
    socket.write(`${head}Content-Length: 100\r\n\r\n4only some of it`);
    setImmediate(() => socket.end());
    expect((await next<[string]>(sessions[0]!, 'close'))[0]).toBe('transport error');
    expect(got).toEqual([]);
  });

  it('that dawdles is cut by the http server, and the session lives by its heartbeat meanwhile', async () => {
    const http = createServer({ requestTimeout: 150, headersTimeout: 150, connectionsCheckingInterval: 30 });
    const { port, sessions } = await serve({ pingInterval: 40, pingTimeout: 1_000 }, http);
    const poller = new Poller(port, (await open(port, '&resume=1')).sid);
    const { socket, ended } = await tcp(port);
    const head = `POST /engine.io/?${poller.query('&from=1&turn=1')} HTTP/1.1\r\nHost: a\r\n`;
    socket.write(`${head}Content-Length: 100\r\n\r\n4`);
    const dawdling = setInterval(() => socket.write('x'), 20);
    poller.turn = 1;
    expect((await poller.seen(0)).body).toBe('20');
    await ended;
    clearInterval(dawdling);
    expect((await poller.from(1, '30')).body).toBe('ok');
    expect(sessions[0]!.readyState).toBe('open');
  });

  it('is refused beside another one of a plain peer, and the session ends', async () => {
    const { port, sessions } = await serve();
    const { sid } = await open(port);
    const first = await tcp(port);
    const head = `POST /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n`;
    first.socket.write(head);
    const ended = next<[string]>(sessions[0]!, 'close');
    // The first one's head must be there before the second one comes.
    await ask(port, { query: 'EIO=4&transport=tobi' });
    const answer = await new Poller(port, sid).post('4b');
    expect([answer.status, answer.body]).toEqual([400, error(3)]);
    expect((await ended)[0]).toBe('transport error');
    first.socket.write('4a');
    await expect.poll(() => first.socket.bytesRead).toBeGreaterThan(0);
  });

  it('of hundreds of thousands of packets is taken without blocking the process', async () => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    let count = 0;
    sessions[0]!.receiver = { message: () => void count++, closed: () => {} };
    const body = Array(450_000).fill('4').join('\x1e');
    // Time of our own, not of what else this machine does.
    let longestMs = 0;
    let before = process.cpuUsage();
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(before);
      longestMs = Math.max(longestMs, (user + system) / 1_000);
      before = process.cpuUsage();
    }, 1);
    const answer = await poller.post(body);
    clearInterval(timer);
    expect([answer.body, count]).toEqual(['ok', 450_000]);
    expect(longestMs).toBeLessThan(50);
  });
});

it.each([
  [true, 'permessage-deflate'],
  [false, undefined],
])('compresses WebSocket messages where perMessageDeflate is %s', async (perMessageDeflate, extension) => {
  const { port, sessions } = await serve({ perMessageDeflate });
  const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
  await peer.until(1);
  expect(peer.socket.extensions.split(';')[0] || undefined).toBe(extension);
  const [session] = sessions as [Session];
  const long = 'x'.repeat(100_000);
  session.send(long).send(long, { compress: false }).send('short');
  expect((await peer.until(4)).slice(1)).toEqual([`4${long}`, `4${long}`, '4short']);
});

describe('every answer', () => {
  const good = 'https://good.example';
  const evil = { Origin: 'https://evil.example' };
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  type Row = [
    string,
    number,
    string,
    { method?: string; query?: string; headers?: Record<string, string>; body?: string },
  ];

  it.each<Row>([
    ['an opening', 200, 'EIO=4&transport=polling', {}],
    ['an opening of a stream', 200, 'EIO=4&transport=streaming&resume=1', {}],
    ['an opening of a stream of events', 200, 'EIO=4&transport=streaming&resume=1&sse=1', {}],
    ['an opening of JSONP', 200, 'EIO=3&transport=polling&j=0', {}],
    ['a poll', 200, 'EIO=4&transport=polling&sid=SID', {}],
    ['a poll that JSONP asks for', 200, 'EIO=4&transport=polling&sid=SID&j=0', {}],
    ['a POST', 200, 'EIO=4&transport=polling&sid=SID', { method: 'POST', body: '4a' }],
    ['a POST that is malformed', 400, 'EIO=4&transport=polling&sid=SID', { method: 'POST', body: 'x' }],
    ['a POST that is too big', 413, 'EIO=4&transport=polling&sid=SID', { method: 'POST', body: 'x'.repeat(2_000) }],
    ['a transport that is unknown', 400, 'EIO=4&transport=tobi', {}],
    ['a session that is unknown', 400, 'EIO=4&transport=polling&sid=nobody', {}],
    ['a method that opens nothing', 400, 'EIO=4&transport=polling', { method: 'PUT' }],
    ['a foreign page', 403, 'EIO=4&transport=polling', { headers: evil }],
    ['a protocol that is unknown', 400, 'EIO=9&transport=polling', {}],
    ['an upgrade of a session that is unknown', 400, 'EIO=4&transport=websocket&sid=nobody', { headers: upgrade }],
    ['an upgrade of a foreign page', 403, 'EIO=4&transport=websocket', { headers: { ...upgrade, ...evil } }],
    [
      'an upgrade without a key',
      400,
      'EIO=4&transport=websocket',
      { headers: { ...upgrade, 'Sec-WebSocket-Key': 'x' } },
    ],
    [
      'an upgrade of another version',
      426,
      'EIO=4&transport=websocket',
      { headers: { ...upgrade, 'Sec-WebSocket-Version': '8' } },
    ],
  ])('forbids to store it and to guess at its type: to %s', async (_to, status, query, given) => {
    const { port, sessions } = await serve({ cors: { origin: good }, allowEIO3: true, maxHttpBufferSize: 1_000 });
    const { sid } = await open(port);
    sessions[0]!.send('waits');
    const { answer, destroy } = begin(port, { ...given, query: query.replace('SID', sid) });
    const { statusCode, headers } = await answer;
    destroy();
    expect([statusCode, headers['cache-control']!.split(', ')[0], headers['x-content-type-options']]).toEqual([
      status,
      'no-store',
      'nosniff',
    ]);
  });

  it.each([
    ['where it is crowded', 503, { maxSilentSessions: 0 }],
    [
      'where allowRequest says no',
      403,
      { allowRequest: (_request: unknown, decide: (why: string, is: boolean) => void) => decide('', false) },
    ],
  ])('forbids that %s, too', async (_where, status, options) => {
    const { port } = await serve(options as object);
    const answer = await ask(port, { query: 'EIO=4&transport=polling' });
    expect(answer).toMatchObject({
      status,
      headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    });
  });

  it('forbids that beside the path of a server on a port of its own', async () => {
    const engine = await new Promise<ReturnType<typeof listenAlone>>((resolve) => {
      const made = listenAlone(0, {}, () => resolve(made));
    });
    onTestFinished(() => {
      engine.close();
      engine.httpServer!.closeAllConnections();
      engine.httpServer!.close();
    });
    const { port } = engine.httpServer!.address() as { port: number };
    const answer = await ask(port, { path: '/' });
    expect(answer).toMatchObject({
      status: 501,
      headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    });
  });
});

describe('headers', () => {
  it('stand in the place of ours, but for what varies with the Origin', async () => {
    const { engine, port } = await serve({ cookie: true });
    engine.on('initial_headers', (headers) => headers['Set-Cookie'].push('also=1'));
    engine.on('headers', (headers) => Object.assign(headers, { 'cache-control': 'private', Vary: 'Cookie' }));
    const answer = await ask(port, { query: 'EIO=4&transport=polling' });
    expect(answer.headers).toMatchObject({
      'cache-control': 'private',
      vary: 'Origin, Cookie',
      'set-cookie': [expect.stringMatching(/^io=/), 'also=1'],
    });
  });

  it('are added by initial_headers to the first answer and by headers to all', async () => {
    const { engine, port } = await serve();
    engine.on('initial_headers', (headers) => (headers['X-First'] = 'yes'));
    engine.on('headers', (headers) => (headers['X-Each'] = ['1', '2']));
    const first = await ask(port, { query: 'EIO=4&transport=polling' });
    const poller = new Poller(port, JSON.parse(first.body.slice(1)).sid);
    const posted = await poller.post('4a');
    expect(first.headers).toMatchObject({ 'x-first': 'yes', 'x-each': '1, 2' });
    expect(posted.headers['x-first']).toBeUndefined();
    expect(posted.headers['x-each']).toBe('1, 2');
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    const [response] = await next<[{ headers: object }]>(peer.socket, 'upgrade');
    expect(response.headers).toMatchObject({ 'x-first': 'yes', 'x-each': '1, 2' });
  });

  it.each([
    ['Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)', '0'],
    ['Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko', '0'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', undefined],
  ])('switch the filter of Internet Explorer off: %s', async (agent, value) => {
    const { port } = await serve();
    const headers = { 'User-Agent': agent };
    const opened = await ask(port, { query: 'EIO=4&transport=polling', headers });
    const { sid } = JSON.parse(opened.body.slice(1));
    const posted = await ask(port, {
      method: 'POST',
      query: `EIO=4&transport=polling&sid=${sid}`,
      headers,
      body: '4a',
    });
    expect([opened.headers['x-xss-protection'], posted.headers['x-xss-protection']]).toEqual([value, value]);
  });

  it('that would break out of their line are left out', async () => {
    const { engine, port } = await serve();
    engine.on('initial_headers', (headers) => {
      headers['X-Bad'] = 'a\r\nX-Injected: yes';
      headers['X-\r\nBad'] = 'a';
      headers['X-Good'] = 'yes';
    });
    const { headers, status } = await ask(port, { query: 'EIO=4&transport=polling' });
    expect(status).toBe(200);
    expect(headers['x-good']).toBe('yes');
    expect([headers['x-bad'], headers['x-injected'], headers['bad']]).toEqual([undefined, undefined, undefined]);
    const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
    const [response] = await next<[{ headers: Record<string, string> }]>(peer.socket, 'upgrade');
    expect([response.headers['x-good'], response.headers['x-injected']]).toEqual(['yes', undefined]);
  });

  it.each([
    { name: 'a\r\nX-Injected: yes' },
    { name: '' },
    { path: '/\r\nX-Injected: yes' },
    { domain: 'a.example\nX-Injected: yes' },
    { domain: 'a\0b' },
    { sameSite: 'sometimes' },
    { expires: 'tomorrow' },
    { encode: () => 'a\r\nX-Injected: yes' },
  ])('are refused where a cookie like %j would break out of its line', async (cookie) => {
    await expect(serve({ cookie } as ServerOptions)).rejects.toThrow(/^cookie can't be written: "[^\r\n]*"\.$/);
  });

  it('are left out where a cookie can not be written for one id only', async () => {
    const { engine, port } = await serve({ cookie: { encode: (id) => (id === 'odd' ? 'a\r\nb' : id) } });
    const ids = ['odd', 'even'];
    engine.generateId = () => ids.shift()!;
    const cookies = [];
    for (let time = 0; time < 2; time++)
      cookies.push((await ask(port, { query: 'EIO=4&transport=polling' })).headers['set-cookie']);
    expect(cookies).toEqual([undefined, [expect.stringMatching(/^io=even;/)]]);
  });

  it('carry the session id in a cookie if that is wanted, and then safely', async () => {
    const { port, sessions } = await serve({ cookie: true });
    const opened = await ask(port, { query: 'EIO=4&transport=polling' });
    expect(opened.headers['set-cookie']).toEqual([`io=${sessions[0]!.id}; Path=/; HttpOnly; SameSite=Lax`]);
    const named = await serve({ cookie: { name: 'lb', path: '/x', httpOnly: false, sameSite: 'strict' } });
    const { headers } = await ask(named.port, { query: 'EIO=4&transport=polling' });
    expect(headers['set-cookie']).toEqual([`lb=${named.sessions[0]!.id}; Path=/x; SameSite=Strict`]);
  });

  it('carry no cookie unless that is wanted, and over TLS one for TLS alone', async () => {
    const { port } = await serve();
    expect((await ask(port, { query: 'EIO=4&transport=polling' })).headers['set-cookie']).toBeUndefined();
    const secure = createSecureServer(certificate());
    const { port: securePort, sessions } = await serve({ cookie: true }, secure);
    const headers = await new Promise<IncomingHttpHeaders>((resolve) => {
      const options = { port: securePort, path: '/engine.io/?EIO=4&transport=polling', rejectUnauthorized: false };
      getSecurely(options, (answer) => resolve(answer.resume().headers));
    });
    expect(headers['set-cookie']).toEqual([`io=${sessions[0]!.id}; Path=/; HttpOnly; Secure; SameSite=Lax`]);
  });
});

describe('a listener that throws', () => {
  it.each(['connection', 'initial_headers', 'headers', 'connection_error'])(
    'on %s of the server is a warning, and its peer is answered',
    async (event) => {
      const { engine, port } = await serve();
      const mistake = new Error(`thrown by ${event}`);
      const warnings: unknown[] = [];
      const listener = (warning: unknown) => void warnings.push(warning);
      process.on('warning', listener);
      onTestFinished(() => void process.off('warning', listener));
      engine.on(event, () => {
        throw mistake;
      });
      expect((await ask(port, { query: 'EIO=4&transport=polling' })).status).toBe(200);
      expect((await ask(port, { query: 'EIO=4&transport=tobi' })).body).toBe(error(0));
      expect((await new WebSocketPeer(port, 'EIO=4&transport=websocket').until(1))[0]).toMatch(/^0\{/);
      expect(await new WebSocketPeer(port, 'EIO=4&transport=tobi').refused).toBe(400);
      await expect.poll(() => warnings.length).toBeGreaterThanOrEqual(2);
      expect(new Set(warnings)).toEqual(new Set([mistake]));
    },
  );

  it.each(['packet', 'heartbeat', 'message', 'data'])('on %s of a session ends that session', async (event) => {
    const { port, sessions } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const bystander = new Poller(port, (await open(port)).sid);
    const mistake = new Error('mine');
    const told = next(sessions[0]!, 'error');
    sessions[0]!.on(event, () => {
      throw mistake;
    });
    await poller.post('3\x1e4a');
    expect(await told).toEqual([mistake]);
    expect(sessions.map(({ readyState }) => readyState)).toEqual(['closed', 'open']);
    expect((await bystander.post('4a')).body).toBe('ok');
  });
});

it('gives a session the request that opened it, and where that came from', async () => {
  const { port, sessions } = await serve();
  await open(port, '&a=b');
  const { request, remoteAddress, protocol } = sessions[0] as Session & { request: { _query: object } };
  expect([{ ...request['_query'] }, request.url]).toEqual([
    { EIO: '4', transport: 'polling', a: 'b' },
    '/engine.io/?EIO=4&transport=polling&a=b',
  ]);
  expect([remoteAddress.replace('::ffff:', ''), protocol]).toEqual([expect.stringMatching(/^(127\.0\.0\.1|::1)$/), 4]);
});

it.each([
  ['', true],
  ['&b64=1', false],
])('knows of a peer with %j whether it takes binary', async (more, takesBinary) => {
  const { port, sessions } = await serve();
  await open(port, more);
  await new WebSocketPeer(port, `EIO=4&transport=websocket${more}`).until(1);
  expect(sessions.map(({ transport }) => transport.supportsBinary)).toEqual([takesBinary, takesBinary]);
});

it('takes the first of the subprotocols that a peer asks for, which would fail without one', async () => {
  const { port } = await serve();
  const socket = new WebSocket(`ws://localhost:${port}/engine.io/?EIO=4&transport=websocket`, ['chat.v2', 'chat.v1']);
  onTestFinished(() => socket.terminate());
  await next(socket, 'open');
  expect(socket.protocol).toBe('chat.v2');
});

describe.each(['polling', 'websocket'])('the callback of a message on %s', (way) => {
  async function start() {
    const { port, sessions } = await serve({ maxQueuedBytes: 2 ** 30 });
    if (way === 'websocket') await new WebSocketPeer(port, 'EIO=4&transport=websocket').until(1);
    else new Poller(port, (await open(port)).sid).hold();
    const [session] = sessions as [Session];
    while (!session.transport.writable) await new Promise((resolve) => setImmediate(resolve));
    return session;
  }

  it('may send the next one, as long as one likes', async () => {
    const session = await start();
    let sent = 0;
    const isThrough = new Promise<void>((resolve) => {
      const sendNext = () => (++sent < 5_000 && way === 'websocket' ? session.send('x', sendNext) : resolve());
      session.send('x', sendNext);
    });
    expect(sent).toBe(0);
    await isThrough;
    expect(sent).toBe(way === 'websocket' ? 5_000 : 1);
  });

  it('is called before the end is told, or never', async () => {
    const session = await start();
    const order: string[] = [];
    session.on('close', () => order.push('close'));
    session.send('x', () => order.push('sent')).close();
    session.send('y', () => order.push('too late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['sent', 'close']);
  });
});

it('tells of a flush where messages leave, not of what transports say among themselves', async () => {
  const { port, sessions } = await serve();
  const poller = new Poller(port, (await open(port)).sid);
  const flushed: string[][] = [];
  const [session] = sessions as [Session];
  session.on('flush', (packets) => flushed.push(packets.map(({ type }: { type: string }) => type)));
  poller.hold();
  const peer = poller.webSocket();
  await peer.opened;
  peer.send('2probe');
  await peer.until(1);
  peer.send('5');
  await next(session, 'upgrade');
  session.send('x').close();
  expect(flushed).toEqual([['message']]);
});
