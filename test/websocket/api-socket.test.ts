import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { describe, expect, it, vi } from 'vitest';

import { ServerWebSocket, WebSocket } from '../../websocket.ts';
import type { WebSocketServerOptions } from '../../websocket.ts';
import { bytesHeld } from './garbage.ts';
import { closePayload, maskedFrame } from './raw-frames.ts';
import { RawPeer, upgradeRequest } from './raw-peer.ts';
import { call, closed, Inbox, open, serve, serveEcho } from './stage.ts';

/** Both ends of one connection. */
async function pair(
  options: WebSocketServerOptions = {},
): Promise<{ client: WebSocket; socket: ServerWebSocket; url: string }> {
  const stage = await serve(options);
  const accepted = stage.accepted();
  const client = await open(stage.url);
  return { client, socket: await accepted, url: stage.url };
}

describe('a WebSocket', () => {
  it("has WHATWG's constants on the class and on each socket", async () => {
    const { client, socket } = await pair();
    const constants = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
    for (const one of [WebSocket, client, socket])
      for (const [name, value] of Object.entries(constants)) expect(one[name as 'OPEN']).toBe(value);
  });

  it('is one on the server too', async () => {
    const { client, socket } = await pair();
    expect(socket).toBeInstanceOf(WebSocket);
    expect(client).toBeInstanceOf(WebSocket);
    expect(client).not.toBeInstanceOf(ServerWebSocket);
    class Own extends WebSocket {}
    expect(socket).not.toBeInstanceOf(Own);
    expect({}).not.toBeInstanceOf(WebSocket);
  });

  it('goes through its states', async () => {
    const stage = await serve();
    const client = call(stage.url);
    expect(client.readyState).toBe(WebSocket.CONNECTING);
    await once(client, 'open');
    expect(client.readyState).toBe(WebSocket.OPEN);
    const end = closed(client);
    client.close();
    expect(client.readyState).toBe(WebSocket.CLOSING);
    await end;
    expect(client.readyState).toBe(WebSocket.CLOSED);
  });

  it("calls WHATWG's handlers with WHATWG's events", async () => {
    const stage = await serveEcho();
    const client = call(`${stage.url}/path`);
    const seen: unknown[] = [];
    client.onopen = (event) => void seen.push([event.type, event.target === client]);
    client.onmessage = (event) => void seen.push([event.type, event.data, event.origin]);
    client.onerror = (event) => void seen.push(event.type);
    const end = new Promise<void>((resolve) => {
      client.onclose = ({ type, code, reason, wasClean }) => {
        seen.push([type, code, reason, wasClean]);
        resolve();
      };
    });
    client.addEventListener('open', () => {
      client.send('text ä');
      client.send(Uint8Array.of(1, 2));
    });
    client.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') client.close(4000, 'done');
    });
    await end;
    expect(seen).toEqual([
      ['open', true],
      ['message', 'text ä', stage.url],
      ['message', Buffer.of(1, 2), stage.url],
      ['close', 4000, 'done', true],
    ]);
  });

  it('says that an end without a Close was not clean', async () => {
    const { client, socket } = await pair();
    const end = new Promise((resolve) => (client.onclose = ({ code, wasClean }) => resolve([code, wasClean])));
    socket.terminate();
    expect(await end).toEqual([1006, false]);
  });

  it('tells onerror what went wrong, and then onclose', async () => {
    const client = call('ws://127.0.0.1:1');
    const seen: string[] = [];
    client.onerror = ({ message, error }) => void seen.push(message, String((error as NodeJS.ErrnoException).code));
    const end = new Promise<void>((resolve) => (client.onclose = () => resolve(void seen.push('close'))));
    await end;
    expect(seen).toEqual([expect.stringContaining('ECONNREFUSED'), 'ECONNREFUSED', 'close']);
  });

  it('has one handler a name, and each listener once', async () => {
    const { client, socket } = await pair();
    const [old, handler, listener, once] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    const object = { handleEvent: vi.fn() };
    socket.onmessage = old;
    socket.onmessage = handler;
    expect(socket.onmessage).toBe(handler);
    socket.addEventListener('message', listener);
    socket.addEventListener('message', listener);
    socket.addEventListener('message', object);
    socket.addEventListener('message', once, { once: true });
    socket.addEventListener('message', old);
    socket.removeEventListener('message', old);
    const inbox = new Inbox(socket);
    client.send('1');
    client.send('2');
    await inbox.take(2);
    expect([old, handler, listener, object.handleEvent, once].map(({ mock }) => mock.calls.length)).toEqual([
      0, 2, 2, 2, 1,
    ]);
    socket.onmessage = null;
    expect(socket.onmessage).toBeNull();
    client.send('3');
    await inbox.next();
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('gives on("message") a text as a Buffer that says it is none', async () => {
    const { client, socket } = await pair();
    const message = once(socket, 'message');
    client.send('ä');
    expect(await message).toEqual([Buffer.from('ä'), false]);
  });

  it.each([
    ['nodebuffer', (data: unknown) => data],
    ['arraybuffer', (data: unknown) => Buffer.from(data as ArrayBuffer)],
    ['fragments', (data: unknown) => Buffer.concat(data as Buffer[])],
    ['blob', async (data: unknown) => Buffer.from(await (data as Blob).arrayBuffer())],
  ] as const)('hands over binary as %s', async (binaryType, toBuffer) => {
    const { client, socket } = await pair();
    socket.binaryType = binaryType;
    expect(socket.binaryType).toBe(binaryType);
    const sent = Buffer.from('some bytes');
    const message = once(socket, 'message');
    client.send(sent);
    const [data, isBinary] = await message;
    expect(isBinary).toBe(true);
    expect(Buffer.isBuffer(data)).toBe(binaryType === 'nodebuffer');
    expect(await toBuffer(data)).toEqual(sent);
  });

  it('ignores a binaryType that there is not', async () => {
    const { client } = await pair();
    client.binaryType = 'paper' as 'blob';
    expect(client.binaryType).toBe('nodebuffer');
  });
});

