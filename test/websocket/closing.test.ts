import { once } from 'node:events';

import { describe, expect, it, vi } from 'vitest';

import type { ServerWebSocket, WebSocket } from '../../websocket.ts';
import { hex } from './hex.ts';
import { maskedClose, maskedFrame, maskedText, rawFrame } from './raw-frames.ts';
import { RawPeer, upgradeRequest } from './raw-peer.ts';
import { call, closed, Inbox, open, serve, serveEcho, serveRaw } from './stage.ts';

/** Short enough for a test, long enough for what is meant to happen before it. */
const CLOSE_TIMEOUT_MS = 80;

describe('a closing handshake', () => {
  it('begun by the client tells both ends its code and reason', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const ends = Promise.all([closed(client), accepted.then(closed)]);
    client.close(4001, 'bye ä');
    expect(client.readyState).toBe(client.CLOSING);
    expect(await ends).toEqual([
      [4001, 'bye ä'],
      [4001, 'bye ä'],
    ]);
    expect(client.readyState).toBe(client.CLOSED);
  });

  it('begun by the server tells both ends its code and reason', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const socket = await accepted;
    const ends = Promise.all([closed(client), closed(socket)]);
    socket.close(1013, 'later');
    expect(await ends).toEqual([
      [1013, 'later'],
      [1013, 'later'],
    ]);
  });

  it('without a code says 1005', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const ends = Promise.all([closed(client), accepted.then(closed)]);
    client.close();
    expect(await ends).toEqual([
      [1005, ''],
      [1005, ''],
    ]);
  });

  it('begun by both at once is clean', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const socket = await accepted;
    const ends = Promise.all([once(client, 'close'), once(socket, 'close')]);
    client.close(4001);
    socket.close(4002);
    const [[code], [other]] = await ends;
    expect([code, other]).toEqual([4002, 4001]);
  });

  it('leaves behind all that was sent before it', async () => {
    const stage = await serve({ maxPayload: 0 });
    const accepted = stage.accepted();
    const client = await open(stage.url);
    const inbox = new Inbox(await accepted);
    for (let at = 0; at < 10; at++) client.send(Buffer.alloc(500_000, at));
    client.close();
    await closed(client);
    expect(inbox.all.map((message) => [message.length, message[0]])).toEqual(
      Array.from({ length: 10 }, (_none, at) => [500_000, at]),
    );
  });

  it.each([false, true])('leaves so when the peer broke the protocol (compression: %s)', async (perMessageDeflate) => {
    const stage = await serveEcho({ perMessageDeflate: perMessageDeflate && { threshold: 0 } });
    const peer = await RawPeer.open(stage.port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    peer.write(Buffer.concat([maskedText('x'.repeat(10_000)), maskedText('y'), maskedFrame({ opcode: 3 })]));
    await peer.ended();
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([1, 1, 8]);
    expect(peer.frames.at(-1)?.payload).toEqual(hex('03ea'));
  });

  it('lets the server end the TCP connection first', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`);
    const peer = await raw.upgraded();
    await once(client, 'open');
    const ended = vi.fn();
    peer.socket.once('end', ended);
    peer.write(rawFrame({ opcode: 8, payload: hex('03e8') }));
    expect(await peer.seen(1)).toMatchObject([{ opcode: 8, isMasked: true, payload: hex('03e8') }]);
    expect(ended).not.toHaveBeenCalled();
    peer.socket.end();
    expect(await closed(client)).toEqual([1000, '']);
  });
});

describe('a server ends the connection in bounded time', () => {
  const options = { closeTimeout: CLOSE_TIMEOUT_MS };

  it('when the peer never answers its Close', async () => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    socket.close(1000);
    expect(await closed(socket)).toEqual([1006, '']);
    await peer.ended();
  });

  it('and not later than that', async () => {
    const closeTimeout = 1_000;
    const stage = await serve({ closeTimeout });
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    socket.send('last words');
    const start = performance.now();
    socket.close(1000);
    await closed(socket);
    expect(performance.now() - start).toBeLessThan(1.9 * closeTimeout);
    await peer.ended();
  });

  it.each([
    ['was paused', 1000, (socket: ServerWebSocket) => socket.pause()],
    ['was resumed and paused again', 1000, (socket: ServerWebSocket) => (socket.resume(), socket.pause())],
    // Two messages pass the listener; the Close behind them would have to wait for ever.
    ['is paused at each message', 1006, (socket: ServerWebSocket) => socket.on('message', () => socket.pause())],
  ])('when it %s, and tells what came before the end', async (_how, code, pause) => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    const inbox = new Inbox(socket);
    pause(socket);
    peer.write(Buffer.concat([maskedText('a'), maskedText('b'), maskedClose(1000)]));
    socket.close(4001);
    await peer.seen(1);
    peer.socket.end();
    expect(await closed(socket)).toEqual([code, '']);
    expect(inbox.all).toEqual(['a', 'b']);
  });

  it('when it is paused at each message, and they are compressed', async () => {
    const stage = await serve({ ...options, perMessageDeflate: { threshold: 0 } });
    const accepted = stage.accepted();
    const client = await open(stage.url, { perMessageDeflate: { threshold: 0 } });
    const socket = await accepted;
    const paused = once(socket, 'message');
    socket.on('message', () => socket.pause());
    for (let at = 0; at < 5; at++) client.send(`message ${at}`);
    client.pause();
    await paused;
    socket.close(1000);
    expect(await closed(socket)).toEqual([1006, '']);
  });

  it('when the peer closes and never ends its side', async () => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const end = closed(await accepted);
    peer.write(maskedClose(1000));
    expect(await end).toEqual([1000, '']);
  });

  it('when the peer ends its side without a Close', async () => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const end = closed(await accepted);
    peer.socket.end();
    expect(await end).toEqual([1006, '']);
    await peer.ended();
  });

  it('when the peer ends its side and reads nothing of what is queued', async () => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    peer.socket.pause();
    socket.send(Buffer.alloc(30_000_000));
    const end = closed(socket);
    peer.socket.end();
    expect(await end).toEqual([1006, '']);
  });

  it('when the peer breaks the protocol and says no more', async () => {
    const stage = await serve(options);
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const end = closed(await accepted);
    peer.write(hex('8100'));
    expect(await peer.allFrames()).toMatchObject([{ opcode: 8, payload: hex('03ea') }]);
    expect(await end).toEqual([1006, '']);
  });

  it('when the peer breaks the protocol and goes on sending', async () => {
    const stage = await serve({ closeTimeout: 10_000 });
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const end = closed(await accepted);
    peer.write(hex('8100'));
    const more = setInterval(() => peer.write(Buffer.alloc(10_000)), 1);
    await end;
    clearInterval(more);
  });

  it('when a refused peer stays silent', async () => {
    const stage = await serve({ closeTimeout: CLOSE_TIMEOUT_MS });
    const peer = await RawPeer.connect(stage.port);
    const cut = new Promise((resolve) => peer.socket.once('close', resolve));
    peer.write(upgradeRequest({ Upgrade: 'h2c' }));
    expect(await peer.answered()).toBe(400);
    // Ours stays open: the server has to cut, and then answers with a reset to whatever comes.
    const more = setInterval(() => peer.write('x'), 5);
    await cut;
    clearInterval(more);
  });
});

describe('what a peer did wrong', () => {
  /** Names that users of ws test for. */
  it.each([
    ['a1 80', 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
    ['c1 80', 'WS_ERR_UNEXPECTED_RSV_1', 1002],
    ['83 80', 'WS_ERR_INVALID_OPCODE', 1002],
    ['80 80', 'WS_ERR_INVALID_OPCODE', 1002],
    ['09 80', 'WS_ERR_EXPECTED_FIN', 1002],
    ['81 00', 'WS_ERR_EXPECTED_MASK', 1002],
    ['89 fe', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002],
    ['88 81 00000000 00', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002],
    ['88 82 00000000 03e7', 'WS_ERR_INVALID_CLOSE_CODE', 1002],
    ['88 83 00000000 03e8ff', 'WS_ERR_INVALID_UTF8', 1007],
    ['81 81 00000000 ff', 'WS_ERR_INVALID_UTF8', 1007],
    ['82 ff 8000000000000000', 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 1002],
    ['82 ff 0000000100000000', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
  ])('by %s has the name %s, and is told at once however silent the peer', async (bytes, code, closeCode) => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    peer.write(hex(bytes));
    expect((await once(socket, 'error'))[0]).toMatchObject({ code, closeCode });
    expect(socket.readyState).toBe(socket.CLOSING);
    const told = vi.fn();
    socket.on('error', told);
    peer.reset();
    expect(await closed(socket)).toEqual([1006, '']);
    expect(told).not.toHaveBeenCalled();
  });

  it('has a name in a client, too', async () => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`, { perMessageDeflate: true });
    const peer = await raw.upgraded({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }, hex('c1 05 ffffffffff'));
    expect((await once(client, 'error'))[0]).toMatchObject({ code: 'Z_DATA_ERROR', closeCode: 1007 });
    peer.reset();
    const other = call(`ws://127.0.0.1:${raw.port}`);
    const second = await raw.upgraded({}, hex('81 80 00000000'));
    expect((await once(other, 'error'))[0]).toMatchObject({ code: 'WS_ERR_UNEXPECTED_MASK', closeCode: 1002 });
    second.reset();
  });
});

