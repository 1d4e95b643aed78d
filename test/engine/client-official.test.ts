/** Our engine client against the official server: Engine.IO 4 and nothing else. */
import { Socket as Official } from 'engine.io-client';
import { describe, expect, it } from 'vitest';
import { type SocketOptions, XHR } from '../../client/engine/index.ts';
import { connect, heard, listen, messages, queryOf, serveOfficial } from './client-stage.ts';

const ways: readonly (readonly [string, SocketOptions, string])[] = [
  ['polling alone', { transports: ['polling'] }, 'polling'],
  ['WebSocket alone', { transports: ['websocket'] }, 'websocket'],
  ['polling, then WebSocket', {}, 'websocket'],
];

describe.each(ways)('over %s', (_name, options, carrier) => {
  async function meet(more: SocketOptions = {}, server = {}) {
    const stage = await serveOfficial(server);
    const client = connect(stage.url, { ...options, ...more });
    if (carrier !== 'websocket' || options.transports) await heard(client, 'open');
    else await heard(client, 'upgrade');
    return { ...stage, client, session: stage.sessions[0]! };
  }

  it('echoes text and bytes in order, whatever was sent before it was open', async () => {
    const { url, engine } = await serveOfficial();
    engine.on('connection', (session) => session.on('message', (data: string) => session.send(data)));
    const client = connect(url, options);
    const got = messages(client, 203);
    client.send('before').send(new Uint8Array([1, 2, 3]));
    await heard(client, 'open');
    client.send('ü€😀');
    for (let index = 0; index < 200; index++) {
      client.send(String(index));
      if (index % 10 === 0) await heard(client, 'drain');
    }
    expect(await got).toEqual(['before', [1, 2, 3], 'ü€😀', ...Array.from({ length: 200 }, (_, index) => `${index}`)]);
    expect(client.transport.name).toBe(carrier);
  });

  it('tells the server when it closes, after what was sent', async () => {
    const { client, session } = await meet();
    const got = heard(session, 'message');
    const serverClosed = heard(session, 'close');
    const closed = heard(client, 'close');
    client.send('last').close();
    expect(await got).toEqual(['last']);
    expect(await closed).toEqual(['forced close', expect.objectContaining({ code: 'closed-here', by: 'here' })]);
    expect((await serverClosed)[0]).toBe('transport close');
    expect(client.readyState).toBe('closed');
    expect(client.id).toBeUndefined();
  });

  it('hears when the server closes', async () => {
    const { client, session } = await meet();
    const closed = heard(client, 'close');
    session.close();
    expect(await closed).toEqual(['transport close', expect.objectContaining({ description: expect.any(String) })]);
  });

  it('gives up when no ping comes', async () => {
    const { client, session } = await meet({}, { pingInterval: 100, pingTimeout: 50 });
    const closed = heard(client, 'close');
    // A server that has stopped: it neither pings nor notices that nobody answers.
    Object.assign(session, { sendPacket: () => {}, onClose: () => {} });
    expect(await closed).toEqual(['ping timeout', expect.objectContaining({ code: 'heartbeat-missed' })]);
  });

  it('answers pings and tells of them', async () => {
    const { client, session } = await meet({}, { pingInterval: 50, pingTimeout: 5_000 });
    for (let count = 0; count < 3; count++) await Promise.all([heard(session, 'heartbeat'), heard(client, 'pong')]);
    expect(client.readyState).toBe('open');
  });

  it('refuses a message that the server would not take, and goes on', async () => {
    const { client, session } = await meet({}, { maxHttpBufferSize: 1_000 });
    expect(() => client.send('é'.repeat(501))).toThrow(/1003 bytes, the server takes 1000/);
    expect(() => client.send(new Uint8Array(1_001))).toThrow(expect.objectContaining({ code: 'ERR_TOO_BIG' }));
    const got = heard(session, 'message');
    client.send('é'.repeat(499));
    expect(await got).toEqual(['é'.repeat(499)]);
  });

  it('calls back when a message was handed to the transport', async () => {
    const { client } = await meet();
    const order: string[] = [];
    for (const event of ['packetCreate', 'flush', 'drain'] as const) client.on(event, () => order.push(event));
    const drained = heard(client, 'drain');
    await new Promise<void>((resolve) => client.send('x', { compress: false }, resolve));
    await drained;
    expect(order).toEqual(['packetCreate', 'flush', 'drain']);
  });

  it('keeps messages in its buffer until they have left, and tells of a drain then', async () => {
    const { client } = await meet();
    const order: unknown[] = [];
    for (const event of ['flush', 'drain'] as const) client.on(event, () => order.push(event));
    client.transport.on('drain', () => order.push(client.writeBuffer.length));
    client.send('a').send('b').send('c');
    order.push(client.writeBuffer.length);
    await heard(client, 'drain');
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['flush', 3, 'flush', 2, 'drain', 0]);
  });

  it('takes null and undefined for empty messages', async () => {
    const { client, session } = await meet();
    let came = 0;
    const isThrough = new Promise<void>((resolve) => {
      session.on('message', (data: unknown) => (data === 'after' ? resolve() : came++));
    });
    client
      .send(null as never)
      .send(undefined as never)
      .send('after');
    await isThrough;
    expect(came).toBe(2);
  });

  it('sends the same requests as the official client, but for one parameter', async () => {
    const { url, asked } = await serveOfficial();
    const seen = async (run: () => { close(): unknown }): Promise<unknown[]> => {
      asked.length = 0;
      const client = run();
      await heard(client, options.transports ? 'open' : 'upgrade');
      // With the handshake that is the first GET and, where there is one, the probe.
      const requests = asked
        .filter(({ url: path, method }) => method === 'GET' && (!path!.includes('sid') || path!.includes('websocket')))
        .map((request) => {
          const { t, sid, resume, ...query } = queryOf(request);
          return {
            path: request.url!.split('?')[0],
            query,
            hasStamp: t !== undefined,
            hasId: sid !== undefined,
            resume,
          };
        });
      client.close();
      return requests;
    };
    const official = await seen(() => new Official(url, options as never));
    expect(official.length).toBe(options.transports ? 1 : 2);
    const ours = await seen(() => connect(url, options));
    expect(ours).toEqual(official.map((each, index) => ({ ...(each as object), resume: index ? undefined : '1' })));
    expect(await seen(() => connect(url, { ...options, resume: false }))).toEqual(official);
  });

  it('sends headers and a query of the application, to its path', async () => {
    const { url, asked } = await serveOfficial();
    const client = connect(url, { ...options, query: { a: 'ä&=' }, extraHeaders: { 'x-mine': 'yes' } });
    await heard(client, 'open');
    expect(queryOf(asked[0]!)).toMatchObject({ a: 'ä&=', EIO: '4' });
    expect(asked[0]!.headers['x-mine']).toBe('yes');
  });

  it('says no more than once that it is closed', async () => {
    const { client, session } = await meet();
    let closes = 0;
    client.on('close', () => closes++);
    client.close();
    client.close();
    client.send('nowhere');
    await heard(session, 'close');
    expect(closes).toBe(1);
  });
});

