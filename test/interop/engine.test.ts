import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerOptions, Socket as ServerSocket } from 'engine.io';
import type { Socket as ClientSocket, SocketOptions } from 'engine.io-client';
import { describe, expect, test } from 'vitest';
import { Cable } from './cable.ts';
import { engineLines, type EngineLine } from './ends.ts';
import { heard } from './stage.ts';

/** An engine and its clients, made for one test and gone with it. */
function onEngineStage({ Server, Socket, transports }: EngineLine) {
  const stage = (closers: (() => unknown)[]) => ({
    async serve(options: Partial<ServerOptions> = {}) {
      const http = createServer((_request, response) => response.end('the application itself'));
      const engine = new Server({ transports: [...transports], ...options });
      engine.attach(http);
      await once(http.listen(0, '127.0.0.1'), 'listening');
      const cable = new Cable((http.address() as AddressInfo).port);
      await cable.listen();
      closers.push(() => {
        engine.close();
        cable.close();
        http.closeAllConnections();
        http.close();
      });
      return { engine, cable, url: `http://127.0.0.1:${cable.port}` };
    },

    connect(url: string, options: Partial<SocketOptions> = {}): ClientSocket {
      const client = new Socket(url, { transports: [...transports], ...options });
      closers.push(() => client.close());
      return client;
    },

    /** Both ends of a session that is open, upgrade included. */
    async meet(given: Partial<ServerOptions> = {}, options: Partial<SocketOptions> = {}) {
      const { engine, cable, url } = await this.serve(given);
      const accepted = heard<[ServerSocket]>(engine, 'connection');
      const client = this.connect(url, options);
      await heard(client, 'open');
      const [socket] = await accepted;
      if (client.transport.name !== transports.at(-1)) await heard(client, 'upgrade');
      if (socket.transport.name !== transports.at(-1)) await heard(socket, 'upgrade');
      return { engine, cable, client, socket };
    },
  });
  return test.extend<{ stage: ReturnType<typeof stage> }>({
    stage: async ({}, use) => {
      const closers: (() => unknown)[] = [];
      await use(stage(closers));
      for (const close of closers.toReversed()) await close();
    },
  });
}

