/** Moving a session to a WebSocket by a probe (FAULTS.md U1 to U5). */
import { connect } from 'node:net';

import * as fc from 'fast-check';
import { Socket as Client } from 'engine.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';

import { maskedText } from '../websocket/raw-frames.ts';
import { upgradeRequest } from '../websocket/raw-peer.ts';
import { Poller, WebSocketPeer, ask, next, open, serve, tcp } from './server-fixture.ts';

async function start(options = {}) {
  const served = await serve(options);
  const { sid } = await open(served.port);
  return { ...served, session: served.sessions[0]!, poller: new Poller(served.port, sid) };
}

describe('a probe', () => {
  it('is answered, releases the waiting poll, and moves the session with 5', async () => {
    const { session, poller } = await start();
    const events: string[] = [];
    for (const name of ['upgrading', 'upgrade'])
      session.on(name, (transport: { name: string }) => events.push(`${name} ${transport.name}`));
    const poll = poller.get();
    await expect.poll(() => session.transport.writable).toBe(true);
    const peer = poller.webSocket();
    await peer.opened;
    peer.send('2probe');
    expect(await peer.until(1)).toEqual(['3probe']);
    expect((await poll).body).toBe('6');
    expect([session.transport.name, session.upgrading, session.upgraded]).toEqual(['polling', true, false]);
    // A poll that comes now is let go as well, if a little later.
    expect((await poller.get()).body).toBe('6');
    const upgraded = next(session, 'upgrade');
    peer.send('5');
    await upgraded;
    session.send('a');
    expect(await peer.until(2)).toEqual(['3probe', '4a']);
    expect([session.transport.name, session.upgrading, session.upgraded]).toEqual(['websocket', false, true]);
    expect(events).toEqual(['upgrading websocket', 'upgrade websocket']);
  });

  it('lets go of a poll that still waits when the session moves', async () => {
    const { session, poller } = await start();
    const peer = poller.webSocket();
    await peer.opened;
    peer.send('2probe');
    await peer.until(1);
    const poll = poller.get();
    await expect.poll(() => session.transport.writable).toBe(true);
    peer.send('5');
    expect((await poll).body).toBe('6');
  });

  it.each([
    ['5 before the probe', ['5']],
    ['a probe that says something else', ['2other']],
    ['a bare ping', ['2']],
    ['a message', ['4a']],
    ['a message after the probe', ['2probe', '4a']],
    ['a second probe', ['2probe', '2probe']],
    ['a packet that is none', ['zz']],
    ['a binary message', [Buffer.from([1])]],
    ['a close', ['1']],
  ])('ends with nothing changed on %s', async (_what, packets) => {
    const { session, poller } = await start();
    const got: unknown[] = [];
    session.on('message', (data) => got.push(data));
    const peer = poller.webSocket();
    await peer.opened;
    peer.send(...packets);
    await peer.closed;
    await poller.post('4still polling');
    expect([session.transport.name, session.readyState, got]).toEqual(['polling', 'open', ['still polling']]);
  });

  it.each([
    ['says nothing', []],
    ['says nothing more', ['2probe']],
  ])('ends at upgradeTimeout when it %s', async (_what, packets) => {
    const { session, poller } = await start({ upgradeTimeout: 20 });
    const peer = poller.webSocket();
    await peer.opened;
    peer.send(...packets);
    expect(await peer.closed).toBe(1005);
    expect([session.transport.name, session.readyState, session.upgrading]).toEqual(['polling', 'open', false]);
  });

  it('that is cut leaves the session where it is', async () => {
    const { session, poller } = await start();
    const peer = poller.webSocket();
    await peer.opened;
    peer.send('2probe');
    await peer.until(1);
    peer.socket.terminate();
    await expect.poll(() => session.upgrading).toBe(false);
    session.send('a');
    expect((await poller.get()).body).toBe('4a');
  });

  it('gives way to another one, and only one of them wins', async () => {
    const { session, poller } = await start();
    const first = poller.webSocket();
    await first.opened;
    first.send('2probe');
    await first.until(1);
    const second = poller.webSocket();
    await second.opened;
    expect(await first.closed).toBe(1005);
    second.send('2probe', '5');
    await next(session, 'upgrade');
    const third = poller.webSocket();
    expect(await third.closed).toBe(1005);
    session.send('a');
    expect(await second.until(2)).toEqual(['3probe', '4a']);
  });

  it('ends with the session', async () => {
    const { session, poller } = await start();
    const poll = poller.get();
    await expect.poll(() => session.transport.writable).toBe(true);
    const peer = poller.webSocket();
    await peer.opened;
    peer.send('2probe');
    await peer.until(1);
    await poll;
    session.close();
    expect(await peer.closed).toBe(1005);
    expect((await poller.get()).body).toBe('1');
  });

  it('is not possible where upgrades are switched off, or WebSockets', async () => {
    const off = await serve({ allowUpgrades: false });
    const { sid, upgrades } = await open(off.port);
    expect(upgrades).toEqual([]);
    expect(await new Poller(off.port, sid).webSocket().refused).toBe(400);
    const polling = await serve({ transports: ['polling'] });
    const opened = await open(polling.port);
    expect(opened.upgrades).toEqual([]);
    expect(await new Poller(polling.port, opened.sid).webSocket().refused).toBe(400);
    expect(await new WebSocketPeer(polling.port, 'EIO=4&transport=websocket').refused).toBe(400);
  });

  it('offers transports in the order in which they were given', async () => {
    const { port } = await serve({ transports: ['streaming', 'websocket', 'polling'] });
    expect((await open(port, '&resume=1')).upgrades).toEqual(['streaming', 'websocket']);
  });
});