describe('send', () => {
  it.each<[string, unknown, string | Buffer]>([
    ['a text', 'ä', 'ä'],
    ['half a surrogate pair', '\ud800', '\ufffd'],
    ['an empty text', '', ''],
    ['a number', 42, '42'],
    ['a Buffer', Buffer.of(1, 2), Buffer.of(1, 2)],
    ['a Blob', new Blob(['blob']), Buffer.from('blob')],
    ['nothing in a Buffer', Buffer.alloc(0), Buffer.alloc(0)],
  ])('sends exactly %s', async (_what, data, expected) => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    client.send(data as string);
    expect(await inbox.next()).toEqual(expected);
  });

  it.each([undefined, null, {}, [1, 2], true, Symbol.iterator, () => 1, 1n, new Date(0)])(
    'refuses %s',
    async (data) => {
      const { client } = await pair();
      expect(() => client.send(data as string)).toThrow(TypeError);
      expect(client.readyState).toBe(WebSocket.OPEN);
    },
  );

  it('says what kind it is where that is asked for', async () => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    client.send('text', { binary: true });
    client.send(Buffer.from('bytes'), { binary: false });
    expect(await inbox.take(2)).toEqual([Buffer.from('text'), 'bytes']);
  });

  it('sends a message in parts', async () => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    client.send('one ', { fin: false });
    client.send('two ', { fin: false });
    client.ping();
    client.send('three');
    client.send('next');
    expect(await inbox.take(2)).toEqual(['one two three', 'next']);
  });

  it.each([false, true])('sends a message in parts that are Blobs (compression: %s)', async (perMessageDeflate) => {
    const { client, socket } = await pair({ perMessageDeflate });
    const inbox = new Inbox(socket);
    client.send(new Blob(['one ']), { fin: false, binary: false });
    client.send('two ', { fin: false });
    client.send(new Blob(['three ']), { fin: false });
    client.send(new Blob(['four']));
    client.send('next');
    expect(await inbox.take(2)).toEqual(['one two three four', 'next']);
  });

  it('keeps the order where a Blob has to be read first', async () => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    client.send('1');
    client.send(new Blob(['2'.repeat(100_000)]), { binary: false });
    client.send('3');
    client.send(new Blob(['4']), { binary: false });
    client.close(1000);
    await closed(client);
    expect(inbox.all.map((message) => message[0])).toEqual(['1', '2', '3', '4']);
  });

  it('calls back once the kernel has it', async () => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    const order: string[] = [];
    const sent = new Promise<void>((resolve) => {
      client.send('a', (error) => order.push(`a ${error}`));
      client.send('b', {}, (error) => resolve(void order.push(`b ${error}`)));
    });
    order.push('later');
    await sent;
    expect(order).toEqual(['later', 'a undefined', 'b undefined']);
    await inbox.take(2);
  });

  it('throws while connecting', async () => {
    const stage = await serve();
    const client = call(stage.url);
    for (const act of [() => client.send('x'), () => client.ping(), () => client.pong()])
      expect(act).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    await once(client, 'open');
  });

  it('is silent when it is too late, counts the bytes and tells its callback', async () => {
    const { client } = await pair();
    const end = closed(client);
    client.close();
    expect(client.bufferedAmount).toBeLessThan(10);
    await end;
    const errors: unknown[] = [];
    const told = new Promise<void>((resolve) => {
      client.send('four', (error) => errors.push(error));
      client.send(Buffer.alloc(10), (error) => errors.push(error));
      client.ping('x', false, (error) => errors.push(error));
      client.send(new Blob(['123']), (error) => resolve(void errors.push(error)));
    });
    expect(client.bufferedAmount).toBe(4 + 10 + 3);
    await told;
    expect(errors).toEqual(Array.from({ length: 4 }, () => expect.any(Error)));
  });

  it('tells callbacks of what is lost with the connection', async () => {
    const { client, socket } = await pair();
    socket.pause();
    const failed = new Promise((resolve) => client.send(Buffer.alloc(20_000_000), resolve));
    client.terminate();
    expect(await failed).toBeInstanceOf(Error);
  });

  it('leaves in as many writes as there are turns', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    let chunks = 0;
    peer.socket.on('data', () => chunks++);
    for (let at = 0; at < 100; at++) socket.send(`message ${at}`);
    await peer.seen(100);
    expect(chunks).toBe(1);
    peer.reset();
  });
});