it('loses and repeats nothing while it moves to WebSocket, and moves once', async () => {
  const { url, engine } = await serveOfficial();
  engine.on('connection', (session) => {
    session.on('message', (data: string) => session.send(data));
    let count = 0;
    const timer = setInterval(() => {
      session.send(`s${count++}`);
      if (count === 100) clearInterval(timer);
    }, 1);
  });
  for (let round = 0; round < 5; round++) {
    const client = connect(url);
    const names: string[] = [];
    client.on('transport', ({ name }) => names.push(name));
    const got = messages(client, 200);
    for (let index = 0; index < 100; index++) {
      client.send(`c${index}`);
      if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const all = await got;
    for (const end of ['c', 's'])
      expect(all.filter((each) => String(each).startsWith(end))).toEqual(
        Array.from({ length: 100 }, (_, index) => `${end}${index}`),
      );
    if (client.transport.name === 'polling') await heard(client, 'upgrade');
    expect(names).toEqual(['polling', 'websocket']);
    client.close();
  }
});

it('keeps POSTs within what the server takes', async () => {
  const { url, engine, asked } = await serveOfficial({ maxHttpBufferSize: 1_000 });
  const sizes: number[] = [];
  engine.on('connection', (session) => session.on('message', (data: string) => session.send(data)));
  const client = connect(url, { transports: ['polling'] });
  await heard(client, 'open');
  const got = messages(client, 50);
  for (let index = 0; index < 50; index++) client.send('é'.repeat(40) + index);
  await got;
  for (const { method, headers } of asked) if (method === 'POST') sizes.push(Number(headers['content-length']));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
  expect(Math.max(...sizes)).toBeGreaterThan(800);
});

it('drops what was too big among messages sent before it was open, and says so', async () => {
  const { url, sessions } = await serveOfficial({ maxHttpBufferSize: 1_000 });
  const client = connect(url, { transports: ['polling'] });
  const error = heard<[Error]>(client, 'error');
  client.send('x'.repeat(2_000)).send('small');
  expect((await error)[0]).toMatchObject({ code: 'ERR_TOO_BIG' });
  expect(await heard(sessions[0]!, 'message')).toEqual(['small']);
  expect(client.readyState).toBe('open');
});

describe('a session that can not be opened', () => {
  it.each(['polling', 'websocket'])('says that nobody answered on %s', async (transport) => {
    const { http, url } = await listen();
    http.close();
    const client = connect(url, { transports: [transport] });
    const error = heard<[Error]>(client, 'error');
    const closed = heard(client, 'close');
    expect((await error)[0]).toMatchObject({ type: 'TransportError', code: 'ERR_UNREACHABLE' });
    expect((await closed)[0]).toBe('transport error');
  });

  it.each([
    ['polling', 403, 'xhr poll error'],
    ['websocket', 403, 'websocket error'],
    ['polling', 503, 'xhr poll error'],
  ])('says by whom and how it was refused on %s with %i', async (transport, status, message) => {
    const { http, url } = await listen((_request, response) => response.writeHead(status).end('<html>no</html>'));
    http.on('upgrade', (_request, socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`));
    const client = connect(url, { transports: [transport] });
    const [error] = await heard<[Error]>(client, 'error');
    expect(error).toMatchObject({ message, code: 'ERR_REFUSED', description: status });
    expect(client.explain()).toMatchObject([{ transport, why: 'refused', meaning: expect.any(String) }]);
  });

  it('tries the other transports where it may', async () => {
    const { url } = await serveOfficial({ transports: ['websocket'] });
    const client = connect(url, { transports: ['polling', 'websocket'], tryAllTransports: true });
    await heard(client, 'open');
    expect(client.transport.name).toBe('websocket');
  });

  it('does not follow a redirect', async () => {
    const { url: elsewhere, asked } = await serveOfficial();
    const { url } = await listen((request, response) =>
      response.writeHead(307, { location: elsewhere + request.url }).end(),
    );
    const client = connect(url, { transports: ['polling'], extraHeaders: { authorization: 'secret' } });
    expect((await heard<[Error]>(client, 'error'))[0]).toMatchObject({ description: 307 });
    expect(asked).toEqual([]);
  });

  it.each([
    ['HTML', '<html>please log in</html>'],
    ['nothing', ''],
    ['an open packet that is none', '0{"sid'],
    ['an open packet of null', '0null'],
    ['a session without an id', '0{"upgrades":[]}'],
    ['a message', '4early'],
  ])('takes %s with status 200 for no session', async (_what, body) => {
    const { url } = await listen((_request, response) => response.end(body));
    const client = connect(url, { transports: ['polling'] });
    const messagesSeen: unknown[] = [];
    client.on('message', (data) => messagesSeen.push(data));
    await heard(client, 'close');
    expect(messagesSeen).toEqual([]);
  });
});

describe('polling', () => {
  it('keeps cookies where it may, and sends them with every request', async () => {
    const { url, asked } = await serveOfficial({ cookie: { name: 'io', path: '/' } } as never);
    const client = connect(url, { withCredentials: true, extraHeaders: { cookie: 'own=1' } });
    await heard(client, 'upgrade');
    const later = asked.filter((request) => queryOf(request)['sid']);
    expect(later.length).toBeGreaterThan(1);
    for (const { headers } of later) expect(headers.cookie).toMatch(/^own=1; io=[\w-]+$/);
    const { url: url2, asked: asked2 } = await serveOfficial({ cookie: true } as never);
    await heard(connect(url2), 'upgrade');
    for (const { headers } of asked2) expect(headers.cookie).toBeUndefined();
  });

  it('ends a request that takes too long', async () => {
    const { url } = await listen(() => {});
    const client = connect(url, { transports: ['polling'], requestTimeout: 50 });
    expect((await heard<[Error]>(client, 'error'))[0]).toMatchObject({
      message: 'xhr poll error',
      description: 'timeout',
    });
  });
});

it('opens on WebSocket where that worked before and is to be remembered', async () => {
  const { url } = await serveOfficial();
  await heard(connect(url), 'upgrade');
  const client = connect(url, { rememberUpgrade: true });
  await heard(client, 'open');
  expect(client.transport.name).toBe('websocket');
});

it('goes on where a WebSocket can not be had, and says why', async () => {
  const { url, engine } = await serveOfficial({ allowUpgrades: true });
  engine.on('connection', (session) => session.on('message', (data: string) => session.send(data)));
  const client = connect(url, { transportOptions: { websocket: { path: '/nowhere' } } });
  const failed = heard<[Error]>(client, 'upgradeError');
  const got = messages(client, 1);
  client.send('meanwhile');
  expect(await got).toEqual(['meanwhile']);
  expect((await failed)[0]).toMatchObject({ transport: 'websocket' });
  expect(client.explain()).toMatchObject([{ transport: 'polling', why: 'opened' }, { transport: 'websocket' }]);
  expect(client.readyState).toBe('open');
});

it('tells that an upgrade came to nothing where its session ends meanwhile', async () => {
  const { url } = await serveOfficial();
  class Fragile extends XHR {
    fail(): void {
      this.onError('lost');
    }
  }
  const client = connect(url, { transports: [Fragile, 'websocket'] });
  const order: string[] = [];
  client.on('upgradeError', () => order.push('upgradeError'));
  client.on('close', (reason) => order.push(reason));
  await heard(client, 'upgrading');
  client.close();
  (client.transport as Fragile).fail();
  expect(order).toEqual(['upgradeError', 'transport error']);
});

it('ends with an error where the server knows its session no more', async () => {
  const { url, engine } = await serveOfficial();
  const client = connect(url, { transports: ['polling'] });
  await heard(client, 'open');
  const closed = heard(client, 'close');
  engine.close();
  expect(await closed).toEqual(['transport error', expect.objectContaining({ description: 400 })]);
});