it('loses nothing and repeats nothing, whenever messages are sent while the official client upgrades', async () => {
  const { port, engine } = await serve();
  engine.on('connection', (session) => session.on('message', (data: string) => session.send(`re ${data}`)));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 5, maxLength: 30 }), async (pauses) => {
      const client = new Client(`http://localhost:${port}`);
      const got: string[] = [];
      const all = new Promise<void>((resolve) => {
        client.on('message', (data: string) => got.push(data) === pauses.length && resolve());
      });
      await new Promise<void>((resolve) => client.once('open', () => resolve()));
      for (const [index, pause] of pauses.entries()) {
        client.send(String(index));
        for (let turn = 0; turn < pause; turn++) await new Promise(setImmediate);
      }
      await all;
      client.close();
      expect(got).toEqual(pauses.map((_, index) => `re ${index}`));
    }),
    { numRuns: 20 },
  );
});

it('opens on a WebSocket at once, and takes what comes in the same segment as the request', async () => {
  const { engine, port } = await serve({ initialPacket: 'hello' });
  const got = new Promise((resolve) => {
    engine.on('connection', (session) => session.on('message', resolve));
  });
  const socket = connect(port);
  onTestFinished(() => void socket.destroy());
  const masked = Buffer.from([0x81, 0x83, 0, 0, 0, 0, ...Buffer.from('4hi')]);
  const head =
    'GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  socket.write(Buffer.concat([Buffer.from(head), masked]));
  expect(await got).toBe('hi');
});

it.each([
  ['has no mask', '8102347c'],
  ['has reserved bits', 'f18000000000'],
  ['has a reserved opcode', '838000000000'],
  ['is longer than may be', '82ff000000000fffffff00000000'],
  ['is no UTF-8', '818200000000ff34'],
  ['is no packet', '8182000000007a7a'],
])('ends a session and nothing else whose first frame %s, in the same segment as the request', async (_what, frame) => {
  const { engine, port, sessions } = await serve();
  const bystander = new Poller(port, (await open(port)).sid);
  const head = upgradeRequest({}, { path: '/engine.io/?EIO=4&transport=websocket' });
  const probing = upgradeRequest({}, { path: `/engine.io/?${bystander.query('', 'websocket')}` });
  for (const request of [head, probing]) {
    const { socket, ended } = await tcp(port);
    socket.write(Buffer.concat([Buffer.from(request), Buffer.from(frame, 'hex')]));
    socket.on('data', () => socket.end());
    expect(await ended).toMatch(/^HTTP\/1\.1 101 /);
  }
  expect((await bystander.post('4a')).body).toBe('ok');
  await expect.poll(() => engine.clientsCount).toBe(1);
  expect([sessions[0]!.readyState, sessions[0]!.transport.name]).toEqual(['open', 'polling']);
});