describe('a closing handshake behind much data', () => {
  it('waits for as long as the peer takes some of it', async () => {
    const stage = await serve({ closeTimeout: 1_000 });
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    // Two megabytes, a rest, two more: all of it takes longer than the time limit.
    peer.restAfter(2_000_000, 160);
    for (let at = 0; at < 40; at++) socket.send(Buffer.alloc(500_000, at));
    const end = closed(socket);
    socket.close(1000);
    const frames = await peer.seen(41);
    expect(frames.at(-1)).toMatchObject({ opcode: 8 });
    peer.write(maskedClose(1000)).socket.end();
    expect(await end).toEqual([1000, '']);
  });
});

describe('a client ends the connection in bounded time', () => {
  it.each<[string, (client: WebSocket, peer: RawPeer) => void, number]>([
    ['the server never answers its Close', (client) => client.close(1000), 1006],
    ['the server closes and never ends its side', (_client, peer) => void peer.write(rawFrame({ opcode: 8 })), 1005],
    ['the server breaks the protocol', (_client, peer) => void peer.write(hex('8380')), 1006],
    ['the server ends its side', (_client, peer) => void peer.socket.end(), 1006],
    ['the server resets', (_client, peer) => peer.reset(), 1006],
  ])('when %s', async (_when, act, code) => {
    const raw = await serveRaw();
    const client = call(`ws://127.0.0.1:${raw.port}`, { closeTimeout: CLOSE_TIMEOUT_MS });
    const peer = await raw.upgraded();
    await once(client, 'open');
    const end = closed(client);
    act(client, peer);
    expect(await end).toEqual([code, '']);
    peer.socket.destroy();
  });
});

