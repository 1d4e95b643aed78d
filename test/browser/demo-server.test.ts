/** The demo's server, from outside: how it starts and ends, what it serves, and that it believes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { runDemo, startDemo, type Demo } from './demo-server.ts';

const KEY = 'k'.repeat(20);
const WHO = { key: KEY, tab: 't'.repeat(20), name: 'Ann', hue: 60 };
const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(100)]);

/** A message as a good page sends it, with what a bad one changes. */
function draft(room: string, more: object = {}) {
  return { id: crypto.randomUUID(), room, text: 'hello', ...more };
}

describe('starting and stopping', () => {
  it('prints one URL, and ends by itself when told to, with a client connected', async () => {
    const demo = await startDemo();
    expect(demo.url).toMatch(/^http:\/\/localhost:\d+\/$/);
    const socket = io(demo.url, { auth: WHO, reconnection: false });
    await new Promise<void>((resolve) => socket.on('connect', resolve));
    const ended = new Promise((resolve) => socket.on('disconnect', resolve));
    expect(await demo.stop('SIGINT')).toBe(0);
    await ended;
  });

  it('says which port is taken, and what to do', async () => {
    const demo = await startDemo();
    const { port } = new URL(demo.url);
    const { code, said } = await runDemo({ PORT: port });
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(`Port ${port} is taken.`) });
    await demo.stop();
  });

  it.each(['x', '-1', '65536', '80.5', ''])('refuses %j as a port', async (port) => {
    const { code, said } = await runDemo({ PORT: port });
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('from 0 to 65535') });
  });
});

