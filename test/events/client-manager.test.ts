import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Socket as EngineSocket } from 'engine.io';
import { describe, expect, vi } from 'vitest';
import { Manager as OurManager, io, type Manager } from '../../client/index.ts';
import { heard, onStage } from '../interop/stage.ts';
import { lines } from './client-ends.ts';
import { it as itRaw } from './client-raw-server.ts';

/** Everything that a manager says, from now on. */
function diary(manager: object): unknown[] {
  const said: unknown[] = [];
  for (const event of [
    'open',
    'error',
    'close',
    'reconnect_attempt',
    'reconnect',
    'reconnect_error',
    'reconnect_failed',
  ] as const) {
    (manager as Manager).on(event, (...args: unknown[]) => {
      said.push([event, ...args.filter((arg) => typeof arg !== 'object').slice(0, 1)]);
    });
  }
  return said;
}

const soon = { reconnection: true, reconnectionDelay: 1, reconnectionDelayMax: 2 };

describe.each(lines)('$name: a manager', (line) => {
  const it = onStage(line);

  it('is shared by namespaces of one server, and closes with the last of them', async ({ stage }) => {
    const server = await stage.serve();
    server.of('/chat');
    const url = `http://127.0.0.1:${stage.cable.port}`;
    const options = { transports: [...line.transports] };
    const main = line.io(url, options);
    const chat = line.io(`${url}/chat`, options);
    const again = line.io(`${url}/chat`, options);
    const own = line.io(`${url}/chat`, { ...options, multiplex: false });
    await Promise.all([main, chat, again, own].map((client) => heard(client, 'connect')));
    expect(chat.io).toBe(main.io);
    expect(again.io).not.toBe(main.io);
    expect(own.io).not.toBe(main.io);
    expect(server.engine.clientsCount).toBe(3);
    const { nsps } = main.io as unknown as { nsps: object };
    expect(Object.keys(nsps)).toEqual(['/', '/chat']);
    const closed = heard(main.io, 'close');
    main.disconnect();
    expect(chat.connected).toBe(true);
    chat.disconnect();
    expect(await closed).toEqual(['forced close', undefined]);
    again.disconnect();
    own.disconnect();
  });

  it('is heard to close where there is no connection, too: each time that its last socket leaves', async ({
    stage,
  }) => {
    await stage.serve();
    const client = stage.connect('/', { autoConnect: false });
    const said = diary(client.io);
    client.disconnect();
    client.disconnect();
    expect(said).toEqual([
      ['close', 'forced close'],
      ['close', 'forced close'],
    ]);
    client.connect();
    await heard(client, 'connect');
    client.disconnect();
    expect(said.slice(2)).toEqual([['open'], ['close', 'forced close']]);
  });

  it('makes attempts without end where its options allow none', async ({ stage }) => {
    const [client, socket] = await stage.meet(await stage.serve(), '/', { ...soon, reconnectionAttempts: 0 });
    expect(client.io.reconnectionAttempts()).toBe(Infinity);
    const back = heard(client.io, 'reconnect');
    socket.conn.close();
    expect(await back).toEqual([1]);
    expect(client.io.reconnectionAttempts(0).reconnectionAttempts()).toBe(0);
  });

  it.each([
    ['reconnectionDelay', 1_000],
    ['reconnectionDelayMax', 5_000],
  ] as const)('waits as usual where its options say 0 for %s', (name, usual) => {
    const manager = new OurManager('http://localhost', { autoConnect: false, [name]: 0 });
    expect(manager[name]()).toBe(usual);
    expect(manager[name](0)[name]()).toBe(0);
  });

  it('passes on the heartbeat and every packet', async ({ stage }) => {
    const server = await stage.serve({ pingInterval: 20 });
    const [client, socket] = await stage.meet(server);
    const packet = heard(client.io, 'packet');
    socket.emit('news', 1);
    expect(await packet).toEqual([{ type: 2, nsp: '/', data: ['news', 1] }]);
    await heard(client.io, 'ping');
  });

  it('tells what it does to come back', async ({ stage }) => {
    const [client] = await stage.meet(await stage.serve(line.withoutResume), '/', {
      ...soon,
      reconnectionAttempts: 50,
    });
    const said = diary(client.io);
    const back = heard(client.io, 'reconnect');
    stage.cable.cut();
    await heard(client.io, 'reconnect_error');
    stage.cable.mend();
    const [attempts] = await back;
    const closing = said.findIndex((entry) => (entry as string[])[0] === 'close');
    expect(said.slice(closing, closing + 4)).toEqual([
      ['close', expect.stringMatching(/^transport (close|error)$/)],
      ['reconnect_attempt', 1],
      ['error'],
      ['reconnect_error'],
    ]);
    expect(said.slice(-3)).toEqual([['reconnect_attempt', attempts], ['open'], ['reconnect', attempts]]);
  });
});