describe('what comes too late', () => {
  it('is not told: frames behind a Close', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const inbox = new Inbox(await accepted);
    peer.write(Buffer.concat([maskedText('a'), maskedClose(1000), maskedText('b'), hex('ffff')]));
    expect(await peer.allFrames()).toHaveLength(1);
    expect(inbox.all).toEqual(['a']);
  });

  it('is not told: frames in the chunk in which the listener terminates', async () => {
    const stage = await serve();
    const seen: string[] = [];
    const end = new Promise((resolve) => {
      stage.server.on('connection', (socket: ServerWebSocket) => {
        socket.on('message', (data: Buffer) => {
          seen.push(String(data));
          socket.terminate();
        });
        socket.on('close', resolve);
      });
    });
    const peer = await RawPeer.open(stage.port, {}, Buffer.concat([maskedText('a'), maskedText('b')]));
    expect(await end).toBe(1006);
    expect(seen).toEqual(['a']);
    await peer.ended();
  });

  it.each<[string, (cut: () => void) => void]>([
    ['at once', (cut) => cut()],
    ['in a microtask', queueMicrotask],
    ['in the next tick', (cut) => process.nextTick(cut)],
  ])('is told: the answer of a listener that terminates %s', async (_when, later) => {
    const stage = await serve();
    stage.server.on('connection', (socket: ServerWebSocket) => {
      socket.on('message', (data: Buffer) => {
        socket.send(data);
        later(() => socket.terminate());
      });
    });
    const peer = await RawPeer.open(stage.port);
    peer.write(maskedText('a'));
    expect(await peer.allFrames()).toHaveLength(1);
  });

  it('is told: messages that come between our Close and the answer', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    const inbox = new Inbox(socket);
    socket.close(1000);
    await peer.seen(1);
    peer.write(Buffer.concat([maskedText('on its way'), maskedClose(1000)])).socket.end();
    expect(await closed(socket)).toEqual([1000, '']);
    expect(inbox.all).toEqual(['on its way']);
  });
});