describe('bufferedAmount', () => {
  it('is 0 when a connection is new', async () => {
    const { client, socket } = await pair();
    expect([client.bufferedAmount, socket.bufferedAmount]).toEqual([0, 0]);
  });

  it('says what the peer has not taken, and drained() when it has', async () => {
    const { client, socket } = await pair({ maxPayload: 0 });
    socket.pause();
    client.send(Buffer.alloc(20_000_000));
    expect(client.bufferedAmount).toBeGreaterThan(1_000_000);
    const drains = once(client, 'drain');
    const drained = client.drained();
    socket.resume();
    await drained;
    expect(client.bufferedAmount).toBe(0);
    await drains;
  });

  it('resolves drained() at once where nothing waits, and rejects it where nothing will leave', async () => {
    const { client, socket } = await pair();
    await client.drained();
    socket.pause();
    client.send(Buffer.alloc(20_000_000));
    const drained = client.drained();
    client.terminate();
    await expect(drained).rejects.toThrow('closed');
  });
});

describe('ping and pong', () => {
  it('carry data, and pings are answered', async () => {
    const { client, socket } = await pair();
    const [pinged, ponged] = [once(socket, 'ping'), once(client, 'pong')];
    client.ping('data');
    expect(await pinged).toEqual([Buffer.from('data')]);
    expect(await ponged).toEqual([Buffer.from('data')]);
    const unasked = once(socket, 'pong');
    client.pong(Buffer.of(1));
    expect(await unasked).toEqual([Buffer.of(1)]);
  });

  it('stay behind messages that are being compressed', async () => {
    const { client, socket } = await pair({ perMessageDeflate: { threshold: 0 } });
    const seen: string[] = [];
    socket.on('message', () => seen.push('message'));
    for (const name of ['ping', 'pong']) socket.on(name, () => seen.push(name));
    client.send('a'.repeat(50_000));
    client.ping();
    client.send('b');
    client.pong();
    client.close();
    await closed(socket);
    expect(seen).toEqual(['message', 'ping', 'message', 'pong']);
  });

  it('take the arguments that ws takes', async () => {
    const { client, socket } = await pair();
    const seen: string[] = [];
    socket.on('ping', (data: Buffer) => seen.push(String(data)));
    await new Promise<void>((resolve) => {
      client.ping();
      client.ping(7);
      client.ping('a', true);
      client.ping('b', () => {});
      client.ping(() => resolve());
    });
    await vi.waitUntil(() => seen.length === 5);
    expect(seen).toEqual(['', '7', 'a', 'b', '']);
  });

  it('refuse more than 125 bytes', async () => {
    const { client } = await pair();
    expect(() => client.ping('x'.repeat(126))).toThrow(RangeError);
    expect(() => client.pong(Buffer.alloc(126))).toThrow(RangeError);
    expect(() => client.ping({} as string)).toThrow(TypeError);
  });

  it('are left to the application with autoPong: false', async () => {
    const { client, socket } = await pair({ autoPong: false });
    const seen: string[] = [];
    client.on('pong', (data: Buffer) => seen.push(String(data)));
    socket.on('ping', () => socket.pong('own'));
    const ponged = once(client, 'pong');
    client.ping('theirs');
    await ponged;
    expect(seen).toEqual(['own']);
  });
});

