/** What users of engine.io-client find under the names that they know. */
import * as official from 'engine.io-client';
import { parse as officialParse } from 'engine.io-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ours from '../../client/engine/index.ts';
import { resolveOptions } from '../../client/engine/options.ts';
import { connect, heard, serveOfficial } from './client-stage.ts';

/** HTTP/3 is not to be had in Node, and no server of ours speaks it. */
const LEFT_OUT = ['WebTransport'];

it('exports all names', () => {
  const missing = Object.keys(official).filter((name) => !(name in ours) && name !== 'default');
  expect(missing.filter((name) => !LEFT_OUT.includes(name))).toEqual([]);
  expect(ours.protocol).toBe(official.protocol);
  expect(ours.Socket.protocol).toBe(4);
});

describe('an address', () => {
  it.each([
    'http://a:b@example.org:80/p/q/f.html?x=1&y=2#z',
    'localhost',
    'localhost:3000',
    'ws://[::1]:30/x',
    'http://h',
    '/path',
    'http://h/a/',
    'www.example.org/foo?a=/b',
    'https://user@h',
    'wss://h?x=%20',
    '//h:1/path',
    '::1',
    '2001:db8:85a3:42:1000:8a2e:370:7334:80/x',
    'http://2001::7334:a/?x',
    'h?a&b=&=c&d=e=f',
  ])('%s is split as the official client splits it', (uri) => {
    expect(ours.parse(uri)).toEqual(officialParse(uri));
  });

  it('never takes long or throws anything else, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          ours.parse(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_ARGUMENT' });
        }
      }),
    );
    const before = performance.now();
    expect(() => ours.parse('@:'.repeat(100_000))).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
    for (const hostile of [':@', '[', '/', '&', '.', ':', 'a:'])
      ours.parse(`http://${hostile.repeat(7_900 / hostile.length)}`);
    expect(performance.now() - before).toBeLessThan(50);
  });
});

describe('options', () => {
  it.each([
    ['http://h', {}, { hostname: 'h', secure: false, path: '/engine.io/' }],
    ['https://h:8443/ignored', {}, { hostname: 'h', port: '8443', secure: true }],
    ['wss://[::1]:30', {}, { hostname: '::1', port: '30', secure: true }],
    ['http://h?a=1&b=%20', { query: { c: 2 } }, { query: { a: '1', b: ' ' } }],
    ['http://h', { path: '/x/', addTrailingSlash: false }, { path: '/x' }],
    [undefined, { host: 'h:1', port: 2, secure: true }, { hostname: 'h', port: 2, secure: true }],
    [undefined, {}, { hostname: 'localhost', secure: false }],
  ])('of %s and %j', (uri, given, expected) => {
    expect(resolveOptions(uri, given)).toMatchObject(expected);
  });

  it.each([
    [undefined, {}],
    ['http://h'],
    ['https://h'],
    ['wss://h:442'],
    ['h:8080'],
    ['http://[::1]'],
    ['http://[::1]:8080'],
    ['http://::1'],
    [undefined, { host: '[::1]:80', secure: true }],
    [undefined, { host: '[::1]', port: 8080 }],
    [undefined, { host: '::1' }],
    ['http://user:secret@h:81', {}],
  ])('of %s and %j name the same server as the official client’s', (uri, given?: ours.SocketOptions) => {
    const [first, second] = [ours, official].map(({ Socket }) => {
      const Client = Socket as typeof ours.Socket;
      const client = uri === undefined ? new Client({ ...given }) : new Client(uri, { ...given });
      client.on('error', () => {}).close();
      return { hostname: client.hostname, port: String(client.port), secure: client.secure };
    });
    expect(first).toEqual(second);
  });

  it('that are given as undefined are not given', () => {
    const given = { path: undefined, transports: undefined, upgrade: undefined } as object;
    expect(resolveOptions('http://h', given)).toEqual(resolveOptions('http://h', {}));
  });

  it('are neither kept nor changed', () => {
    const given = Object.freeze({ query: Object.freeze({ a: 1 }), transports: Object.freeze(['polling']) });
    expect(resolveOptions('http://h', given).query).toEqual({ a: 1 });
    expect(resolveOptions('http://h', given).query).not.toBe(given.query);
  });
});

