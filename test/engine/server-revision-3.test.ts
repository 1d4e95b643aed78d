/** Engine.IO 3: clients of Socket.IO 2, for those who allow them (FAULTS.md P8). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Codec } from '../../server/engine/codec.ts';
import { revision3 } from '../../server/engine/revision-3.ts';
import { revision4 } from '../../server/engine/revision-4.ts';
import type { Packet } from '../../shared/engine/packet.ts';
import { WebSocketPeer, ask, next, serve } from './server-fixture.ts';

const allowed = { allowEIO3: true } as const;

function all(source: () => Packet | undefined): Packet[] {
  const packets: Packet[] = [];
  for (let packet = source(); packet !== undefined; packet = source()) packets.push(packet);
  return packets;
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data));
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((one) => !one.includes('\x1e'));
const messages = fc.array(
  fc.oneof(text, bytes).map((data): Packet => ({ type: 'message', data })),
  { minLength: 1, maxLength: 8 },
);

describe.each([
  ['3', revision3.binary],
  ['3 without binary', revision3.textual],
  ['4', revision4.binary],
  ['4 without binary', revision4.textual],
])('the codec of revision %s', (_name, codec: Codec) => {
  const normal = (packets: readonly Packet[]) =>
    packets.map(({ type, data = '' }) => [type, typeof data === 'string' ? data : [...(data as Buffer)]]);

  it('reads what it wrote, as a payload and as messages', () => {
    fc.assert(
      fc.property(messages, (packets) => {
        const payload = codec.writePayload(packets);
        // As it comes out of a body; a lone surrogate doesn't live to see that.
        const body = typeof payload === 'string' ? Buffer.from(payload).toString() : payload;
        fc.pre(typeof payload !== 'string' || body === payload);
        expect(normal(all(codec.packetsIn(body)))).toEqual(normal(packets));
        for (const packet of packets) {
          const written = codec.write(packet);
          const read = codec.read(typeof written === 'string' ? written : Buffer.from(written));
          expect(normal([read])).toEqual(normal([packet]));
        }
      }),
    );
  });

  it.each<[string, ArrayBuffer | ArrayBufferView]>([
    ['an ArrayBuffer', new Uint8Array([1, 2, 3, 4]).buffer],
    ['part of an ArrayBuffer', new DataView(new Uint8Array([0, 1, 2, 3, 4, 0]).buffer, 1, 4)],
    ['wide numbers', new Uint16Array(new Uint8Array([1, 2, 3, 4]).buffer)],
  ])('writes all bytes of %s', (_kind, data) => {
    const written = codec.write({ type: 'message', data });
    const read = codec.read(typeof written === 'string' ? written : Buffer.from(written));
    expect(read.data).toEqual(Buffer.from([1, 2, 3, 4]));
  });

  it('makes packets or an error of anything, and comes to an end', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.uint8Array().map((data) => Buffer.from(data)),
        ),
        (body) => {
          fc.pre(typeof body === 'string' || codec.hasBinaryBodies);
          const packets = all(codec.packetsIn(body));
          expect(packets.length).toBeGreaterThan(0);
          expect(packets.length).toBeLessThanOrEqual(body.length + 1);
        },
      ),
    );
  });
});

describe('a payload of revision 3', () => {
  it.each([
    ['', 'is empty'],
    ['2', 'has no length'],
    ['x:4a', 'has a length that is none'],
    ['-1:4a', 'has a negative length'],
    ['3:4a', 'is shorter than its length'],
    ['0:', 'has an empty packet'],
    ['2:4a7', 'has a rest'],
    ['12345678901:4', 'has an endless length'],
    ['2:9a', 'has an unknown type'],
    ['5:b4&&&', 'has base64 that is none'],
  ])('%j is an error, as it %s', (body) => {
    expect(all(revision3.binary.packetsIn(body)).at(-1)).toMatchObject({ type: 'error' });
  });

  it.each(['', '00', '0001ff', '02ff34', '0002ff34', '000aff34', '0001ff3400', '01010101010101010101010101ff'])(
    'of the bytes %j is an error',
    (hex) => {
      expect(all(revision3.binary.packetsIn(Buffer.from(hex, 'hex'))).at(-1)).toMatchObject({ type: 'error' });
    },
  );
});

describe('a session of revision 3', () => {
  async function start(query = '') {
    const served = await serve(allowed);
    const opened = await ask(served.port, { query: `EIO=3&transport=polling${query}` });
    const session = served.sessions[0]!;
    const get = () => ask(served.port, { query: `EIO=3&transport=polling&sid=${session.id}${query}` });
    const post = (body: string | Buffer, type = 'text/plain;charset=UTF-8') =>
      ask(served.port, {
        method: 'POST',
        query: `EIO=3&transport=polling&sid=${session.id}${query}`,
        body,
        headers: { 'Content-Type': type },
      });
    return { ...served, opened, session, get, post };
  }

  it('opens on polling and talks text there', async () => {
    const { opened, session, get, post } = await start();
    expect(opened.body).toMatch(/^\d+:0\{"sid":"[\w-]{22}","upgrades":\["websocket"\],"pingInterval":25000,/);
    expect(session.protocol).toBe(3);
    const got: unknown[] = [];
    session.on('message', (data) => got.push(data));
    expect((await post('4:4ü€a3:4bc')).body).toBe('ok');
    expect(got).toEqual(['ü€a', 'bc']);
    session.send('ü😀').send('x');
    expect((await get()).body).toBe('4:4ü😀2:4x');
  });

  it('talks binary on polling, as bytes or as base64', async () => {
    const { port, session, post } = await start();
    const got = next(session, 'message');
    expect((await post(Buffer.from('0103ff0401020002ff3478', 'hex'), 'application/octet-stream')).body).toBe('ok');
    expect(await got).toEqual([Buffer.from([1, 2])]);
    session.send(Buffer.from([1, 2])).send('x');
    const query = `EIO=3&transport=polling&sid=${session.id}`;
    const response = await fetch(`http://localhost:${port}/engine.io/?${query}`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(Buffer.from(await response.arrayBuffer()).toString('hex')).toBe('0103ff0401020002ff3478');
    const textual = await start('&b64=1');
    textual.session.send(Buffer.from([1, 2])).send('x');
    expect((await textual.get()).body).toBe('6:b4AQI=2:4x');
  });

  it('lives on the pings of its peer, and ends without them', async () => {
    const { port, sessions } = await serve({ ...allowed, pingInterval: 200, pingTimeout: 800 });
    const peer = new WebSocketPeer(port, 'EIO=3&transport=websocket');
    await peer.until(1);
    let beats = 0;
    sessions[0]!.on('heartbeat', () => beats++);
    const pinging = setInterval(() => peer.send('2'), 20);
    await peer.until(6);
    clearInterval(pinging);
    expect(beats).toBe(5);
    expect(peer.got.slice(1)).toEqual(['3', '3', '3', '3', '3']);
    const [reason] = await next<[string]>(sessions[0]!, 'close');
    expect(reason).toBe('ping timeout');
  });

  it('moves to a WebSocket, where bytes carry their type', async () => {
    const { port, session } = await start();
    const peer = new WebSocketPeer(port, `EIO=3&transport=websocket&sid=${session.id}`);
    await peer.opened;
    peer.send('2probe');
    await peer.until(1);
    const upgraded = next(session, 'upgrade');
    peer.send('5');
    await upgraded;
    const got = next(session, 'message');
    peer.send(Buffer.from([4, 1, 2]));
    expect(await got).toEqual([Buffer.from([1, 2])]);
    session.send(Buffer.from([1, 2])).send('x');
    expect(await peer.until(3)).toEqual(['3probe', '<040102>', '4x']);
  });

  it('is a session of no other revision', async () => {
    const { port, session } = await start();
    const answer = await ask(port, { query: `EIO=4&transport=polling&sid=${session.id}` });
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, 3]);
    expect(session.readyState).toBe('open');
  });
});

describe('JSONP', () => {
  it('is a script that hands over the payload, and escapes what would end a script', async () => {
    const { port, sessions } = await serve(allowed);
    const query = 'EIO=3&transport=polling&j=7';
    const opened = await ask(port, { query });
    expect(opened.headers['content-type']).toBe('text/javascript; charset=UTF-8');
    expect(opened.headers['x-content-type-options']).toBe('nosniff');
    expect(opened.body).toMatch(/^\/\*\*\/___eio\[7\]\("\d+:0\{\\"sid\\":/);
    sessions[0]!.send('</script>\u2028\u2029"\\');
    const { body } = await ask(port, { query: `${query}&sid=${sessions[0]!.id}` });
    expect(body).toBe('/**/___eio[7]("14:4\\u003c/script>\\u2028\\u2029\\"\\\\");');
  });

  it('takes a form, and line ends as they were', async () => {
    const { port, sessions } = await serve(allowed);
    const query = 'EIO=3&transport=polling&j=0';
    await ask(port, { query });
    const got: unknown[] = [];
    sessions[0]!.on('message', (data) => got.push(data));
    const post = (d: string) =>
      ask(port, {
        method: 'POST',
        query: `${query}&sid=${sessions[0]!.id}`,
        body: new URLSearchParams({ d }).toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
    expect((await post('4:4a\\nb')).body).toBe('ok');
    expect((await post('5:4a\\\\nb')).body).toBe('ok');
    expect(got).toEqual(['a\nb', 'a\\nb']);
    const ended = next<[string]>(sessions[0]!, 'close');
    expect((await post('')).status).toBe(400);
    expect((await ended)[0]).toBe('parse error');
  });

  it.each(['x', '1x', '', '-1', '1&j=x', '12345678901'])('is not made of j=%s', async (j) => {
    const { port } = await serve(allowed);
    const { body } = await ask(port, { query: `EIO=3&transport=polling&j=${j}` });
    expect(body).toMatch(/^\d+:0\{/);
  });

  it('is not there unless revision 3 is allowed', async () => {
    const { port } = await serve();
    const { body, headers } = await ask(port, { query: 'EIO=4&transport=polling&j=0' });
    expect([body[0], headers['content-type']]).toEqual(['0', 'text/plain; charset=UTF-8']);
    expect((await ask(port, { query: 'EIO=3&transport=polling&j=0' })).body).toMatch(/"code":5/);
  });
});

it('sends base64 on a WebSocket of revision 4 whose peer takes text alone', async () => {
  const { port, sessions } = await serve();
  const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket&b64=1');
  await peer.until(1);
  sessions[0]!.send(Buffer.from([1, 2]));
  expect((await peer.until(2))[1]).toBe('bAQI=');
  const got = next(sessions[0]!, 'message');
  peer.send('bAQI=');
  expect(await got).toEqual([Buffer.from([1, 2])]);
});