describe.each(engineLines)('$name: a session', (line) => {
  const it = onEngineStage(line);

  it('has one id on both ends, and the transport that was asked for', async ({ stage }) => {
    const { engine, client, socket } = await stage.meet();
    expect(socket).toHaveProperty('id', client.id);
    expect([client.readyState, socket.readyState]).toEqual(['open', 'open']);
    expect([client.transport.name, socket.transport.name]).toEqual([line.transports.at(-1), line.transports.at(-1)]);
    expect(engine).toHaveProperty(['clients', client.id!], socket);
    expect(engine.clientsCount).toBe(1);
  });

  it('tells the client the terms', async ({ stage }) => {
    const { url } = await stage.serve({ pingInterval: 7_000, pingTimeout: 3_000, maxHttpBufferSize: 12_345 });
    const [terms] = await heard(stage.connect(url), 'handshake');
    expect(terms).toMatchObject({
      pingInterval: 7_000,
      pingTimeout: 3_000,
      maxPayload: 12_345,
      sid: expect.any(String),
    });
  });

  it.for([
    ['text', 'hello'],
    ['text of every plane', 'ä 漢 🦜 \u{10FFFF} \u2028 \0'],
    ['half a megabyte of text', 'ü'.repeat(250_000)],
  ] as const)('brings %s there and back', async ([_what, text], { stage }) => {
    const { client, socket } = await stage.meet();
    socket.on('message', (data: string) => socket.send(data));
    client.send(text);
    const [back] = await heard<[string]>(client, 'message');
    expect(back === text).toBe(true);
  });

  it.for([
    ['bytes', [0, 1, 2, 253, 254, 255]],
    ['no bytes', []],
    ['half a megabyte of bytes', Array.from({ length: 500_000 }, (_none, index) => index & 0xff)],
  ] as const)('brings %s there and back', async ([_what, values], { stage }) => {
    const { client, socket } = await stage.meet();
    socket.on('message', (data: Buffer) => socket.send(data));
    client.send(Buffer.from(values));
    const [back] = await heard<[Buffer]>(client, 'message');
    expect(Buffer.from(back).equals(Buffer.from(values))).toBe(true);
  });

  it('keeps the order of text and bytes, both ways at once', async ({ stage }) => {
    const { client, socket } = await stage.meet();
    const sent = Array.from({ length: 300 }, (_none, index) => (index % 5 === 2 ? Buffer.from([index]) : `${index}`));
    const gather = (end: object & { on(event: 'message', listener: (data: unknown) => void): unknown }) =>
      new Promise<unknown[]>((resolve) => {
        const seen: unknown[] = [];
        end.on('message', (data) => {
          seen.push(typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer));
          if (seen.length === sent.length) resolve(seen);
        });
      });
    const both = Promise.all([gather(client), gather(socket)]);
    for (const data of sent) {
      client.send(data);
      socket.send(data);
    }
    expect(await both).toEqual([sent, sent]);
  });

  it('is open before what was sent ahead of that leaves, together with what is sent then', async ({ stage }) => {
    const { engine, url } = await stage.serve();
    const arrived = new Promise<string[]>((resolve) =>
      engine.on('connection', (socket: ServerSocket) => {
        const seen: string[] = [];
        socket.on('message', (data: string) => {
          if (seen.push(data) === 4) resolve(seen);
        });
      }),
    );
    const client = stage.connect(url);
    const order: string[] = [];
    for (const event of ['open', 'flush'] as const) client.on(event, () => order.push(event));
    client.on('open', () => client.send('d'));
    for (const data of ['a', 'b', 'c']) client.send(data, {}, () => order.push(`${data} left`));
    expect(await arrived).toEqual(['a', 'b', 'c', 'd']);
    expect(order).toEqual(['open', 'flush', 'a left', 'b left', 'c left']);
  });

  it('takes nothing more once it is closed, be it before it was open', async ({ stage }) => {
    const { engine, url } = await stage.serve();
    const accepted = heard<[ServerSocket]>(engine, 'connection');
    const client = stage.connect(url);
    client.send('a').close().send('b');
    expect([client.readyState, client.writeBuffer.length]).toEqual(['closing', 1]);
    const [socket] = await accepted;
    const seen: unknown[] = [];
    socket.on('message', (data) => seen.push(data));
    expect((await heard(socket, 'close'))[0]).toBe('transport close');
    expect(seen).toEqual(['a']);
  });

  it('lets listeners of packetCreate change what is sent', async ({ stage }) => {
    const { client, socket } = await stage.meet();
    client.on('packetCreate', (packet) => {
      if (packet.type === 'message') packet.data += ', changed here';
    });
    socket.on('packetCreate', (packet: { type: string; data: string; options: object }) => {
      if (packet.type === 'message') packet.data += `, changed there: ${JSON.stringify(packet.options)}`;
    });
    socket.on('message', (data: string) => socket.send(data));
    client.send('text');
    expect(await heard(client, 'message')).toEqual(['text, changed here, changed there: {"compress":true}']);
  });

  it('brings what has left when a listener of flush closes it', async ({ stage }) => {
    const { client, socket } = await stage.meet();
    const seen: unknown[] = [];
    client.on('message', (data) => seen.push(data));
    const closed = heard(client, 'close');
    socket.once('flush', () => socket.close());
    socket.send('last words');
    expect((await closed)[0]).toBe('transport close');
    expect(seen).toEqual(['last words']);
  });

  it('ends on both ends when the client closes its transport', async ({ stage }) => {
    const { engine, client, socket } = await stage.meet(line.withoutResume);
    const reasons = Promise.all([heard<[string]>(client, 'close'), heard<[string]>(socket, 'close')]);
    client.transport.close();
    const [[atClient], [atServer]] = await reasons;
    expect([atClient, atServer]).toEqual(['transport close', 'transport close']);
    expect(engine.clientsCount).toBe(0);
  });

  it('ends on both ends when the client closes its transport as soon as it is open', async ({ stage }) => {
    const { engine, url } = await stage.serve(line.withoutResume);
    const accepted = heard<[ServerSocket]>(engine, 'connection');
    const client = stage.connect(url);
    client.on('open', () => client.transport.close());
    const atClient = heard<[string]>(client, 'close');
    const [socket] = await accepted;
    expect((await heard(socket, 'close'))[0]).toBe('transport close');
    expect((await atClient)[0]).toBe('transport close');
  });

  if (line.transports.length > 1)
    it('has nothing left to send when it has moved, and says so', async ({ stage }) => {
      const { engine, url } = await stage.serve();
      const accepted = heard<[ServerSocket]>(engine, 'connection');
      const client = stage.connect(url);
      const [socket] = await accepted;
      const arrived = heard(socket, 'message');
      socket.once('upgrading', () => client.send('meanwhile'));
      const drained = new Promise<void>((resolve) => client.on('upgrade', () => client.on('drain', () => resolve())));
      expect(await arrived).toEqual(['meanwhile']);
      await drained;
      expect(client.writeBuffer).toEqual([]);
    });

  if (line.transports.length > 1)
    it('ends on both ends when the server closes its transport while another is tried', async ({ stage }) => {
      const { engine, url } = await stage.serve(line.withoutResume);
      engine.on('connection', (socket: ServerSocket) => socket.on('upgrading', () => socket.transport.close()));
      const accepted = heard<[ServerSocket]>(engine, 'connection');
      const client = stage.connect(url);
      const atClient = heard<[string]>(client, 'close');
      const [socket] = await accepted;
      expect((await heard(socket, 'close'))[0]).toBe('transport close');
      expect((await atClient)[0]).toBe('transport close');
    });

  it('calls back when a message is on its way', async ({ stage }) => {
    const { client, socket } = await stage.meet();
    await new Promise<void>((resolve) => client.send('up', {}, () => resolve()));
    await new Promise<void>((resolve) => void socket.send('down', {}, () => resolve()));
  });

  it('ends on both ends when the client closes it', async ({ stage }) => {
    const { engine, client, socket } = await stage.meet();
    const reasons = Promise.all([heard<[string]>(client, 'close'), heard<[string]>(socket, 'close')]);
    client.close();
    const [[atClient], [atServer]] = await reasons;
    expect([atClient, atServer]).toEqual(['forced close', 'transport close']);
    expect(engine.clientsCount).toBe(0);
  });

  it('ends on both ends when the server closes it, with what was sent before', async ({ stage }) => {
    const { client, socket } = await stage.meet();
    const reasons = Promise.all([heard<[string]>(client, 'close'), heard<[string]>(socket, 'close')]);
    const last = heard(client, 'message');
    socket.send('last words');
    socket.close();
    const [[atClient], [atServer]] = await reasons;
    expect(await last).toEqual(['last words']);
    expect([atClient, atServer]).toEqual(['transport close', 'forced close']);
  });

  it('ends with a ping timeout on both ends when the line falls silent', async ({ stage }) => {
    const { cable, client, socket } = await stage.meet({ pingInterval: 100, pingTimeout: 100, ...line.withoutResume });
    const reasons = Promise.all([heard<[string]>(client, 'close'), heard<[string]>(socket, 'close')]);
    cable.silence();
    const [[atClient], [atServer]] = await reasons;
    expect([atClient, atServer]).toEqual(['ping timeout', 'ping timeout']);
  });

  it('lasts over many heartbeats', async ({ stage }) => {
    const { client, socket } = await stage.meet({ pingInterval: 30, pingTimeout: 200 });
    for (let beats = 0; beats < 5; beats += 1) await heard(client, 'ping');
    expect([client.readyState, socket.readyState]).toEqual(['open', 'open']);
  });

  it('ends when a message is larger than the server takes', async ({ stage }) => {
    const { engine, client, socket } = await stage.meet({ maxHttpBufferSize: 1_000, ...line.withoutResume });
    // Ours refuses to send it, which the error says; the session need not end then.
    const end = heard<[string]>(socket, 'close');
    const refused = new Promise<string>((resolve) => {
      try {
        client.send('x'.repeat(2_000));
      } catch (error) {
        resolve(String(error));
      }
    });
    const outcome = await Promise.race([end.then(([reason]) => reason), refused]);
    expect(outcome).toMatch(/^transport (error|close)$|the server takes 1000/);
    expect(engine.clientsCount).toBeLessThanOrEqual(1);
  });

  it('asks for leave with the request at hand', async ({ stage }) => {
    const { url } = await stage.serve({
      allowRequest: (request, decide) => decide(null, request.headers['x-pass'] === 'open'),
    });
    const refused = stage.connect(url);
    await heard(refused, 'error');
    await heard(stage.connect(url, { extraHeaders: { 'x-pass': 'open' } }), 'open');
  });

  it('shows the server the request that opened it', async ({ stage }) => {
    const { socket } = await stage.meet({}, { query: { who: 'me' }, extraHeaders: { 'x-custom': 'yes' } });
    expect(socket.request.headers['x-custom']).toBe('yes');
    expect(new URL(socket.request.url!, 'http://localhost').searchParams.get('who')).toBe('me');
    expect(socket.remoteAddress).toContain('127.0.0.1');
    expect(socket.protocol).toBe(4);
  });

  it('lets the server add headers to its first answer, and to every one', async ({ stage }) => {
    const { engine, url } = await stage.serve();
    const seen: string[] = [];
    engine.on('initial_headers', (headers: Record<string, string>) => {
      headers['x-first'] = '1';
      seen.push('initial_headers');
    });
    engine.on('headers', () => seen.push('headers'));
    await heard(stage.connect(url), 'open');
    expect(seen.slice(0, 2).toSorted()).toEqual(['headers', 'initial_headers']);
    expect(seen.filter((event) => event === 'initial_headers')).toHaveLength(1);
  });
});