describe('a manager', () => {
  itRaw('connects by `open` and by `connect`, once, and says how it went', async ({ server }) => {
    const manager = new OurManager(server.url, { autoConnect: false, transports: ['websocket'] });
    expect(manager._readyState).toBe('closed');
    const error = await new Promise((resolve) => manager.open(resolve).connect().open());
    expect(error).toBeUndefined();
    expect(manager._readyState).toBe('open');
    expect(server.engine.clientsCount).toBe(1);
    manager._close();
    expect(manager._readyState).toBe('closed');
  });

  itRaw.each([
    ['reconnection', true, false],
    ['reconnectionAttempts', Infinity, 3],
    ['reconnectionDelay', 1_000, 5],
    ['reconnectionDelayMax', 5_000, 7],
    ['randomizationFactor', 0.5, 0],
    ['timeout', 20_000, false],
  ] as const)('has the setting %s, %j by default', (name, byDefault, other) => {
    const standard = new OurManager('http://localhost', { autoConnect: false, [name]: undefined });
    expect(standard[name]()).toBe(byDefault);
    const set = standard[name] as (value: unknown) => unknown;
    expect(set.call(standard, other)).toBe(standard);
    expect(standard[name]()).toBe(other);
    expect(new OurManager('http://localhost', { autoConnect: false, [name]: other })[name]()).toBe(other);
  });

  itRaw('leaves the options that it was given as they are', () => {
    const options = Object.freeze({ autoConnect: false, query: Object.freeze({ x: 1 }) });
    const { opts } = new OurManager('http://localhost', options);
    expect(opts).toEqual({ autoConnect: false, query: { x: 1 }, path: '/socket.io' });
  });

  itRaw('takes options alone', () => {
    expect(new OurManager({ autoConnect: false, path: '/there' }).opts.path).toBe('/there');
  });

  itRaw('hands out one socket for each namespace, and connects one that was left', async ({ server }) => {
    const manager = new OurManager(server.url, { transports: ['websocket'] });
    const socket = manager.socket('/a', { auth: { x: 1 } });
    expect(manager.socket('/a')).toBe(socket);
    const [session] = await heard<[EngineSocket]>(server.engine, 'connection');
    expect(await heard(session, 'message')).toEqual(['0/a,{"x":1}']);
    const left = heard(session, 'close');
    socket.disconnect();
    await left;
    expect(socket.active).toBe(false);
    expect(manager.socket('/a').active).toBe(true);
    socket.disconnect();
  });

  itRaw('says what it can about a failure: that nobody is there', async ({ server }) => {
    const { url } = server;
    server.close();
    for (const transports of [['polling'], ['websocket']] as const) {
      const client = io(url, { forceNew: true, reconnection: false, transports: [...transports] });
      const [error] = await heard<[Error & { again: boolean; code: string }]>(client, 'connect_error');
      expect([error.code, error.again, client.active]).toEqual(['ERR_UNREACHABLE', false, true]);
      client.disconnect();
    }
  });

  itRaw('says what it can about a failure: the status of a refusal', async ({ server }) => {
    server.engine.opts.allowRequest = (_request, answer) => answer('no', false);
    const client = server.connect({ ...soon, transports: ['polling'], reconnectionAttempts: 1 });
    const errors: unknown[] = [];
    client.on('connect_error', (error) => {
      const { code, description, again } = error as Error & { code?: string; description?: number; again?: boolean };
      errors.push([code, description, again]);
    });
    await heard(client.io, 'reconnect_failed');
    expect(errors).toEqual([
      ['ERR_REFUSED', 403, true],
      ['ERR_REFUSED', 403, false],
    ]);
  });

  itRaw.each(['polling', 'websocket'] as const)('leaves a server alone that asks for it over %s', async (transport) => {
    const asked: number[] = [];
    const http = createServer((_request, answer) => {
      asked.push(performance.now());
      answer.writeHead(503, { 'Retry-After': '1' }).end();
    });
    await once(http.listen(0, '127.0.0.1'), 'listening');
    const { port } = http.address() as AddressInfo;
    const client = io(`http://127.0.0.1:${port}`, { ...soon, forceNew: true, transports: [transport] });
    const [error] = await heard<[Error]>(client, 'connect_error');
    expect(error).toMatchObject({ code: 'ERR_REFUSED', retryAfterMs: 1_000 });
    await heard(client, 'connect_error');
    client.disconnect();
    http.close();
    expect(asked[1]! - asked[0]!).toBeGreaterThan(990);
  });

  itRaw('gives up an attempt that takes too long', async ({ server }) => {
    // It accepts connections, and never answers on them.
    server.engine.opts.allowRequest = () => {};
    const client = server.connect({ timeout: 20 });
    const [error] = await heard<[Error]>(client, 'connect_error');
    expect(error.message).toBe('timeout');
    expect(client.io._readyState).toBe('closed');
  });

  itRaw('makes as many attempts as it may', async ({ server }) => {
    const { url } = server;
    server.close();
    const client = io(url, { forceNew: true, ...soon, reconnectionAttempts: 2, transports: ['websocket'] });
    const said = diary(client.io);
    await heard(client.io, 'reconnect_failed');
    expect(said).toEqual([
      ['error'],
      ['reconnect_attempt', 1],
      ['error'],
      ['reconnect_error'],
      ['reconnect_attempt', 2],
      ['error'],
      ['reconnect_failed'],
      ['reconnect_error'],
    ]);
    // And as many again when it is asked to.
    said.length = 0;
    client.connect();
    await heard(client.io, 'reconnect_failed');
    expect(said).toHaveLength(8);
  });

  itRaw('makes none once it is told to skip that, until it is opened', async ({ server }) => {
    const [client, session] = await server.meet({ ...soon, reconnection: true });
    const { io: manager } = client;
    manager.skipReconnect = true;
    const closed = heard(manager, 'close');
    session.close();
    await closed;
    expect(manager._reconnecting).toBe(false);
    const open = heard(manager, 'open');
    manager.open();
    expect(manager.skipReconnect).toBe(false);
    await open;
    manager._close();
    expect(manager.skipReconnect).toBe(true);
  });

  itRaw('makes no attempt after one of `open` with a callback failed', async ({ server }) => {
    const { url } = server;
    server.close();
    const manager = new OurManager(url, { ...soon, autoConnect: false });
    const said = diary(manager);
    expect(await new Promise((resolve) => manager.open(resolve))).toBeInstanceOf(Error);
    expect([said, manager._reconnecting]).toEqual([[['error']], false]);
  });

  itRaw.each([
    ['connect_error', 0],
    ['reconnect_attempt', 1],
    ['reconnect_error', 1],
  ] as const)('can be disconnected in %s', async (event, attempts) => {
    const client = io('http://127.0.0.1:1', { forceNew: true, ...soon, transports: ['polling'] });
    const said = diary(client.io);
    await new Promise<void>((resolve) => {
      (event === 'connect_error' ? client : (client.io as unknown as typeof client)).on(event, () => {
        client.disconnect();
        resolve();
      });
    });
    // Ten times as long as it would wait.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said.filter((entry) => (entry as string[])[0] === 'reconnect_attempt')).toHaveLength(attempts);
    expect([client.active, client.io._reconnecting]).toEqual([false, false]);
  });

  itRaw('can be disconnected in `disconnect`', async ({ server }) => {
    const [client, session] = await server.meet(soon);
    const said = diary(client.io);
    client.on('disconnect', () => client.disconnect());
    session.close();
    await heard(client.io, 'close');
    await new Promise(setImmediate);
    // Its last socket leaves before the manager has told of the loss itself.
    expect([client.io._reconnecting, said]).toEqual([
      false,
      [
        ['close', 'forced close'],
        ['close', 'transport close'],
      ],
    ]);
  });

  itRaw('comes back when its engine was closed, and lets go of that one', async ({ server }) => {
    const [client] = await server.meet(soon);
    const first = client.io.engine;
    const next = heard<[EngineSocket]>(server.engine, 'connection');
    first.close();
    const [session] = await next;
    await heard(session, 'message');
    expect(client.io.engine).not.toBe(first);
    const connected = heard(client, 'connect');
    session.send('0{"sid":"second"}');
    await connected;
    expect(client.id).toBe('second');
  });

  itRaw('uses what was put into its options meanwhile', async ({ server }) => {
    const [client, session] = await server.meet({ ...soon, query: { try: 'first' } });
    client.io.on('reconnect_attempt', () => {
      client.io.opts.query = { try: 'second' };
    });
    const next = heard<[EngineSocket & { request: { url: string } }]>(server.engine, 'connection');
    session.close();
    const [{ request }] = await next;
    expect(request.url).toContain('try=second');
  });

  itRaw('takes another parser', async ({ server }) => {
    const encode = vi.fn<(packet: unknown) => string[]>(() => ['my packet']);
    const destroy = vi.fn<() => void>();
    class Decoder {
      private listener: ((packet: never) => void) | undefined;
      on(_event: 'decoded', listener: (packet: never) => void): void {
        this.listener = listener;
      }
      off(): void {}
      add(message: string): void {
        this.listener?.(JSON.parse(message) as never);
      }
      destroy = destroy;
    }
    const client = server.connect({
      parser: {
        Encoder: class {
          encode = encode;
        },
        Decoder,
      },
    });
    const [session] = await heard<[EngineSocket]>(server.engine, 'connection');
    expect(await heard(session, 'message')).toEqual(['my packet']);
    session.send('{"type":0,"nsp":"/","data":{"sid":"mine"}}');
    await heard(client, 'connect');
    expect([client.id, encode.mock.calls[0]]).toEqual(['mine', [{ type: 0, nsp: '/', data: undefined }]]);
    client.disconnect();
    expect(destroy).toHaveBeenCalled();
  });

  itRaw('explains by which ways it tried to connect', async ({ server }) => {
    expect(new OurManager(server.url, { autoConnect: false }).explain()).toEqual([]);
    const [client] = await server.meet();
    expect(client.io.explain()).toMatchObject([{ transport: 'websocket' }]);
  });
});
