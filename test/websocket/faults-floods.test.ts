/** Peers that send too much, too small, too slowly or read nothing: each bears it alone, and memory stays bounded. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { constants, deflateRawSync } from 'node:zlib';

import { describe, expect, it, onTestFinished } from 'vitest';

import { FrameReader } from '../../shared/websocket/frame-reader.ts';
import { WebSocketServer } from '../../websocket.ts';
import type { ServerWebSocket } from '../../websocket.ts';
import { certificate } from './certificate.ts';
import { framesRead } from './frame-events.ts';
import { bytesHeld } from './garbage.ts';
import { hex } from './hex.ts';
import { maskedFrame, maskedText } from './raw-frames.ts';
import { RawPeer, upgradeRequest } from './raw-peer.ts';
import { closed, Inbox, open, serve, serveEcho, shut } from './stage.ts';

const silent = { message() {}, compressed() {}, ping() {}, pong() {}, close() {}, fail() {} };
const reading = { role: 'server', maxMessageBytes: 1_000_000, maxFragments: 0 } as const;

describe('an unfinished message', () => {
  it.each([
    ['131,000 empty fragments', 131_000, Buffer.alloc(0)],
    ['131,000 fragments of a byte', 131_000, Buffer.from('x')],
  ])('of %s pins at most twice its bytes and 16 kB', async (_what, count, payload) => {
    const first = maskedFrame({ opcode: 2, fin: false, payload });
    const more = maskedFrame({ opcode: 0, fin: false, payload });
    const before = await bytesHeld();
    const reader = new FrameReader(silent, reading);
    for (let at = 0; at < count; at++) reader.read(Buffer.from(at === 0 ? first : more));
    expect((await bytesHeld()) - before).toBeLessThan(2 * count * more.length + 16_384);
    reader.stop();
  });

  it('of 900 kB in writes of a byte pins at most twice that and 16 kB', async () => {
    const wire = maskedFrame({ opcode: 2, payload: Buffer.alloc(900_000) }).subarray(0, -1);
    const before = await bytesHeld();
    const reader = new FrameReader(silent, reading);
    for (const byte of wire) reader.read(Buffer.of(byte));
    expect((await bytesHeld()) - before).toBeLessThan(2 * wire.length + 16_384);
    reader.stop();
  });

  it('that only declares how long it will be pins next to nothing, 10,000 times', async () => {
    const before = await bytesHeld();
    const readers = Array.from({ length: 10_000 }, () => {
      const reader = new FrameReader(silent, reading);
      reader.read(hex('82 ff 00 00 00 00 00 0f 42 40 00 00 00 00 01'));
      return reader;
    });
    expect((await bytesHeld()) - before).toBeLessThan(10_000_000);
    for (const reader of readers) reader.stop();
  });

  it('of 65,536 fragments takes at most three times as long as one frame', () => {
    const payload = Buffer.alloc(64, 'x');
    const fragments = Array.from({ length: 65_536 }, (_none, at) =>
      maskedFrame({ opcode: at === 0 ? 2 : 0, fin: at === 65_535, payload }),
    );
    const many = Buffer.concat(fragments);
    const one = maskedFrame({ opcode: 2, payload: Buffer.alloc(65_536 * 64, 'x') });
    const timeOf = (wire: Buffer): number => {
      const times = Array.from({ length: 5 }, () => {
        const chunks: Buffer[] = [];
        for (let at = 0; at < wire.length; at += 65_536) chunks.push(Buffer.from(wire.subarray(at, at + 65_536)));
        const reader = new FrameReader(silent, { ...reading, maxMessageBytes: 10_000_000 });
        // CPU time: on a busy machine the clock says little.
        const before = process.cpuUsage();
        for (const chunk of chunks) reader.read(chunk);
        return process.cpuUsage(before).user / 1_000;
      });
      return Math.min(...times);
    };
    // A frame of 64 bytes has 6 of header: parsing 65,536 of them alone costs ten milliseconds, twice that on a busy machine.
    expect(timeOf(many)).toBeLessThan(3 * timeOf(one) + 40);
  });

  it('of fragments just under the limit ends at the running sum', () => {
    const first = maskedFrame({ opcode: 2, fin: false, payload: Buffer.alloc(999_000) });
    // Of the second, and of all that would follow, not a byte is taken.
    const second = maskedFrame({ opcode: 0, fin: false, length: 999_000n });
    expect(framesRead([first])).toEqual([]);
    expect(framesRead([first, second])).toEqual([{ fail: 1009 }]);
  });
});

describe('a flood of pings', () => {
  it('is answered in full while the peer reads', async () => {
    const { port } = await serve();
    const peer = await RawPeer.open(port);
    const pings = Array.from({ length: 5_000 }, (_none, at) => maskedFrame({ opcode: 9, payload: String(at) }));
    peer.write(Buffer.concat(pings));
    const pongs = await peer.seen(5_000);
    expect(pongs.map(({ payload }) => Number(payload))).toEqual(pings.map((_none, at) => at));
    peer.reset();
  });

  it('of 52 MB queues no more than 64 pongs while the peer does not read, and the newest is answered', async () => {
    const stage = await serve();
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    peer.socket.pause();
    const chunk = Buffer.concat(
      Array.from({ length: 500 }, () => maskedFrame({ opcode: 9, payload: 'x'.repeat(125) })),
    );
    let pings = 0;
    let most = 0;
    socket.on('ping', () => {
      pings++;
      most = Math.max(most, socket.bufferedAmount);
    });
    const count = Math.ceil(52_000_000 / chunk.length);
    for (let at = 0; at < count; at++) if (!peer.socket.write(chunk)) await once(peer.socket, 'drain');
    peer.write(maskedFrame({ opcode: 9, payload: 'newest' }));
    while (pings < count * 500 + 1) await new Promise((resolve) => setImmediate(resolve));
    expect(most).toBeLessThanOrEqual(64 * 127);
    peer.socket.resume();
    while (String(peer.frames.at(-1)?.payload) !== 'newest') await new Promise((resolve) => setImmediate(resolve));
    expect(peer.frames.length).toBeLessThan(pings);
    peer.reset();
  }, 60_000);
});

describe('a peer that reads nothing', () => {
  const limits = { maxQueuedBytes: 8_000_000 };

  it('is cut where its queue passes the limit, and a bystander is served meanwhile', async () => {
    const stage = await serveEcho({ limits });
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    const bystander = await open(stage.url);
    const inbox = new Inbox(bystander);
    peer.socket.pause();
    const failure = once(socket, 'error');
    const end = closed(socket);
    let most = 0;
    while (socket.readyState === socket.OPEN) {
      socket.send(Buffer.alloc(500_000));
      most = Math.max(most, socket.bufferedAmount);
      bystander.send('x');
      expect(await inbox.next()).toBe('x');
    }
    expect(most).toBeLessThanOrEqual(8_500_100);
    expect(String((await failure)[0])).toContain('slow consumer');
    expect(await end).toEqual([1006, '']);
    peer.socket.destroy();
  });

  it('is cut where nothing leaves for a while, although its queue is not that long', async () => {
    const stage = await serve({ limits: { stalledQueueBytes: 5_000_000, stalledTimeoutMs: 60 } });
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    peer.socket.pause();
    const failure = once(socket, 'error');
    const end = closed(socket);
    socket.send(Buffer.alloc(20_000_000));
    expect(String((await failure)[0])).toContain('none left in 60 ms');
    expect(await end).toEqual([1006, '']);
    peer.socket.destroy();
  });

  it('is not cut while it takes something', async () => {
    const stage = await serve({ limits: { stalledQueueBytes: 1_000_000, stalledTimeoutMs: 1_500 } });
    const accepted = stage.accepted();
    const peer = await RawPeer.open(stage.port);
    const socket = await accepted;
    // Slow, but alive: a megabyte, a rest, another megabyte. All of it takes longer than what would count as stalled.
    peer.restAfter(1_000_000, 160);
    socket.send(Buffer.alloc(20_000_000));
    await socket.drained();
    expect(socket.readyState).toBe(socket.OPEN);
    peer.reset();
  }, 30_000);
});

describe('a decompression bomb', () => {
  const deflated = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const megabyte = deflateRawSync(Buffer.alloc(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });
  const bomb = Buffer.concat(Array.from({ length: 500 }, () => megabyte));

  it.each([
    ['in one frame', 1, deflated],
    ['in 10,000 fragments', 10_000, deflated],
    ['without context takeover', 1, { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover' }],
  ])('%s ends with 1009', async (_how, count, headers) => {
    const stage = await serve({ perMessageDeflate: true, maxPayload: 2 ** 20 });
    const peer = await RawPeer.open(stage.port, headers);
    const size = Math.ceil(bomb.length / count);
    const frames = Array.from({ length: count }, (_none, at) =>
      maskedFrame({
        opcode: at === 0 ? 2 : 0,
        rsv: at === 0 ? 4 : 0,
        fin: at === count - 1,
        payload: bomb.subarray(at * size, (at + 1) * size),
      }),
    );
    peer.write(Buffer.concat(frames));
    expect(await peer.allFrames()).toMatchObject([{ opcode: 8, payload: hex('03f1') }]);
  });
});

describe('compressed messages whose connection ends while they are inflated', () => {
  const deflated = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const large = deflateRawSync(Buffer.alloc(3_000_000, 'abc'), { finishFlush: constants.Z_SYNC_FLUSH });
  const message = maskedFrame({ opcode: 2, rsv: 4, payload: large });
  const corrupt = maskedFrame({ opcode: 2, rsv: 4, payload: hex('ffffffff') });

  it.each<[string, (socket: ServerWebSocket, peer: RawPeer) => unknown, RegExp]>([
    ['terminate', (socket) => socket.terminate(), /^close 1006$/],
    ['close and terminate', (socket) => (socket.close(), socket.terminate()), /^close 1006$/],
    ['a reset', (_socket, peer) => peer.reset(), /^(message, )?(error 1007, )?close 1006$/],
    ['a Close of ours', (socket) => socket.close(1000), /^(message, )?(error 1007, )?close 1006$/],
    ['an end of theirs', (_socket, peer) => peer.socket.end(), /^message, error 1007, close 1006$/],
    ['what is corrupt', () => {}, /^message, error 1007, close 1006$/],
  ])('by %s tell one end, and nothing after it', async (_how, end, expected) => {
    const stage = await serveEcho({ perMessageDeflate: true, closeTimeout: 100 });
    const bystander = await open(stage.url);
    const inbox = new Inbox(bystander);
    for (const turns of [0, 1, 4]) {
      const accepted = stage.accepted();
      const peer = await RawPeer.open(stage.port, deflated);
      const socket = await accepted;
      const told: string[] = [];
      socket.on('message', () => told.push('message'));
      socket.on('error', ({ closeCode }: { closeCode: number }) => told.push(`error ${closeCode}`));
      const over = closed(socket).then(([code]) => told.push(`close ${code}`));
      peer.write(Buffer.concat([message, corrupt, message]));
      // What ends it comes before any of it is inflated, or in the middle.
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      end(socket, peer);
      await over;
      bystander.send('x');
      await inbox.next();
      expect(told.join(', ')).toMatch(expected);
      peer.socket.destroy();
    }
  });
});

describe('what comes behind a fault', () => {
  it('is read up to 64 kB and a chunk, and then the connection is cut', async () => {
    const stage = await serve({ maxPayload: 100, closeTimeout: 30_000 });
    const connected = once(stage.server, 'connection') as Promise<[ServerWebSocket, IncomingMessage]>;
    const peer = await RawPeer.open(stage.port);
    const [socket, { socket: stream }] = await connected;
    const end = closed(socket);
    peer.write(maskedFrame({ opcode: 2, length: 101n }));
    await peer.seen(1);
    const before = stream.bytesRead;
    while (!stream.destroyed) {
      peer.write(Buffer.alloc(4_096));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await end).toEqual([1006, '']);
    expect(stream.bytesRead - before).toBeGreaterThan(65_536);
    expect(stream.bytesRead - before).toBeLessThanOrEqual(2 * 65_536);
    peer.socket.destroy();
  });
});

describe('rude connections', () => {
  const manners: readonly ((peer: RawPeer) => void)[] = [
    (peer) => peer.reset(),
    (peer) => void peer.socket.end(),
    (peer) => peer.write('GET / HT').reset(),
    (peer) => peer.write(upgradeRequest({ 'Sec-WebSocket-Key': 'x' })).socket.end(),
    (peer) => peer.write(upgradeRequest()).reset(),
    (peer) => void peer.write(Buffer.concat([Buffer.from(upgradeRequest()), hex('8100')])).socket.end(),
    (peer) =>
      void peer.write(Buffer.concat([Buffer.from(upgradeRequest()), maskedText('x').subarray(0, 5)])).socket.end(),
    (peer) => void peer.write(Buffer.concat([Buffer.from(upgradeRequest()), maskedText('x')])).socket.end(),
    (peer) =>
      peer.write(Buffer.concat([Buffer.from(upgradeRequest()), maskedFrame({ opcode: 1, fin: false })])).reset(),
  ];

  it('10,000 of them leave nothing behind, and a polite client is never disturbed', async () => {
    const stage = await serveEcho({ closeTimeout: 200 });
    const polite = await open(stage.url);
    const inbox = new Inbox(polite);
    const waves = async (count: number): Promise<void> => {
      for (let wave = 0; wave < count; wave++) {
        const peers = await Promise.all(Array.from({ length: 40 }, () => RawPeer.connect(stage.port)));
        for (const [at, peer] of peers.entries()) manners[at % manners.length]!(peer);
        polite.send(String(wave));
        expect(await inbox.next()).toBe(String(wave));
        await Promise.all(peers.map((peer) => peer.socket.destroyed || once(peer.socket.resume(), 'close')));
      }
      while (stage.server.clients.size > 1) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await waves(25);
    const [bytes, resources] = [await bytesHeld(), process.getActiveResourcesInfo().length];
    await waves(225);
    expect((await bytesHeld()) - bytes).toBeLessThan(10_000_000);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(resources + 5);
  }, 60_000);

  const timing = { headersTimeout: 1_000, requestTimeout: 1_000, connectionsCheckingInterval: 100 };
  const own = (): WebSocketServer =>
    new WebSocketServer({ port: 0, host: '127.0.0.1', limits: { handshakeTimeoutMs: 1_000 } });
  const plain = (): WebSocketServer => new WebSocketServer({ server: createHttpServer(timing).listen(0, '127.0.0.1') });
  const secure = (): WebSocketServer => {
    const https = createHttpsServer({ ...certificate(), ...timing, handshakeTimeout: 1_000 });
    return new WebSocketServer({ server: https.listen(0, '127.0.0.1') });
  };

  it.each<[string, () => WebSocketServer, string]>([
    ['half a request to a server of its own', own, 'GET / HTTP/1.1\r\nHost: local'],
    ['half a request to a server of ours', plain, 'GET / HTTP/1.1\r\nHost: local'],
    ['half a TLS handshake', secure, '\x16\x03\x01\x02\0\x01'],
  ])('300 that say %s are ended in time, and others open at the usual cost meanwhile', async (_what, make, half) => {
    const server = make();
    await once(server, 'listening');
    onTestFinished(() => shut(server));
    if (server.options.server !== undefined) onTestFinished(() => void server.options.server!.close());
    const { port } = server.address() as AddressInfo;
    const url = `${make === secure ? 'wss' : 'ws'}://127.0.0.1:${port}`;
    // CPU time, and of many the one in the middle: on a busy machine the clock says little, and to end 300 costs something too.
    const costOf = async (count: number): Promise<number> => {
      const costs: number[] = [];
      for (let at = 0; at < count; at++) {
        const before = process.cpuUsage();
        (await open(url, { rejectUnauthorized: false })).terminate();
        const { user, system } = process.cpuUsage(before);
        costs.push((user + system) / 1_000);
      }
      return costs.toSorted((one, other) => one - other)[count >> 1]!;
    };
    await costOf(30);
    const alone = await costOf(30);
    const slow = await Promise.all(Array.from({ length: 300 }, () => RawPeer.connect(port)));
    for (const peer of slow) peer.write(half);
    const beside = await costOf(30);
    await Promise.all(slow.map((peer) => peer.ended()));
    for (const peer of slow) peer.socket.destroy();
    expect(beside).toBeLessThan(2 * alone + 0.5);
  });
});
