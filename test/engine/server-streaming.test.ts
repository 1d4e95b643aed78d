/** Streaming: an answer that does not end (FAULTS.md S3, S5, S7 and the wire of resume). */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { afterEach, describe, expect, it, vi } from 'vitest';

import type { ServerOptions } from '../../server/engine/index.ts';
import { Poller, ask, begin, next, open, serve } from './server-fixture.ts';

/** A peer that reads a stream. */
class Stream {
  readonly got: string[] = [];
  text = '';
  readonly head: Promise<IncomingMessage>;
  readonly ended: Promise<void>;
  private readonly waiting: (() => void)[] = [];
  private readonly request: ReturnType<typeof begin>;

  constructor(port: number, query: string) {
    this.request = begin(port, { query });
    this.head = this.request.answer;
    this.ended = this.head.then(async (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('error', () => {});
      response.on('data', (chunk: string) => {
        this.text += chunk;
        const pieces = (rest + chunk).split('\x1e');
        rest = pieces.pop()!;
        this.got.push(...pieces);
        for (const wake of this.waiting.splice(0)) wake();
      });
      await new Promise((resolve) => response.once('close', resolve));
    });
  }

  async until(count: number): Promise<string[]> {
    while (this.got.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.got;
  }

  destroy(): void {
    this.request.destroy();
  }
}

async function start(options: ServerOptions = {}) {
  const served = await serve(options);
  const { sid } = await open(served.port, '&resume=1');
  const poller = new Poller(served.port, sid);
  const stream = (more: string) => new Stream(served.port, poller.query(`${more}&turn=${++poller.turn}`, 'streaming'));
  return { ...served, session: served.sessions[0]!, poller, stream };
}

describe('a stream', () => {
  afterEach(() => void vi.useRealTimers());

  it('is probed, and carries the session once the peer has said 5 in a POST', async () => {
    const { port, session, poller, stream } = await start();
    session.send('a');
    const probe = stream('');
    expect(await probe.until(1)).toEqual(['3probe']);
    expect([session.transport.name, session.upgrading]).toEqual(['polling', true]);
    const upgraded = next(session, 'upgrade');
    const query = poller.query(`&from=1&turn=${++poller.turn}`, 'streaming');
    expect((await ask(port, { method: 'POST', query, body: '50' })).body).toBe('ok');
    await upgraded;
    expect(await probe.until(3)).toEqual(['3probe', '60', '4a']);
    session.send('b').send(Buffer.from([1, 2]));
    expect(await probe.until(5)).toEqual(['3probe', '60', '4a', '4b', 'bAQI=']);
    // A proxy may repeat the POST.
    expect((await ask(port, { method: 'POST', query, body: '50' })).body).toBe('ok');
    expect([session.transport.name, session.readyState]).toEqual(['streaming', 'open']);
  });

  it('attaches at once where it says what was seen', async () => {
    const { session, poller, stream } = await start();
    session.send('a').send('b');
    await poller.seen(0);
    await poller.from(1, '4x');
    const first = stream('&seen=1');
    expect(await first.until(2)).toEqual(['61', '4b']);
    const second = stream('&seen=1');
    expect(await second.until(2)).toEqual(['61', '4b']);
    await first.ended;
    expect(session.readyState).toBe('open');
    expect((await poller.seen(2, '&attach=1')).body).toBe('61');
  });

  it('comes as text/event-stream where the peer asks for that, a packet an event', async () => {
    const { session, stream } = await start();
    const events = stream('&seen=0&sse=1');
    expect((await events.head).headers['content-type']).toBe('text/event-stream');
    session.send('a\r\nb').send(Buffer.from([1]));
    while (!events.text.includes('AQ==')) await once(await events.head, 'data');
    expect(events.text).toBe('data: "60"\n\ndata: "4a\\r\\nb"\n\ndata: "bAQ=="\n\n');
  });

  it('is let go where it only follows another one, and the session has moved up meanwhile', async () => {
    const { session, poller, stream } = await start();
    const ws = poller.webSocket(`&seen=0&turn=${++poller.turn}`);
    await ws.until(1);
    const late = stream('&seen=0');
    await late.ended;
    expect([late.text, session.transport.name]).toEqual(['', 'websocket']);
    session.send('a');
    expect(await ws.until(2)).toEqual(['60', '4a']);
  });

  it('forbids to buffer and to change it', async () => {
    const { stream } = await start();
    const { headers, statusCode } = await stream('&seen=0').head;
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=UTF-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('ends when it has grown long, and the next one goes on without a loss or a repetition', async () => {
    const { session, stream } = await start();
    let suspensions = 0;
    session.on('suspend', () => suspensions++);
    const all: string[] = [];
    for (let index = 0; index < 300; index++) {
      const data = `${index} ${'x'.repeat(10_000)}`;
      all.push(`4${data}`);
      session.send(data);
    }
    const got: string[] = [];
    let streams = 0;
    while (got.length < all.length) {
      const one = stream(`&seen=${got.length}`);
      streams++;
      await Promise.race([one.ended, one.until(all.length - got.length + 1)]);
      got.push(...one.got.slice(1));
    }
    expect(got).toEqual(all);
    expect(streams).toBeGreaterThan(2);
    expect(suspensions).toBe(0);
  });

  it('ends when it has grown old, and the next one goes on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const { session, stream } = await start({ pingInterval: 2 ** 31 - 1 });
    const lost = vi.fn<() => void>();
    session.on('suspend', lost);
    const first = stream('&seen=0');
    session.send('a');
    await first.until(2);
    vi.advanceTimersByTime(299_000);
    session.send('b');
    expect(await first.until(3)).toEqual(['60', '4a', '4b']);
    vi.advanceTimersByTime(2_000);
    await first.ended;
    session.send('c');
    expect(await stream('&seen=2').until(2)).toEqual(['60', '4c']);
    expect(lost).not.toHaveBeenCalled();
  });

  it('may be cut just where it ends by itself: what did not arrive comes with the next one', async () => {
    const { session, stream } = await start({ resume: { maxBytes: 2 ** 25 } });
    const first = stream('&seen=0');
    const head = await first.head;
    await first.until(1);
    head.pause();
    // More than one stream may hold, and than what the kernel takes of it.
    const filling = 'x'.repeat(100_000);
    for (let number = 0; number < 150; number++) session.send(`${number} ${filling}`);
    // It has ended, and no one can tell how much of it arrives.
    head.resume();
    await first.until(8);
    first.destroy();
    await first.ended;
    const numbers = ({ got }: Stream): number[] => got.slice(1).map((packet) => Number.parseInt(packet.slice(1), 10));
    const got = numbers(first);
    expect(got.length).toBeLessThan(150);
    while (got.length < 150) {
      const one = stream(`&seen=${got.length}&attach=1`);
      await Promise.race([one.ended, one.until(150 - got.length + 1)]);
      got.push(...numbers(one));
    }
    expect(got).toEqual(Array.from({ length: 150 }, (_none, number) => number));
  });

  it('that is broken off suspends the session', async () => {
    const { session, stream } = await start();
    const one = stream('&seen=0');
    await one.until(1);
    const suspended = next(session, 'suspend');
    one.destroy();
    expect(await suspended).toEqual(['transport-error']);
  });

  it('that is broken off while it is probed changes nothing', async () => {
    const { session, stream } = await start();
    const probe = stream('');
    await probe.until(1);
    probe.destroy();
    await expect.poll(() => session.upgrading).toBe(false);
    expect([session.transport.name, session.suspended]).toEqual(['polling', false]);
  });

  it('that is probed and not taken ends at upgradeTimeout', async () => {
    const { session, stream } = await start({ upgradeTimeout: 20 });
    const probe = stream('');
    await probe.ended;
    expect([probe.got, session.transport.name]).toEqual([['3probe'], 'polling']);
  });

  it('opens a session too', async () => {
    const { port, sessions } = await serve({ transports: ['streaming'] });
    const stream = new Stream(port, 'EIO=4&transport=streaming&resume=1');
    const [opening] = await stream.until(1);
    const { sid, upgrades } = JSON.parse(opening!.slice(1));
    expect([sid, upgrades]).toEqual([sessions[0]!.id, []]);
    sessions[0]!.send('a');
    expect((await stream.until(2))[1]).toBe('4a');
    sessions[0]!.close();
    await stream.ended;
    expect(stream.got.slice(2)).toEqual(['6{"why":"closed-here"}', '1']);
  });

  it('is unknown where it is switched off', async () => {
    const { port, stream } = await start({ transports: ['polling', 'websocket'] });
    expect((await stream('&seen=0').head).statusCode).toBe(400);
    expect((await open(port, '&resume=1')).upgrades).toEqual(['websocket']);
  });

  it('whose reader has stopped is cut off when too much is queued, and nobody else suffers', async () => {
    const { port, sessions, session, stream } = await start({
      stalledQueueBytes: 1_000_000,
      stalledTimeout: 50,
      resume: { maxBytes: 1_000 },
    });
    const one = stream('&seen=0');
    (await one.head).pause();
    const ended = next<[string, { code: string }]>(session, 'close');
    for (let index = 0; index < 200; index++) session.send('x'.repeat(100_000));
    const bystander = new Poller(port, (await open(port)).sid);
    sessions[1]!.send('quick');
    expect((await bystander.get()).body).toBe('4quick');
    expect((await ended)[1].code).toBe('slow-consumer');
  });
});
