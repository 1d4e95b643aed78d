/** Which transport carries a session, through networks that forbid some, and what is said of it. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createLadder, type LadderOwner } from '../../client/engine/ladder.ts';
import type { Joining, Transport } from '../../client/engine/transport.ts';
import { TransportError } from '../../client/engine/transport-error.ts';
import { type Environment, environmentFor, memory } from '../../client/engine/environment.ts';
import { Socket, type SocketOptions } from '../../client/engine/index.ts';
import { HttpProxy, type HttpProxyOptions } from '../middleboxes/http-proxy.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { heard, messages, serve } from './client-stage.ts';

/** The real world, but that each wait is a twentieth of what it should be. */
function hurried(): Environment {
  const world = environmentFor({});
  const { clock } = world;
  return {
    ...world,
    clock: { now: () => clock.now() * 20, after: (delayMs, task) => clock.after(delayMs / 20, task) },
  };
}

async function throughProxy(network: HttpProxyOptions, options: SocketOptions = {}, world?: Environment) {
  const stage = await serve();
  const proxy = await HttpProxy.before(stage.port, network);
  onTestFinished(() => proxy.close());
  const client = new Socket(`http://127.0.0.1:${proxy.port}`, options, world);
  onTestFinished(() => void client.close());
  return { ...stage, proxy, client };
}

/** Resolves when the session is carried by `name`. */
async function carriedBy(client: Socket, name: string): Promise<void> {
  while (client.transport.name !== name || client.readyState === 'opening') await heard(client, 'transport');
}

beforeEach(() => memory.proven.clear());

describe('through a network', () => {
  it.each<[string, HttpProxyOptions, string, object]>([
    ['that lets all pass', {}, 'websocket', { transport: 'websocket', why: 'climbed' }],
    [
      'that refuses WebSockets',
      { upgrade: { status: 403 } },
      'streaming',
      { transport: 'websocket', why: 'refused', detail: 403 },
    ],
    [
      'that does not know Upgrade',
      { upgrade: 'swallow' },
      'streaming',
      { transport: 'websocket', why: 'refused', detail: 400 },
    ],
  ])('%s the best way that is open carries it, and why is told', async (_network, network, best, entry) => {
    const { client } = await throughProxy(network);
    const got = messages(client, 2);
    client.send('first');
    await carriedBy(client, best);
    client.send('second');
    expect(await got).toEqual(['first', 'second']);
    expect(client.explain()[0]).toMatchObject({ transport: 'polling', why: 'opened', meaning: expect.any(String) });
    expect(client.explain()).toContainEqual(expect.objectContaining(entry));
  });

  it('that holds streams back polling carries it, and nothing waits meanwhile', async () => {
    const { client } = await throughProxy({ upgrade: 'silent', buffersResponses: true }, {}, hurried());
    const got = messages(client, 1);
    client.send('first');
    expect(await got).toEqual(['first']);
    while (client.explain().length < 3) {
      const echoed = messages(client, 1);
      client.send('meanwhile');
      await echoed;
    }
    expect(client.explain()).toMatchObject([
      { transport: 'polling', why: 'opened' },
      { transport: 'websocket', why: 'silent' },
      { transport: 'streaming', why: 'buffered' },
    ]);
    expect(client.transport.name).toBe('polling');
  });

  it('begins with what held last time', async () => {
    const first = await throughProxy({ upgrade: { status: 403 } });
    await carriedBy(first.client, 'streaming');
    const { client } = await throughProxy({ upgrade: { status: 403 } });
    await carriedBy(client, 'streaming');
    expect(client.explain()).toMatchObject([
      { transport: 'polling', why: 'opened' },
      { transport: 'streaming', why: 'climbed' },
    ]);
  });

  it('begins with the best where only one with fewer ways was there before', async () => {
    const first = await throughProxy({}, { transports: ['polling', 'streaming'] });
    await carriedBy(first.client, 'streaming');
    const { client } = await throughProxy({});
    await carriedBy(client, 'websocket');
    expect(client.explain()).toMatchObject([
      { transport: 'polling', why: 'opened' },
      { transport: 'websocket', why: 'climbed' },
    ]);
  });

  it('delivers what a proxy sent twice once', async () => {
    const { client, proxy } = await throughProxy({ repeatsPost: () => true }, { transports: ['polling'] });
    const got = messages(client, 3);
    for (const message of ['a', 'b', 'c']) {
      client.send(message);
      await heard(client, 'drain');
    }
    await client.flushed();
    expect(await got).toEqual(['a', 'b', 'c']);
    expect(proxy.repeated).toBeGreaterThan(0);
  });

  it.each([['websocket'], ['streaming']])('goes exactly the ways that it was given: %s', async (name) => {
    const { client } = await throughProxy({}, { transports: [name] });
    await heard(client, 'open');
    expect(client.transport.name).toBe(name);
    expect(client.explain()).toMatchObject([{ transport: name, why: 'opened' }]);
  });

  it('stays where it opened where it shall not climb', async () => {
    const { client } = await throughProxy({}, { upgrade: false });
    await heard(client, 'open');
    await client.send('x').flushed();
    expect(client.explain()).toHaveLength(1);
  });
});

