/**
 * RFC 6455 from outside, in the categories of Autobahn's suite: a bare TCP peer against our server, and against our client.
 * Both are echoes, so each row says what is sent and what must come back.
 */
import { once } from 'node:events';
import { deflateRawSync, constants, inflateRawSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import type { WebSocket } from '../../websocket.ts';
import { hex } from './hex.ts';
import { closePayload, rawFrame } from './raw-frames.ts';
import type { RawFrame, Seen } from './raw-frames.ts';
import { RawPeer } from './raw-peer.ts';
import { call, serveEcho, serveRaw } from './stage.ts';

const LIMIT = 20 * 2 ** 20;
const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);
const DEFLATE = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };

/** Opens an echo of one role of ours, and gives the raw peer that talks to it. */
type OpenEcho = (isCompressed?: boolean) => Promise<RawPeer>;

const toServer: OpenEcho = async (isCompressed = false) => {
  const { port } = await serveEcho({ maxPayload: LIMIT, perMessageDeflate: isCompressed && { threshold: 0 } });
  return RawPeer.open(port, isCompressed ? DEFLATE : {});
};

const toClient: OpenEcho = async (isCompressed = false) => {
  const raw = await serveRaw();
  const socket: WebSocket = call(`ws://127.0.0.1:${raw.port}`, { perMessageDeflate: isCompressed && { threshold: 0 } });
  socket.on('message', (data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }));
  const opened = once(socket, 'open');
  const peer = await raw.upgraded(isCompressed ? DEFLATE : {});
  await opened;
  return peer;
};

/** What comes back, short enough to be compared: opcode, then text, or code and nothing of the reason. */
function shown({ opcode, fin, rsv, payload }: Seen): string {
  expect([fin, rsv]).toEqual([true, 0]);
  if (opcode === 8) return `close ${payload.length === 0 ? 'none' : payload.readUInt16BE(0)}`;
  const name = { 1: 'text', 2: 'binary', 9: 'ping', 10: 'pong' }[opcode] ?? String(opcode);
  return `${name} ${opcode === 2 ? payload.toString('hex') : payload.toString()}`.trimEnd();
}

const text = (payload: string, more: Partial<RawFrame> = {}): RawFrame => ({ opcode: 1, payload, ...more });
const bytes = (payload: string, more: Partial<RawFrame> = {}): RawFrame => ({
  opcode: 1,
  payload: hex(payload),
  ...more,
});
const ping = (payload = '', more: Partial<RawFrame> = {}): RawFrame => ({ opcode: 9, payload, ...more });
const first = (payload: string, opcode = 1): RawFrame => ({ opcode, payload, fin: false });
const middle = (payload: string): RawFrame => ({ opcode: 0, payload, fin: false });
const last = (payload: string): RawFrame => ({ opcode: 0, payload });
const close = (code?: number, reason = ''): RawFrame => ({ opcode: 8, payload: closePayload(code, reason) });
const rawClose = (payload: string): RawFrame => ({ opcode: 8, payload: hex(payload) });

/** A Close at the end makes the connection end, so that everything that comes back is seen. */
const END = close(1000);
const ENDED = 'close 1000';

type Row = readonly [what: string, sent: readonly RawFrame[], answered: readonly string[]];