describe('close', () => {
  it.each([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, NaN, '1000', null])(
    'refuses the code %s',
    async (code) => {
      const { client } = await pair();
      expect(() => client.close(code as number)).toThrow(expect.objectContaining({ name: 'InvalidAccessError' }));
    },
  );

  it('refuses a reason of more than 123 bytes', async () => {
    const { client } = await pair();
    expect(() => client.close(1000, 'ä'.repeat(62))).toThrow(RangeError);
    expect(() => client.close(1000, 'x'.repeat(124))).toThrow(RangeError);
    expect(client.readyState).toBe(WebSocket.OPEN);
    client.close(1000, 'x'.repeat(123));
    expect(await closed(client)).toEqual([1000, 'x'.repeat(123)]);
  });

  it('takes a Buffer for a reason', async () => {
    const { client } = await pair();
    client.close(1000, Buffer.from('bytes'));
    expect(await closed(client)).toEqual([1000, 'bytes']);
  });

  it('twice is once', async () => {
    const { client } = await pair();
    client.close(4000);
    client.close(4001);
    expect((await closed(client))[0]).toBe(4000);
    client.close(4002);
    client.terminate();
  });

  it('lets go of what was below, however long the application holds the WebSocket', async () => {
    const stage = await serve();
    const held: ServerWebSocket[] = [];
    stage.server.on('connection', (socket: ServerWebSocket) => held.push(socket));
    const openAndClose = async (count: number): Promise<void> => {
      for (let time = 0; time < count; time++) {
        const accepted = stage.accepted();
        const peer = await RawPeer.connect(stage.port);
        peer.write(upgradeRequest());
        const gone = closed(await accepted);
        peer.socket.resetAndDestroy();
        await gone;
      }
    };
    await openAndClose(100);
    const before = await bytesHeld();
    await openAndClose(1_000);
    // 700 bytes each; 2,500 with what was below.
    expect((await bytesHeld()) - before).toBeLessThan(1_000 * 1_500);
    expect(held).toHaveLength(1_100);
    expect(held.every(({ readyState, bufferedAmount }) => readyState === 3 && bufferedAmount === 0)).toBe(true);
  });
});