describe('the ladder', () => {
  /** A ladder whose transports do nothing by themselves. */
  function raise(rungs: readonly string[], state = { stateName: 'open', resumable: true }, openingMs = 0) {
    const clock = new VirtualClock();
    const made: { name: string; joins: Joining; isClosed: boolean; transport: Transport }[] = [];
    const failures: string[] = [];
    const socket = {
      transport: { name: 'polling', pause: (done: () => void) => done() },
      environment: { clock, random: () => 0.5 },
      core: Object.assign(state, {
        next: 1,
        seen: 0,
        withCount: () => ({ type: 'upgrade' }),
        receive: () => false,
        resend() {},
        lose: () => (state.stateName = 'suspended'),
      }),
      // What the ladder reaches for, and no more.
    } as unknown as Socket;
    const make = (name: string, joins: Joining): Transport => {
      const transport = {
        name,
        readyState: 'opening',
        once() {},
        open() {},
        close: () => (one.isClosed = true),
        send() {},
        pause: (done: () => void) => done(),
      };
      // What the ladder reaches for, and no more.
      const one = { name, joins, isClosed: false, transport: transport as unknown as Transport };
      made.push(one);
      return one.transport;
    };
    const owner: LadderOwner = {
      isArriving: () => false,
      create: make,
      adopt(transport) {
        socket.transport = transport;
        state.stateName = 'open';
      },
      failed: (transport, wasAttaching, why) =>
        void failures.push(`${wasAttaching ? 'attach' : 'probe'} ${transport.name}: ${why}`),
    };
    const ladder = createLadder(socket, () => {}, owner);
    const tried = (): string[] => made.map(({ joins, name }) => `${joins} ${name}`);
    const fail = (): void => ladder.lost(made.at(-1)!.transport, 'unreachable');
    const succeed = (): void => {
      const { transport, joins } = made.at(-1)!;
      if (joins === 'probe') ladder.hears(transport, { type: 'pong', data: 'probe' });
      ladder.hears(transport, { type: 'noop', data: '0' });
    };
    clock.turn(openingMs);
    ladder.start(rungs, 'polling', undefined, 15_000);
    return { clock, ladder, made, failures, tried, fail, succeed, state };
  }

  it('probes from the best down, one at a time, and gives each its time', () => {
    const { clock, tried, failures, made } = raise(['websocket', 'streaming']);
    expect(tried()).toEqual(['probe websocket']);
    clock.turn(8_000);
    expect(failures).toEqual(['probe websocket: unanswered']);
    expect(made[0]!.isClosed).toBe(true);
    expect(tried()).toEqual(['probe websocket', 'probe streaming']);
    clock.turn(8_000);
    expect(failures.at(-1)).toBe('probe streaming: buffered');
  });

  it.each([
    [1_000, 8_000, 5_000],
    [6_000, 12_000, 12_000],
    [60_000, 15_000, 15_000],
  ])('waits the longer, the longer it took to open: %i ms', (openingMs, probeMs, attachMs) => {
    const { clock, ladder, failures, state } = raise(['websocket'], undefined, openingMs);
    clock.turn(probeMs - 1);
    expect(failures).toEqual([]);
    clock.turn(1);
    expect(failures).toEqual(['probe websocket: unanswered']);
    state.stateName = 'suspended';
    ladder.fell();
    clock.turn(attachMs - 1);
    expect(failures).toHaveLength(1);
    clock.turn(1);
    expect(failures.at(-1)).toBe('attach polling: unanswered');
  });

  it('climbs again after waits that double, up to five minutes', () => {
    const { clock, tried, fail } = raise(['websocket']);
    const waits: number[] = [];
    for (let round = 0; round < 10; round++) {
      fail();
      const before = tried().length;
      const from = clock.now();
      while (tried().length === before) clock.turn(500);
      waits.push(clock.now() - from);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000));
  });

  it('goes on trying the better one from the second best', () => {
    const { clock, tried, fail, succeed } = raise(['websocket', 'streaming']);
    fail();
    succeed();
    expect(tried()).toEqual(['probe websocket', 'probe streaming']);
    clock.turn(2_000);
    expect(tried().at(-1)).toBe('probe websocket');
    succeed();
    clock.turn(1_000_000);
    expect(tried()).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('comes back by the surest way at once, again and again, then climbs', () => {
    const { clock, ladder, tried, fail, succeed, state } = raise(['websocket']);
    succeed();
    clock.turn(60_000);
    state.stateName = 'suspended';
    ladder.fell();
    expect(tried().slice(1)).toEqual(['attach polling']);
    fail();
    clock.turn(100);
    fail();
    clock.turn(200);
    expect(tried().slice(1)).toEqual(['attach polling', 'attach polling', 'attach polling']);
    succeed();
    expect(tried().at(-1)).toBe('probe websocket');
  });

  it('does not climb at once to what just did not hold', () => {
    const { clock, ladder, tried, succeed, state } = raise(['websocket']);
    succeed();
    clock.turn(1_000);
    state.stateName = 'suspended';
    ladder.fell();
    succeed();
    expect(tried().at(-1)).toBe('attach polling');
    clock.turn(4_000);
    expect(tried().at(-1)).toBe('probe websocket');
  });

  it('climbs when its time has come, however often the surest way is lost meanwhile', () => {
    const { clock, ladder, tried, fail, succeed, state } = raise(['websocket']);
    fail();
    for (let losses = 0; losses < 3; losses++) {
      clock.turn(600);
      state.stateName = 'suspended';
      ladder.fell();
      succeed();
      expect(tried().at(-1)).toBe('attach polling');
    }
    clock.turn(200);
    expect(tried().at(-1)).toBe('probe websocket');
  });

  it('tries nothing while the page is put aside, and all at once when it is back', () => {
    const { clock, ladder, tried, state } = raise([]);
    ladder.sleep();
    state.stateName = 'suspended';
    ladder.fell();
    clock.turn(1_000_000);
    expect(tried()).toEqual([]);
    ladder.wake();
    expect(tried()).toEqual(['attach polling']);
  });

  it('leaves a plain session where it is when a probe fails', () => {
    const { clock, tried, fail } = raise(['websocket'], { stateName: 'open', resumable: false });
    fail();
    clock.turn(1_000_000);
    expect(tried()).toEqual(['probe websocket']);
    expect(clock.pending).toBe(0);
  });

  it('finds out where the session is when a move came to nothing', () => {
    const { ladder, made, state, fail } = raise(['websocket']);
    ladder.hears(made[0]!.transport, { type: 'pong', data: 'probe' });
    fail();
    expect(state.stateName).toBe('suspended');
  });

  it('does not climb at once to where a move came to nothing, however long the other way has held', () => {
    const { clock, ladder, made, tried, fail, succeed, state } = raise(['websocket']);
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      ladder.hears(made.at(-1)!.transport, { type: 'pong', data: 'probe' });
      fail();
      ladder.fell();
      succeed();
      expect([state.stateName, tried().at(-1)]).toEqual(['open', 'attach polling']);
      const from = clock.now();
      while (tried().at(-1) === 'attach polling') clock.turn(500);
      waits.push(clock.now() - from);
    }
    expect(waits).toEqual([4_000, 16_000, 64_000, 256_000]);
  });

  it('gives a move two seconds, as nothing comes down until it is done', () => {
    const { clock, ladder, made, failures, state } = raise(['streaming']);
    clock.turn(7_000);
    ladder.hears(made[0]!.transport, { type: 'pong', data: 'probe' });
    clock.turn(1_999);
    expect(failures).toEqual([]);
    clock.turn(1);
    expect(failures).toEqual(['probe streaming: buffered']);
    expect(state.stateName).toBe('suspended');
  });

  it('leaves a server alone that asks for it, a minute at most', () => {
    for (const [retryAfter, waitMs] of [
      ['7', 7_100],
      ['86400', 60_100],
      ['soon', 100],
      ['-5', 100],
      [null, 100],
    ] as const) {
      const { clock, ladder, made, tried, state } = raise([]);
      state.stateName = 'suspended';
      ladder.fell();
      const error = new TransportError('xhr poll error', 503, { status: 503, retryAfter });
      ladder.lost(made.at(-1)!.transport, 'refused', error);
      clock.turn(waitMs - 1);
      expect(tried()).toHaveLength(1);
      clock.turn(1);
      expect(tried()).toHaveLength(2);
    }
  });

  it('leaves nothing behind when it stops', () => {
    const { clock, ladder, made } = raise(['websocket']);
    ladder.stop();
    expect(made[0]!.isClosed).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