// prettier-ignore
const rows: Record<string, readonly Row[]> = {
  '2 pings and pongs': [
    ['a ping without payload', [ping(), END], ['pong', ENDED]],
    ['a ping with a payload', [ping('hello'), END], ['pong hello', ENDED]],
    ['a ping of 125 bytes', [ping('x'.repeat(125)), END], [`pong ${'x'.repeat(125)}`, ENDED]],
    ['a ping of 126 bytes', [ping('x'.repeat(126)), END], ['close 1002']],
    ['a pong that nobody asked for', [{ opcode: 10 }, { opcode: 10, payload: 'p' }, END], [ENDED]],
    ['a pong, then a ping', [{ opcode: 10, payload: 'a' }, ping('b'), END], ['pong b', ENDED]],
    ['ten pings', [...'0123456789'].map((digit) => ping(digit)).concat(END), [...[...'0123456789'].map((digit) => `pong ${digit}`), ENDED]],
  ],
  '3 reserved bits': [
    ...[1, 2, 3, 4, 5, 6, 7].map((rsv): Row => [`a text with RSV ${rsv}`, [text('a'), text('b', { rsv }), END], ['text a', 'close 1002']]),
    ['a ping with RSV 4', [ping('', { rsv: 4 })], ['close 1002']],
    ['a Close with RSV 1', [{ ...END, rsv: 1 }], ['close 1002']],
  ],
  '4 opcodes': [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Row[] => [
    [`${opcode} alone`, [{ opcode }], ['close 1002']],
    [`${opcode} behind a text`, [text('a'), { opcode, payload: 'reserved' }, ping()], ['text a', 'close 1002']],
  ]),
  '5 fragments': [
    ['a ping in two', [ping('a', { fin: false }), last('b')], ['close 1002']],
    ['a pong in two', [{ opcode: 10, fin: false }, last('b')], ['close 1002']],
    ['a text in two', [first('frag'), last('ment'), END], ['text fragment', ENDED]],
    ['a binary in two', [first('a', 2), last('b'), END], ['binary 6162', ENDED]],
    ['a ping between', [first('frag'), ping('p'), last('ment'), END], ['pong p', 'text fragment', ENDED]],
    ['empty ones', [first(''), middle(''), last(''), END], ['text', ENDED]],
    ['empty ones round a full one', [first(''), middle('mid'), last(''), END], ['text mid', ENDED]],
    ['a continuation of nothing', [last('x'), text('a')], ['close 1002']],
    ['a continuation of nothing, without FIN', [middle('x'), text('a')], ['close 1002']],
    ['a continuation behind a whole text', [text('a'), last('b')], ['text a', 'close 1002']],
    ['a new text inside', [first('a'), text('b')], ['close 1002']],
    ['a new binary inside', [first('a'), { opcode: 2 }], ['close 1002']],
    ['a new fragmented text inside', [first('a'), first('b')], ['close 1002']],
    ['five, with pings between', [first('1'), middle('2'), ping('p'), middle('3'), middle('4'), ping('q'), last('5'), END], ['pong p', 'pong q', 'text 12345', ENDED]],
    ['a Close inside a message', [first('a'), END], [ENDED]],
  ],
  '6 UTF-8': [
    ['letters of one to four bytes', [text('Hello-µ@ßöäüàá-UTF-8!! € 😀 \u{10ffff}'), END], ['text Hello-µ@ßöäüàá-UTF-8!! € 😀 \u{10ffff}', ENDED]],
    ['a zero', [text('a\0b'), END], ['text a\0b', ENDED]],
    ['non-characters', [text('\ufffe\uffff\u{1fffe}\ufdd0'), END], ['text \ufffe\uffff\u{1fffe}\ufdd0', ENDED]],
    ['letters cut by fragments', [...Buffer.from('κόσμε')].map((byte, at, all): RawFrame => ({ opcode: at === 0 ? 1 : 0, fin: at === all.length - 1, payload: Buffer.of(byte) })).concat(END), ['text κόσμε', ENDED]],
    ...['80', 'bf', 'c080', 'c1bf', 'e08080', 'e09fbf', 'f0808080', 'f08fbfbf', 'f4908080', 'f5808080', 'f888808080', 'fc8480808080', 'fe', 'ff', 'eda080', 'edbfbf', 'eda080edb080', 'c3', 'e282', 'f09f98', 'c328', 'e28228', 'f0288cbc', 'cebae1bdb9cf83cebcceb5eda080656469746564']
      .map((payload): Row => [payload, [bytes(payload), ping()], ['close 1007']]),
    ['a first fragment that can go nowhere', [bytes('cebaf4908080', { fin: false })], ['close 1007']],
    ['a later fragment that can go nowhere', [first('κόσμε'), { opcode: 0, fin: false, payload: hex('f490') }], ['close 1007']],
    ['binary is not looked at', [{ opcode: 2, payload: hex('ff80') }, END], ['binary ff80', ENDED]],
  ],
  '7 closing': [
    ['no code', [close()], ['close none']],
    ['a text before', [text('a'), close(1000)], ['text a', ENDED]],
    ['a text behind', [close(1000), text('a')], [ENDED]],
    ['a ping behind', [close(1000), ping()], [ENDED]],
    ['a second Close behind', [close(1000), close(1000)], [ENDED]],
    ['one byte', [rawClose('03')], ['close 1002']],
    ['a reason', [close(1000, 'ok')], [ENDED]],
    ['a reason of 123 bytes', [close(1000, 'x'.repeat(123))], [ENDED]],
    ['a reason of 124 bytes', [close(1000, 'x'.repeat(124))], ['close 1002']],
    ['a reason that is not UTF-8', [rawClose('03e8ff')], ['close 1007']],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map((code): Row => [`code ${code}`, [close(code)], [`close ${code}`]]),
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Row => [`code ${code}`, [close(code)], ['close 1002']]),
  ],
};