describe('pause', () => {
  it('holds back messages that have come already, and resume tells them in order', async () => {
    const { client, socket } = await pair();
    const seen: string[] = [];
    socket.on('message', (data: Buffer) => {
      seen.push(String(data));
      if (seen.length === 1) socket.pause();
    });
    for (const text of ['a', 'b', 'c']) client.send(text);
    client.ping();
    await once(socket, 'message');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([seen, socket.isPaused]).toEqual([['a'], true]);
    const inbox = new Inbox(socket);
    socket.resume();
    await inbox.take(2);
    expect([seen, socket.isPaused]).toEqual([['a', 'b', 'c'], false]);
  });

  it('in a listener and undone there changes nothing', async () => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    socket.on('message', () => {
      socket.pause();
      socket.resume();
    });
    for (let at = 0; at < 5; at++) client.send(String(at));
    expect(await inbox.take(5)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('while closing keeps what came, for resume to tell before the close', async () => {
    const { client, socket } = await pair();
    const inbox = new Inbox(socket);
    socket.pause();
    client.send('last words');
    client.close(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(inbox.all).toEqual([]);
    socket.resume();
    expect(await closed(socket)).toEqual([1000, '']);
    expect(inbox.all).toEqual(['last words']);
  });

  it.each(['client', 'socket'] as const)('of the %s does not hide that the other end is gone', async (one) => {
    const ends = await pair();
    const end = closed(ends[one]);
    ends[one].pause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    ends[one === 'client' ? 'socket' : 'client'].terminate();
    expect(await end).toEqual([1006, '']);
  });
});

describe('the stream below a WebSocket', () => {
  it('stays a stream: others may watch, pause and resume it, and nothing is lost or told twice', async () => {
    const stage = await serve();
    const accepted = once(stage.server, 'connection') as Promise<[ServerWebSocket, IncomingMessage]>;
    const client = await open(stage.url);
    const [socket, { socket: stream }] = await accepted;
    const inbox = new Inbox(socket);
    let watched = 0;
    const watch = (chunk: Buffer): void => void (watched += chunk.length);
    client.send('before');
    await inbox.take(1);
    stream.on('data', watch);
    client.send('watched');
    await inbox.take(1);
    stream.off('data', watch);
    stream.pause();
    // More than the stream takes while it is paused, so that reading stops as well.
    const large = Array.from({ length: 100 }, (_none, at) => String(at).repeat(1_000));
    for (const text of large) client.send(text);
    await vi.waitUntil(() => stream.readableLength >= stream.readableHighWaterMark);
    expect(inbox.all).toEqual(['before', 'watched']);
    stream.resume();
    client.send('after');
    expect(await inbox.take(101)).toEqual([...large, 'after']);
    expect(watched).toBe(6 + 'watched'.length);
  });
});

describe('a loop over a WebSocket', () => {
  it('gets each message in order and ends with the connection', async () => {
    const { client, socket } = await pair();
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const message of socket) {
        seen.push(message);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let at = 0; at < 200; at++) client.send(String(at));
    client.send(Buffer.of(1));
    client.close();
    await loop;
    expect(seen).toEqual([...Array.from({ length: 200 }, (_none, at) => String(at)), Buffer.of(1)]);
  });

  it('pauses the connection while it is behind', async () => {
    const { client, socket } = await pair();
    const loop = socket[Symbol.asyncIterator]();
    const first = loop.next();
    for (let at = 0; at < 1_000; at++) client.send('x'.repeat(1_000));
    await first;
    await vi.waitUntil(() => socket.isPaused);
    await loop.return();
    expect(socket.isPaused).toBe(false);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('throws what ended the connection', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    const next = socket[Symbol.asyncIterator]().next();
    peer.write(maskedFrame({ opcode: 8, payload: closePayload(1005) }));
    await peer.seen(1);
    peer.reset();
    await expect(next).rejects.toThrow('1005');
  });
});
