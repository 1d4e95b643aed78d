/**
 * The same bytes to our server and to one of `ws`, and both must say the same: what was heard, what was answered, how it ended.
 *
 * Where we differ on purpose the bytes are not drawn, and the reason is here:
 * - A length in more bytes than it needs: RFC 6455 §5.2 says that the fewest MUST be used. ws takes it, we end with 1002.
 * - Text that is no UTF-8 in a message that goes on: §8.1 lets us fail at that byte. ws waits for the end of the message, and may
 *   meet another fault before.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer as PeerServer } from 'ws';

import { WebSocketServer } from '../../websocket.ts';
import { cutAt } from './hex.ts';
import { closePayload, maskedFrame, rawFrame } from './raw-frames.ts';
import type { RawFrame } from './raw-frames.ts';
import { RawPeer } from './raw-peer.ts';

const MAX_BYTES = 5_000;
const options = { port: 0, host: '127.0.0.1', maxPayload: MAX_BYTES };

/** What one connection came to: messages heard by the server, then frames that it sent. */
type Outcome = readonly string[];

/** What both servers' sockets have in common. */
interface EchoSocket {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
  send(data: Buffer, options: { binary: boolean }): void;
}

let ours: WebSocketServer;
let theirs: PeerServer;
let heard: string[] = [];

function listenTo(socket: EchoSocket): void {
  socket.on('message', (data, isBinary) => {
    heard.push(`heard ${isBinary ? 'binary' : 'text'} ${data.toString('latin1')}`);
    socket.send(data, { binary: isBinary });
  });
  socket.on('error', () => {});
}

beforeAll(async () => {
  ours = new WebSocketServer(options);
  theirs = new PeerServer(options);
  ours.on('connection', listenTo);
  theirs.on('connection', listenTo);
  await Promise.all([once(ours, 'listening'), once(theirs, 'listening')]);
});

afterAll(async () => {
  for (const server of [ours, theirs]) await new Promise<void>((resolve) => server.close(() => resolve()));
});

async function outcome(server: WebSocketServer | PeerServer, chunks: readonly Buffer[]): Promise<Outcome> {
  heard = [];
  const peer = await RawPeer.open((server.address() as AddressInfo).port);
  for (const chunk of chunks) peer.write(chunk);
  peer.socket.end();
  await peer.ended();
  peer.socket.destroy();
  return [
    ...heard,
    ...peer.frames.map(({ opcode, fin, rsv, payload }) => `sent ${opcode} ${fin} ${rsv} ${said(opcode, payload)}`),
  ];
}

/** Of a Close only the code: a reason is for people. */
function said(opcode: number, payload: Buffer): string {
  if (opcode === 8) return payload.length === 0 ? '' : String(payload.readUInt16BE(0));
  return payload.toString('latin1');
}

const texts = fc.string({ unit: 'binary', maxLength: 40 });
const masked = (frame: RawFrame): Buffer => maskedFrame(frame);

const good: fc.Arbitrary<Buffer[]> = fc.oneof(
  texts.map((payload) => [masked({ opcode: 1, payload })]),
  fc.uint8Array({ maxLength: 200 }).map((payload) => [masked({ opcode: 2, payload: Buffer.from(payload) })]),
  texts.map((payload) => [masked({ opcode: 9, payload: payload.slice(0, 20) })]),
  texts.map(() => [masked({ opcode: 10, payload: 'unasked' })]),
  fc.tuple(texts, fc.array(fc.nat(100), { maxLength: 3 })).map(([text, cuts]) => {
    const pieces = cutAt(Buffer.from(text), cuts);
    return pieces.map((payload, at) => masked({ opcode: at === 0 ? 1 : 0, fin: at === pieces.length - 1, payload }));
  }),
  fc.nat(MAX_BYTES).map((size) => [masked({ opcode: 2, payload: Buffer.alloc(size, 'x') })]),
);

/** Each breaks something, or closes. Whatever stands behind it must not be heard. */
const last: fc.Arbitrary<Buffer> = fc.oneof(
  fc
    .constantFrom(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999)
    .map((code) => masked({ opcode: 8, payload: closePayload(code, 'why') })),
  fc
    .constantFrom(0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000)
    .map((code) => masked({ opcode: 8, payload: closePayload(code) })),
  fc.constant(masked({ opcode: 8 })),
  fc.constant(masked({ opcode: 8, payload: 'x' })),
  fc.constant(masked({ opcode: 8, payload: Buffer.of(3, 232, 0xff) })),
  fc.constantFrom(3, 4, 5, 6, 7, 11, 12, 13, 14, 15).map((opcode) => masked({ opcode })),
  fc.integer({ min: 1, max: 7 }).map((rsv) => masked({ opcode: 1, rsv, payload: 'x' })),
  fc.constantFrom(8, 9, 10).map((opcode) => masked({ opcode, fin: false })),
  fc.constant(masked({ opcode: 9, payload: 'x'.repeat(126) })),
  fc.constant(masked({ opcode: 0, payload: 'nothing to continue' })),
  fc.constant(Buffer.concat([masked({ opcode: 1, fin: false, payload: 'a' }), masked({ opcode: 1, payload: 'b' })])),
  fc.constant(rawFrame({ opcode: 1, payload: 'without mask' })),
  fc
    .constantFrom('c080', 'eda080', 'ff', 'e282', 'f4908080')
    .map((bad) => masked({ opcode: 1, payload: Buffer.from(bad, 'hex') })),
  fc.constant(masked({ opcode: 2, payload: Buffer.alloc(MAX_BYTES + 1) })),
  fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 62n).map((length) => masked({ opcode: 2, length })),
);

describe('our server and one of ws', () => {
  it('say the same to whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(good, { maxLength: 5 }),
        fc.option(last),
        fc.array(good, { maxLength: 1 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (before, end, behind, cuts) => {
          const wire = Buffer.concat([...before.flat(), ...(end === null ? [] : [end, ...behind.flat()])]);
          const chunks = cutAt(wire, cuts);
          expect(await outcome(ours, chunks)).toEqual(await outcome(theirs, chunks));
        },
      ),
      { numRuns: 400 },
    );
  }, 60_000);

  it('never throw at random bytes, and both end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 60 }), async (bytes) => {
        const chunks = [Buffer.from(bytes)];
        const [one, other] = [await outcome(ours, chunks), await outcome(theirs, chunks)];
        // Only whether it was refused: see the differences above.
        const ends = (told: Outcome): boolean => told.some((line) => line.startsWith('sent 8'));
        if (ends(other)) expect(ends(one)).toBe(true);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