it('is read however its request is cut, with what comes right behind it', async () => {
  const { engine, port } = await serve();
  engine.on('connection', (session) => session.on('message', (data: string) => session.send(data)));
  const request = upgradeRequest({}, { path: '/engine.io/?EIO=4&transport=websocket' });
  const bytes = Buffer.concat([Buffer.from(request), maskedText('4hi'), maskedText('4ho')]);
  const answers = await Promise.all(
    Array.from({ length: bytes.length - 1 }, async (_none, at) => {
      const { socket, ended } = await tcp(port);
      socket.on('data', (text: string) => text.includes('4ho') && socket.end());
      socket.write(bytes.subarray(0, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(bytes.subarray(at + 1));
      return (await ended).replace(/"sid":"[^"]*"/, '');
    }),
  );
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toMatch(/4hi.*4ho/s);
});

it('reads nothing as HTTP behind an upgrade, taken or refused', async () => {
  const { port, engine, refusals } = await serve();
  const second = 'GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const query of ['EIO=4&transport=websocket', 'EIO=4&transport=websocket&sid=nobody', 'EIO=4&transport=tobi']) {
    const { socket, ended } = await tcp(port);
    socket.write(upgradeRequest({}, { path: `/engine.io/?${query}` }) + second);
    socket.on('data', () => socket.end());
    expect((await ended).match(/HTTP\/1\.1 /g)).toHaveLength(1);
  }
  expect(refusals).toHaveLength(2);
  await expect.poll(() => engine.clientsCount).toBe(0);
});

it('is left as it was by peers that reset the connection at every point of opening and probing', async () => {
  const { port, engine, sessions } = await serve();
  const { sid } = await open(port);
  const bystander = new Poller(port, sid);
  const head = (query: string) =>
    `GET /engine.io/?EIO=4&transport=websocket${query} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const frame = (text: string) => Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]);
  for (const query of ['', `&sid=${sid}`, '&sid=nobody']) {
    const whole = Buffer.concat([Buffer.from(head(query)), frame('2probe'), frame('4x'), Buffer.from([0xff, 0xff])]);
    for (let length = 0; length <= whole.length; length += 7) {
      const { socket } = await tcp(port);
      await new Promise((resolve) => socket.write(whole.subarray(0, length), resolve));
      socket.resetAndDestroy();
    }
  }
  expect((await bystander.post('4a')).body).toBe('ok');
  await expect.poll(() => engine.clientsCount).toBe(1);
  expect([sessions[0]!.readyState, sessions[0]!.transport.name]).toEqual(['open', 'polling']);
});

it('is not begun while the server drains, on any transport: the peer is told when to try elsewhere', async () => {
  const { port, engine, refusals } = await serve();
  const poller = new Poller(port, (await open(port, '&resume=1')).sid);
  const drained = engine.drain({ grace: 300, over: 0, timeout: 5_000 });
  const streaming = await ask(port, { query: poller.query('&turn=1', 'streaming') });
  expect([streaming.status, streaming.headers['retry-after'], streaming.headers.connection]).toEqual([
    503,
    '5',
    'close',
  ]);
  const { socket, ended } = await tcp(port);
  socket.write(
    `GET /engine.io/?${poller.query('&turn=2', 'websocket')} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  expect(await ended).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close\r\n[^]*Retry-After: 5\r\n/);
  expect(refusals.map(({ context }) => context['name'])).toEqual(['DRAINING', 'DRAINING']);
  // The session is still there, and told to go.
  expect((await poller.seen(0)).body).toContain('"move"');
  await drained;
});