describe('transports', () => {
  it.each([
    [ours.XHR, 'polling'],
    [ours.Fetch, 'polling'],
    [ours.NodeXHR, 'polling'],
    [ours.WebSocket, 'websocket'],
    [ours.NodeWebSocket, 'websocket'],
  ])('can be given as classes (%#)', async (Transport, name) => {
    const { url } = await serveOfficial();
    const client = connect(url, { transports: [Transport] });
    await heard(client, 'open');
    expect(client.transport).toBeInstanceOf(Transport);
    expect(client.transport).toBeInstanceOf(ours.Transport);
    expect(client.transport.name).toBe(name);
  });

  it.each<[object, string]>([
    [{}, '//h/engine.io?sid=test'],
    [{ secure: true, port: 443 }, 's//h/engine.io?sid=test'],
    [{ secure: true, port: 80 }, 's//h:80/engine.io?sid=test'],
    [{ port: 3000, path: '/a/b' }, '//h:3000/a/b?sid=test'],
    [{ hostname: '::1', port: 80 }, '//[::1]/engine.io?sid=test'],
    [{ query: {}, timestampRequests: true, timestampParam: 'woot' }, '//h/engine.io?woot=*'],
  ])('name their address without a session too: with %j', (given, expected) => {
    const options = {
      hostname: 'h',
      secure: false,
      path: '/engine.io',
      query: { sid: 'test' },
      timestampRequests: false,
    };
    const uris = [ours.XHR, ours.WebSocket].map((Transport) => new Transport({ ...options, ...given } as never).uri());
    const addresses = uris.map((uri) => uri.replace(/:/, '').replace(/woot=[\w-]+$/, 'woot=*'));
    expect(addresses).toEqual([`http${expected}`, `ws${expected}`]);
  });

  it('can be of the application’s own making', async () => {
    const made: string[] = [];
    class Own extends ours.Transport {
      override get name() {
        return 'own';
      }
      protected override doOpen(): void {
        this.onData('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}');
        this.onOpen();
      }
      protected override doClose(): void {
        made.push('closed');
      }
      protected override write(packets: readonly { readonly data?: unknown }[]): void {
        this.writable = false;
        for (const { data } of packets) made.push(String(data));
        queueMicrotask(() => this.onDrain());
      }
    }
    const client = connect('http://nowhere.invalid', { transports: [Own] });
    expect(client.readyState).toBe('open');
    client.send('hello');
    await heard(client, 'drain');
    client.close();
    expect(made[0]).toBe('hello');
    expect(made.at(-1)).toBe('closed');
  });

  it('are missed with an error where there are none', async () => {
    const client = connect('http://h', { transports: [] });
    expect(await heard(client, 'error')).toEqual(['No transports available']);
  });
});

it('stays on the first transport without upgrade', async () => {
  const { url } = await serveOfficial();
  const client = new ours.SocketWithoutUpgrade(url, { transports: [ours.XHR, ours.WebSocket] });
  const upgrades: unknown[] = [];
  client.on('upgrading', (transport) => upgrades.push(transport));
  await heard(client, 'open');
  await client.send('x').flushed();
  expect([client.transport.name, upgrades]).toEqual(['polling', []]);
  client.close();
});

it('opens a session anew after one was closed', async () => {
  const { url } = await serveOfficial();
  const client = connect(url, { transports: ['websocket'] });
  await heard(client, 'open');
  const { id } = client;
  client.close().open();
  await heard(client, 'open');
  expect(client.id).toEqual(expect.any(String));
  expect(client.id).not.toBe(id);
});

it('counts what waits', async () => {
  const { url } = await serveOfficial();
  const client = connect(url, { transports: ['polling'] });
  client.send('a').write('b');
  expect([client.writeBuffer.length, client.unconfirmed]).toEqual([2, 2]);
  await heard(client, 'drain');
  expect([client.writeBuffer.length, client.unconfirmed]).toEqual([0, 0]);
});

it('shows who is told of the end what has not left, and keeps nothing of it', async () => {
  const { url, http } = await serveOfficial();
  // Alike as far as is asked here.
  const peer = new official.Socket(url, { transports: ['polling'] }) as unknown as ours.Socket;
  const clients = [connect(url, { transports: ['polling'] }), peer];
  await Promise.all(clients.map((client) => heard(client, 'open')));
  const left = clients.map(
    (client) =>
      new Promise((resolve) => {
        client.send('a').send('b');
        client.on('close', () => resolve(client.writeBuffer.map(({ data }) => data)));
      }),
  );
  http.close();
  http.closeAllConnections();
  expect(await Promise.all(left)).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(clients.map((client) => client.writeBuffer)).toEqual([[], []]);
});

it('sends what a listener of the end has sent in a session opened anew', async () => {
  const { url, sessions } = await serveOfficial();
  const client = connect(url, { transports: ['polling'] });
  await heard(client, 'open');
  client.once('close', () => client.open().send('anew'));
  client.close();
  await heard(client, 'open');
  expect(await heard(sessions[1]!, 'message')).toEqual(['anew']);
});