const servers = engineLines.filter(
  (line, index) => engineLines.findIndex(({ Server }) => Server === line.Server) === index,
);

describe.each(servers)('the server of $name', ({ Server, Socket }) => {
  const it = onEngineStage({ name: '', Server, Socket, transports: ['polling', 'websocket'], withoutResume: {} });

  it.for([
    ['an unknown transport', 'GET', '?EIO=4&transport=pigeon', 400, { code: 0, message: 'Transport unknown' }],
    [
      'a transport of the prototype',
      'GET',
      '?EIO=4&transport=constructor',
      400,
      { code: 0, message: 'Transport unknown' },
    ],
    [
      'an unknown session',
      'GET',
      '?EIO=4&transport=polling&sid=nobody',
      400,
      { code: 1, message: 'Session ID unknown' },
    ],
    [
      'a session of the prototype',
      'GET',
      '?EIO=4&transport=polling&sid=__proto__',
      400,
      { code: 1, message: 'Session ID unknown' },
    ],
    ['a POST that opens', 'POST', '?EIO=4&transport=polling', 400, { code: 2, message: 'Bad handshake method' }],
    ['an older protocol', 'GET', '?EIO=3&transport=polling', 400, { code: 5, message: 'Unsupported protocol version' }],
  ] as const)('answers %s with its code', async ([_what, method, query, status, body], { stage }) => {
    const { url } = await stage.serve();
    const answer = await fetch(`${url}/engine.io/${query}`, { method });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual(body);
  });

  it('answers a refusal by allowRequest with 403 and code 4', async ({ stage }) => {
    const { url } = await stage.serve({ allowRequest: (_request, decide) => decide('no entry', false) });
    const answer = await fetch(`${url}/engine.io/?EIO=4&transport=polling`);
    expect([answer.status, await answer.json()]).toEqual([403, { code: 4, message: 'no entry' }]);
  });

  it('leaves requests that are not its own to the application', async ({ stage }) => {
    const { url } = await stage.serve();
    expect(await (await fetch(`${url}/elsewhere`)).text()).toBe('the application itself');
  });

  it('sets the cookie that it is told to', async ({ stage }) => {
    const { url } = await stage.serve({ cookie: { name: 'line', sameSite: 'lax' } });
    const answer = await fetch(`${url}/engine.io/?EIO=4&transport=polling`);
    expect(answer.headers.get('set-cookie')).toMatch(/^line=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('answers a preflight where cors is set', async ({ stage }) => {
    const { url } = await stage.serve({ cors: { origin: 'http://app.example', credentials: true } });
    const answer = await fetch(`${url}/engine.io/?EIO=4&transport=polling`, {
      method: 'OPTIONS',
      headers: { origin: 'http://app.example', 'access-control-request-method': 'POST' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://app.example');
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
  });
});
