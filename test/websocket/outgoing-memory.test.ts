/** What leaves is exactly what the application gave: never memory that was somebody else's, however a buffer is shaped or reused. */
import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import type { ServerWebSocket } from '../../websocket.ts';
import { maskedText } from './raw-frames.ts';
import { RawPeer } from './raw-peer.ts';
import { serve, serveEcho } from './stage.ts';

async function pair(): Promise<{ socket: ServerWebSocket; peer: RawPeer }> {
  const stage = await serve();
  const accepted = stage.accepted();
  const peer = await RawPeer.open(stage.port);
  return { socket: await accepted, peer };
}

/** An ArrayBuffer that can be resized: younger than the types of Node 20. */
const Resizable = ArrayBuffer as unknown as new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & {
  resize(length: number): void;
};

function resized(from: number, to: number): ArrayBuffer {
  const buffer = new Resizable(from, { maxByteLength: 64 });
  new Uint8Array(buffer).fill(7);
  buffer.resize(to);
  return buffer;
}

function outOfBounds(): Uint8Array {
  const buffer = new Resizable(16, { maxByteLength: 64 });
  const view = new Uint8Array(buffer, 8, 8);
  buffer.resize(4);
  return view;
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(16);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

const backing = Uint8Array.from([9, 8, 7, 6, 5, 4, 3, 2]).buffer;
const shared = new SharedArrayBuffer(4);
new Uint8Array(shared).set([1, 2, 3, 4]);

/** What may be sent, and its bytes. */
const kinds: readonly [string, () => unknown, Buffer][] = [
  ['a number', () => 20, Buffer.from('20')],
  ['a large number', () => 1e9, Buffer.from('1000000000')],
  ['a text', () => 'ä', Buffer.from('ä')],
  ['a Buffer of the pool', () => Buffer.from('pooled'), Buffer.from('pooled')],
  ['an ArrayBuffer', () => backing, Buffer.from(backing)],
  ['a view of a part', () => new Uint8Array(backing, 2, 3), Buffer.of(7, 6, 5)],
  ['16 bits each', () => new Uint16Array(backing, 2, 2), Buffer.of(7, 6, 5, 4)],
  ['floats', () => Float32Array.of(20), Buffer.of(0, 0, 0xa0, 0x41)],
  ['doubles', () => Float64Array.of(1), Buffer.of(0, 0, 0, 0, 0, 0, 0xf0, 0x3f)],
  ['big integers', () => BigUint64Array.of(1n), Buffer.of(1, 0, 0, 0, 0, 0, 0, 0)],
  ['clamped bytes', () => Uint8ClampedArray.of(300), Buffer.of(255)],
  ['a DataView', () => new DataView(backing, 1, 2), Buffer.of(8, 7)],
  ['shared memory', () => shared, Buffer.of(1, 2, 3, 4)],
  ['a view of shared memory', () => new Uint8Array(shared, 1, 2), Buffer.of(2, 3)],
  ['a buffer that grew', () => resized(2, 4), Buffer.of(7, 7, 0, 0)],
  ['a buffer that shrank', () => resized(4, 2), Buffer.of(7, 7)],
  ['a view past the end of its buffer', outOfBounds, Buffer.alloc(0)],
  ['nothing', () => new Float64Array(0), Buffer.alloc(0)],
];

describe.each(['send', 'ping', 'pong'] as const)('%s', (deed) => {
  it.each(kinds)('of %s sends its bytes and no other', async (_what, make, expected) => {
    const { socket, peer } = await pair();
    socket[deed](make() as Buffer);
    const [frame] = await peer.seen(1);
    expect(frame!.payload).toEqual(expected);
    peer.reset();
  });

  it.each([
    null,
    {},
    [1, 2],
    true,
    Symbol.iterator,
    1n,
    new Date(0),
    { length: 1_000 },
    { byteLength: 100 },
    /x/,
    detached(),
  ])('refuses %s, and sends nothing', async (data) => {
    const { socket, peer } = await pair();
    expect(() => socket[deed](data as unknown as Buffer)).toThrow(TypeError);
    socket.send('next');
    expect(String((await peer.seen(1))[0]!.payload)).toBe('next');
    peer.reset();
  });
});

describe('close', () => {
  it.each(kinds)('with %s for a reason says its bytes as a text, and no other', async (_what, make, expected) => {
    const { socket, peer } = await pair();
    socket.close(4000, make() as Buffer);
    const [frame] = await peer.allFrames();
    expect(frame!.payload).toEqual(Buffer.concat([Buffer.of(0x0f, 0xa0), Buffer.from(expected.toString())]));
  });

  it.each([null, {}, [1, 2], true, 1n, { length: 20 }, detached()])('refuses %s for a reason', async (reason) => {
    const { socket, peer } = await pair();
    expect(() => socket.close(4000, reason as unknown as Buffer)).toThrow(TypeError);
    expect(socket.readyState).toBe(socket.OPEN);
    peer.reset();
  });
});

it('changes nothing that left, when the application writes into its memory behind the send', async () => {
  const { socket, peer } = await pair();
  const memory = [shared, resized(4, 4)];
  const before = memory.map((buffer) => Buffer.from(Buffer.from(buffer as ArrayBuffer)));
  for (const buffer of memory) {
    socket.send(buffer);
    new Uint8Array(buffer).fill(0xee);
  }
  expect((await peer.seen(2)).map(({ payload }) => payload)).toEqual(before);
  new Uint8Array(shared).set([1, 2, 3, 4]);
  peer.reset();
});

it('lends no memory of one peer to another, whatever sizes they say and hear at once', async () => {
  const { port } = await serveEcho();
  const canary = Buffer.from('canary');
  const peers = await Promise.all(Array.from({ length: 8 }, () => RawPeer.open(port)));
  const sizes = [1, 20, 125, 126, 500, 4_000, 5_000, 16_000, 60_000, 70_000, 200_000];
  // One peer fills slabs and spare buffers with what must not be seen by any other, in texts and in texts that are cut short.
  const [first, ...others] = peers as [RawPeer, ...RawPeer[]];
  for (const size of [...sizes, ...sizes.toReversed()]) {
    first.write(maskedText(canary.toString().repeat(Math.ceil(size / canary.length))));
    for (const [at, peer] of others.entries()) peer.write(maskedText(String.fromCharCode(65 + at).repeat(size)));
    await Promise.all(peers.map((peer) => peer.seen(peer.frames.length + 1)));
  }
  const cut = await RawPeer.open(port);
  const ended = once(cut.socket, 'close');
  cut.write(maskedText(canary.toString().repeat(10_000)).subarray(0, 50_000)).reset();
  await ended;
  for (const peer of others) peer.write(maskedText('last'));
  await Promise.all(others.map((peer) => peer.seen(2 * sizes.length + 1)));
  for (const [at, { frames }] of others.entries()) {
    const own = String.fromCharCode(65 + at);
    for (const { payload } of frames.slice(0, -1)) expect(payload.equals(Buffer.alloc(payload.length, own))).toBe(true);
  }
  for (const peer of peers) peer.reset();
});