describe('a running demo', () => {
  let demo: Demo;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    demo = await startDemo();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.disconnect();
    await demo.stop();
  });

  async function enter(room: string, who: object = WHO): Promise<Socket> {
    const socket = io(demo.url, { auth: who, forceNew: true });
    sockets.push(socket);
    expect(await socket.timeout(5_000).emitWithAck('enter', room, null)).toMatchObject({ ok: true });
    return socket;
  }

  it('serves the page under a strict policy, and 304 to those who have it', async () => {
    const response = await fetch(demo.url);
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toMatch(/^<!doctype html>/);
    const again = await fetch(demo.url, { headers: { 'If-None-Match': response.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });

  it.each([
    ['style.css', 'text/css; charset=utf-8'],
    ['main.js', 'text/javascript; charset=utf-8'],
    ['icon.svg', 'image/svg+xml'],
  ])('serves %s as %s', async (name, type) => {
    const response = await fetch(demo.url + name, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  });

  it.each(['server.mjs', '..%2fserver.mjs', '%2e%2e/server.mjs', 'page/', '__proto__', 'index.html%00'])(
    'has no %s',
    async (path) => {
      expect((await fetch(demo.url + path)).status).toBe(404);
    },
  );

  it.each([
    ['no name', { ...WHO, name: ' \u202e ' }],
    ['a name that is too long', { ...WHO, name: 'n'.repeat(25) }],
    ['a colour off the wheel', { ...WHO, hue: 360 }],
    ['no key', { ...WHO, key: undefined }],
  ])('does not let in someone with %s', async (_what, auth) => {
    const socket = io(demo.url, { auth, forceNew: true, reconnection: false });
    sockets.push(socket);
    const error = await new Promise<Error>((resolve) => socket.on('connect_error', resolve));
    expect(error.message).toContain('who you are');
  });

  it.each([
    ['nothing', undefined, null],
    ['no text', draft('bad', { text: '  ' }), null],
    ['a text that is too long', draft('bad', { text: 'x'.repeat(2_001) }), null],
    ['an id that is none', draft('bad', { id: '<b>' }), null],
    [
      'a picture that is none',
      draft('bad', { image: { width: 1, height: 1 } }),
      Buffer.from('<svg onload="alert(1)"/>'),
    ],
    ['a picture without a size', draft('bad'), PNG],
    [
      'a picture that is too large',
      draft('bad', { image: { width: 1, height: 1 } }),
      Buffer.concat([PNG, Buffer.alloc(600_000)]),
    ],
    ['text for a picture', draft('bad', { image: { width: 1, height: 1 } }), 'PNG'],
  ])('refuses %s as a message', async (_what, given, image) => {
    const socket = await enter('bad');
    expect(await socket.timeout(5_000).emitWithAck('say', given, image)).toEqual({
      ok: false,
      why: expect.any(String),
    });
    socket.disconnect();
  });

  it('refuses a message for a room that one is not in', async () => {
    const socket = await enter('mine');
    expect(await socket.timeout(5_000).emitWithAck('say', draft('lobby'), null)).toMatchObject({ ok: false });
  });

  it.each(['', ' ', '-x', 'a/b', '<b>', 'x'.repeat(33), '__proto__', null, 7, ['lobby']])(
    'has no room %j',
    async (name) => {
      const socket = await enter('lobby');
      expect(await socket.timeout(5_000).emitWithAck('enter', name, null)).toMatchObject({ ok: false });
      socket.disconnect();
    },
  );

  it('survives events without answers, without arguments and of no known name', async () => {
    const socket = await enter('odd');
    for (const name of ['enter', 'leave', 'say', 'image', 'typing', 'rename', 'echo', 'forbid', 'nonsense']) {
      socket.emit(name);
      socket.emit(name, { toString: 'no' }, [[[]]], 0);
    }
    expect(await socket.timeout(5_000).emitWithAck('say', draft('odd'), null)).toMatchObject({ ok: true });
  });

  it('tells a message that is sent twice once, and knows the writer by the key alone', async () => {
    const [ann, ben] = await Promise.all([enter('twice'), enter('twice', { ...WHO, key: 'b'.repeat(20) })]);
    const heard: unknown[] = [];
    ben.on('message', (message) => heard.push(message));
    const said = draft('twice');
    const first = await ann.timeout(5_000).emitWithAck('say', said, null);
    expect(await ann.timeout(5_000).emitWithAck('say', said, null)).toEqual(first);
    expect(await ben.timeout(5_000).emitWithAck('say', said, null)).toMatchObject({ ok: false });
    await ben.timeout(5_000).emitWithAck('echo');
    expect(heard).toHaveLength(1);
    expect(JSON.stringify(heard)).not.toContain(KEY);
  });

  it('tells everybody which limits were hit, and those who come later as well', async () => {
    const socket = await enter('limits');
    const told = new Promise((resolve) => socket.once('limits', resolve));
    const rude = new WebSocket(`${demo.url.replace('http', 'ws')}socket.io/?EIO=4&transport=websocket`);
    rude.on('open', () => rude.send(`4${'x'.repeat(1_000_001)}`));
    await new Promise((resolve) => rude.on('close', resolve));
    expect(await told).toEqual({ 'too-big': 1 });
    const later = io(demo.url, { auth: WHO, forceNew: true });
    sockets.push(later);
    expect(await new Promise((resolve) => later.once('limits', resolve))).toEqual({ 'too-big': 1 });
  });

  it('keeps a picture for those who come later, in its room only', async () => {
    const ann = await enter('album');
    const picture = draft('album', { text: '', image: { width: 3, height: 2 } });
    expect(await ann.timeout(5_000).emitWithAck('say', picture, PNG)).toMatchObject({ ok: true });
    const later = await enter('album');
    expect(await later.timeout(5_000).emitWithAck('image', 'album', picture.id)).toEqual({ ok: true, bytes: PNG });
    const elsewhere = await enter('elsewhere');
    expect(await elsewhere.timeout(5_000).emitWithAck('image', 'album', picture.id)).toMatchObject({ ok: false });
  });

  it('slows down those who write much, and lets the rest of them through later', async () => {
    const socket = await enter('fast', { ...WHO, key: 'f'.repeat(20) });
    const answers = await Promise.all(
      Array.from({ length: 14 }, () => socket.timeout(5_000).emitWithAck('say', draft('fast'), null)),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(10);
    expect(answers.at(-1)).toMatchObject({ ok: false, retryInMs: expect.any(Number) });
  });

  it('disconnects those who flood it', async () => {
    const socket = await enter('flood');
    const reason = new Promise((resolve) => socket.on('disconnect', resolve));
    for (let count = 0; count < 400; count += 1) socket.emit('typing', 'flood');
    expect(await reason).toBe('io server disconnect');
  });
});