describe.each([
  ['server', toServer, MASK],
  ['client', toClient, undefined],
] as const)('our %s', (role, openEcho, mask) => {
  const wire = (frames: readonly RawFrame[]): Buffer =>
    Buffer.concat(frames.map((frame) => rawFrame({ ...frame, mask })));

  describe('1 framing', () => {
    it.each([0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1_000_000])(
      'echoes %i bytes, whole and in pieces',
      async (size) => {
        const peer = await openEcho();
        const payload = Buffer.alloc(size, 'abcdefg');
        const sent = wire([
          { opcode: 1, payload },
          { opcode: 2, payload },
        ]);
        peer.write(sent);
        for (let at = 0; at < sent.length; at += 997) peer.write(sent.subarray(at, at + 997));
        const frames = await peer.seen(4);
        expect(frames.map(({ opcode }) => opcode)).toEqual([1, 2, 1, 2]);
        expect(frames.every((frame) => frame.payload.equals(payload) && frame.isMasked === (role === 'client'))).toBe(
          true,
        );
        peer.reset();
      },
    );

    it('echoes frames that come byte by byte', async () => {
      const peer = await openEcho();
      for (const byte of wire([text('slow'), ping('p'), { opcode: 2, payload: 'b'.repeat(200) }]))
        peer.write(Buffer.of(byte));
      const frames = await peer.seen(3);
      expect(frames.map(({ opcode }) => opcode)).toEqual([1, 10, 2]);
      peer.reset();
    });
  });

  describe.each(Object.entries(rows))('%s', (_category, cases) => {
    it.each(cases)('%s', async (_what, sent, answered) => {
      for (const isWhole of [true, false]) {
        const peer = await openEcho();
        if (isWhole) peer.write(wire(sent));
        else for (const byte of wire(sent)) peer.write(Buffer.of(byte));
        expect((await peer.allFrames()).map(shown)).toEqual(answered);
      }
    });
  });

  describe('9 limits', () => {
    it.each([
      [1, 4 * 2 ** 20],
      [64, 65_536],
      [65_536, 64],
      [4, 2 ** 20],
    ])('echoes %i fragments of %i bytes as one message', async (count, size) => {
      const peer = await openEcho();
      const payload = Buffer.alloc(size, 'x');
      const frames = Array.from({ length: count }, (_none, at) => ({
        opcode: at === 0 ? 2 : 0,
        fin: at === count - 1,
        payload,
      }));
      peer.write(wire(frames));
      const [seen] = await peer.seen(1);
      expect(seen!.payload.equals(Buffer.alloc(count * size, 'x'))).toBe(true);
      peer.reset();
    });

    it('echoes 1,000 messages in one chunk, in order', async () => {
      const peer = await openEcho();
      const texts = Array.from({ length: 1_000 }, (_none, at) => `message ${at}`);
      peer.write(wire(texts.map((payload) => text(payload))));
      expect((await peer.seen(1_000)).map(({ payload }) => payload.toString())).toEqual(texts);
      peer.reset();
    });
  });

  describe('12 and 13 compression', () => {
    const deflate = (given: Buffer): Buffer =>
      deflateRawSync(given, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
    const inflate = (given: Buffer): Buffer =>
      inflateRawSync(Buffer.concat([given, hex('0000ffff')]), { finishFlush: constants.Z_SYNC_FLUSH });

    it.each([1, 16, 64, 256, 1_024, 4_096, 32_768, 131_072])('echoes compressed messages of %i bytes', async (size) => {
      const peer = await openEcho(true);
      const payload = Buffer.from(JSON.stringify({ key: 'value', list: [1, 2, 3] }).repeat(size / 8 + 1)).subarray(
        0,
        size,
      );
      const count = 20;
      for (let at = 0; at < count; at++) peer.write(wire([{ opcode: 1, rsv: 4, payload: deflate(payload) }]));
      const frames = await peer.seen(count);
      expect(frames.every(({ opcode, fin, rsv }) => opcode === 1 && fin && rsv === 4)).toBe(true);
      expect(inflate(frames[0]!.payload).equals(payload)).toBe(true);
      peer.reset();
    });

    it('takes compressed fragments, and messages that are not compressed between', async () => {
      const peer = await openEcho(true);
      const packed = deflate(Buffer.from('in three pieces'));
      peer.write(
        wire([
          { opcode: 1, rsv: 4, fin: false, payload: packed.subarray(0, 2) },
          ping('p'),
          { opcode: 0, fin: false, payload: packed.subarray(2, 3) },
          { opcode: 0, payload: packed.subarray(3) },
          text('plain'),
        ]),
      );
      const frames = await peer.seen(3);
      const texts = frames.map(({ rsv, payload }) => String(rsv === 4 ? inflate(payload) : payload));
      expect(texts.slice(0, 2)).toEqual(['p', 'in three pieces']);
      peer.reset();
    });

    // RFC 7692 §7.2.3
    it.each([
      ['a compressed message', 'f248cdc9c90700', 'Hello'],
      ['one without compression', '000500faff48656c6c6f00', 'Hello'],
      ['a block that says it is the last', 'f348cdc9c9070000', 'Hello'],
      ['two blocks', 'f248050000 00ffffcac9c90700', 'Hello'],
      ['two blocks that both say they are the last', '030003004b040000', 'a'],
      ['nothing', '00', ''],
    ])("takes the RFC's example of %s", async (_what, payload, expected) => {
      const peer = await openEcho(true);
      peer.write(wire([{ opcode: 1, rsv: 4, payload: hex(payload) }]));
      const [frame] = await peer.seen(1);
      expect(String(frame!.rsv === 4 ? inflate(frame!.payload) : frame!.payload)).toBe(expected);
      peer.reset();
    });

    it.each([
      ['1002', 'RSV1 on a continuation', [first('a'), { ...last('b'), rsv: 4 }]],
      ['1002', 'RSV1 on a ping', [ping('', { rsv: 4 })]],
      ['1007', 'what is no DEFLATE', [bytes('ffffffff', { rsv: 4 })]],
      ['1007', 'compressed bytes that are no UTF-8', [{ opcode: 1, rsv: 4, payload: deflate(hex('ff')) }]],
    ] as const)('ends with %s at %s', async (code, _what, sent) => {
      const peer = await openEcho(true);
      peer.write(wire(sent));
      expect((await peer.allFrames()).map(shown)).toEqual([`close ${code}`]);
    });
  });
});