describe('a reset', () => {
  it.each<[string, (port: number) => Promise<RawPeer>]>([
    ['before the request', RawPeer.connect],
    ['inside the request', async (port) => (await RawPeer.connect(port)).write('GET / HTTP/1.1\r\nHost:')],
    ['right behind the request', async (port) => (await RawPeer.connect(port)).write(upgradeRequest())],
    [
      'right behind a bad request',
      async (port) => (await RawPeer.connect(port)).write(upgradeRequest({ Host: undefined })),
    ],
    ['after the upgrade', RawPeer.open],
    ['inside a frame', async (port) => (await RawPeer.open(port)).write(maskedText('abc').subarray(0, 5))],
    ['inside a message', async (port) => (await RawPeer.open(port)).write(maskedFrame({ opcode: 1, fin: false }))],
    ['behind a Close', async (port) => (await RawPeer.open(port)).write(maskedClose(1000))],
    ['behind a fault', async (port) => (await RawPeer.open(port)).write(hex('8100'))],
  ])('%s ends that connection and disturbs nobody', async (_when, begin) => {
    const stage = await serveEcho();
    const bystander = await open(stage.url);
    const inbox = new Inbox(bystander);
    const peer = await begin(stage.port);
    peer.reset();
    bystander.send('still here');
    expect(await inbox.next()).toBe('still here');
    while (stage.server.clients.size > 1) await new Promise((resolve) => setImmediate(resolve));
  });

  it('tells close once, with 1006 and no error', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    const told: unknown[] = [];
    socket.on('error', (error) => told.push(error));
    const end = closed(socket);
    peer.reset();
    expect(await end).toEqual([1006, '']);
    expect(told).toEqual([]);
  });
});

describe('a listener that throws', () => {
  it.each(['message', 'ping', 'pong'])(
    'on %s ends its own connection with 1011, and nobody else suffers',
    async (event) => {
      const stage = await serveEcho();
      const bystander = await open(stage.url);
      const accepted = stage.accepted();
      const peer = await RawPeer.open(stage.port);
      const socket = await accepted;
      const mistake = new Error('mine');
      socket.on(event, () => {
        throw mistake;
      });
      const failure = once(socket, 'error');
      peer.write(Buffer.concat([maskedFrame({ opcode: 9 }), maskedFrame({ opcode: 10 }), maskedText('x')]));
      const frames = await peer.allFrames();
      expect(frames.at(-1)).toMatchObject({ opcode: 8, payload: hex('03f3') });
      expect((await failure)[0]).toMatchObject({ closeCode: 1011, cause: mistake });
      bystander.send('x');
      expect(await new Inbox(bystander).next()).toBe('x');
    },
  );

  it('on drain ends its own connection, behind what was sent', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    const mistake = new Error('mine');
    socket.on('drain', () => {
      throw mistake;
    });
    const failure = once(socket, 'error');
    socket.send(Buffer.alloc(100_000));
    expect((await peer.allFrames()).at(-1)).toMatchObject({ opcode: 8, payload: hex('03f3') });
    expect((await failure)[0]).toMatchObject({ closeCode: 1011, cause: mistake });
  });

  it.each(['connection', 'open', 'close', 'error'])('on %s is a warning', async (event) => {
    const warned = once(process, 'warning');
    const mistake = new Error(`thrown by ${event}`);
    const throwIt = (): void => {
      throw mistake;
    };
    const stage = await serve();
    if (event === 'connection') stage.server.on('connection', throwIt);
    const client = call(event === 'error' ? 'ws://127.0.0.1:1' : stage.url);
    if (event !== 'connection') client.on(event, throwIt);
    if (event === 'close') client.once('open', () => client.close());
    expect((await warned)[0]).toBe(mistake);
  });
});
