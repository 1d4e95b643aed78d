/** Our engine client and our engine server: a session that outlives its transports. */
import { Agent } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Environment, environmentFor, type PageHint } from '../../client/engine/environment.ts';
import { Socket, type SocketOptions } from '../../client/engine/index.ts';
import { resolveOptions } from '../../client/engine/options.ts';
import { attach, type Session as OwnSession } from '../../server/engine/index.ts';
import { TearingProxy } from '../middleboxes/tearing-proxy.ts';
import { connect, countTo, heard, messages, serve } from './client-stage.ts';

async function serveTorn(options: Parameters<typeof serve>[0] = {}) {
  const stage = await serve(options);
  const proxy = await TearingProxy.before(stage.port);
  onTestFinished(() => proxy.close());
  return { ...stage, proxy, url: `http://127.0.0.1:${proxy.port}` };
}

const ways: readonly (readonly [string, SocketOptions])[] = [
  ['polling alone', { transports: ['polling'] }],
  ['WebSocket alone', { transports: ['websocket'] }],
  ['streaming alone', { transports: ['streaming'] }],
  ['polling and streaming', { transports: ['polling', 'streaming'] }],
  ['all there is', {}],
];

describe.each(ways)('over %s', (_name, options) => {
  it('loses, repeats and reorders nothing while connections are cut, and never says that it closed', async () => {
    const { proxy, url, sessions } = await serveTorn();
    const client = connect(url, options);
    const ends: unknown[] = [];
    client.on('close', (...args) => ends.push(args));
    const got = messages(client, 300);
    for (const [index, message] of countTo(300).entries()) {
      client.send(message);
      if (index % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      if (index % 25 === 24) proxy.cut(index % 50 === 24 ? 'reset' : 'end');
    }
    expect(await got).toEqual(countTo(300));
    await client.flushed();
    expect(client.unconfirmed).toBe(0);
    expect(ends).toEqual([]);
    expect(sessions.length).toBe(1);
  });

  it('tells that it was suspended and goes on, with how long and how much was sent again', async () => {
    const { proxy, url } = await serveTorn();
    const client = connect(url, options);
    await heard(client, 'open');
    if (!options.transports || options.transports.length > 1) await heard(client, 'upgrade');
    const suspended = heard(client, 'suspend');
    const resumed = heard(client, 'resume');
    const got = messages(client, 1);
    const next = proxy.nextLine();
    proxy.cut();
    client.send('meanwhile');
    // A request on a connection that had been kept is first of all just sent again.
    (await next).cut('reset');
    expect(await suspended).toEqual([{ code: expect.stringMatching(/^transport-/) }]);
    expect(client.readyState).toBe('open');
    const [{ suspendedMs, replayed }] = (await resumed) as [{ suspendedMs: number; replayed: number }];
    expect(suspendedMs).toBeGreaterThanOrEqual(0);
    expect(replayed).toBeGreaterThanOrEqual(0);
    expect(await got).toEqual(['meanwhile']);
    const why = client.explain().map((entry) => entry.why);
    expect(why).toContain('lost');
    expect(why).toContain('resumed');
  });

  it('ends honestly when the window passes', async () => {
    const { proxy, url } = await serveTorn({ resume: { window: 300 } });
    const client = connect(url, options);
    await heard(client, 'open');
    const closed = heard(client, 'close');
    await proxy.close();
    expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'window-passed', again: true })]);
  });

  it('ends honestly where the server knows it no more', async () => {
    const { url, proxy, http } = await serveTorn();
    const client = connect(url, options);
    await heard(client, 'open');
    const closed = heard(client, 'close');
    // The server is another one now.
    proxy.blackhole();
    http.removeAllListeners('request');
    http.removeAllListeners('upgrade');
    const other = attach(http);
    onTestFinished(() => void other.close());
    proxy.cut();
    proxy.light();
    expect(await closed).toEqual([
      expect.stringMatching(/^transport/),
      expect.objectContaining({ code: 'session-unknown' }),
    ]);
  });

  it('is told why the server ends it', async () => {
    const { url, sessions } = await serve();
    const client = connect(url, options);
    await heard(client, 'open');
    const closed = heard(client, 'close');
    sessions[0]!.close();
    expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'closed-by-peer', by: 'peer' })]);
  });

  it.each([
    ['before the server knows of it', () => Promise.resolve()],
    ['while the answer is on its way', (engine: object) => heard(engine, 'connection')],
  ])('leaves no session behind when it is closed %s', async (_when, reached) => {
    const { engine, url } = await serve();
    const connected = heard<[OwnSession]>(engine, 'connection');
    const client = connect(url, options);
    await reached(engine);
    const ended: unknown[] = [];
    client.on('close', (...args) => ended.push(args));
    client.close();
    expect(client.readyState).toBe('closed');
    expect(ended).toHaveLength(1);
    const [session] = await connected;
    const [, details] = await heard(session, 'close');
    expect(details).toMatchObject({ code: 'closed-by-peer' });
    expect(ended).toHaveLength(1);
  });

  it('keeps nothing going after close', async () => {
    const { engine, url } = await serve();
    const client = connect(url, options);
    await heard(client, 'open');
    client.send('x').close();
    while (engine.clientsCount > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(client.readyState).toBe('closed');
  });
});

it.each(['polling', 'streaming'])(
  'notices that nothing comes down any more though what it sends is taken: %s',
  async (name) => {
    const { proxy, url, sessions } = await serveTorn({ pingInterval: 300, pingTimeout: 200 });
    // Each request on a connection of its own, so that one can be told from the others.
    const client = connect(url, { transports: [name], agent: new Agent() });
    await heard(client, 'open');
    const down = name === 'polling' ? await proxy.nextLine() : [...proxy.lines][0]!;
    const suspended = heard(client, 'suspend');
    const resumed = heard(client, 'resume');
    down.stall();
    const count = 100;
    const got = messages(client, count);
    let sent = 0;
    const talking = setInterval(() => sent < count && client.send(String(sent++)), 10);
    onTestFinished(() => clearInterval(talking));
    expect(await suspended).toEqual([{ code: 'heartbeat-missed' }]);
    expect(sessions[0]!.readyState).toBe('open');
    await resumed;
    expect(await got).toEqual(countTo(count));
  },
);

/** The world with a clock that runs so many times as fast. */
function hurried(url: string, times: number): Environment {
  const world = environmentFor(resolveOptions(url, {}));
  const { clock } = world;
  return {
    ...world,
    clock: { now: () => clock.now() * times, after: (delayMs, task) => clock.after(delayMs / times, task) },
  };
}

it('notices long before the heartbeat that a stream is held back, by what it sends itself', async () => {
  const { proxy, url, sessions } = await serveTorn();
  const environment = hurried(url, 10);
  const { clock } = environment;
  const client = new Socket(url, { transports: ['streaming'] }, environment);
  onTestFinished(() => void client.close());
  await heard(client, 'open');
  const [down] = proxy.lines;
  const suspended = heard(client, 'suspend');
  const heldBackAt = clock.now();
  down!.down.stall();
  const got = messages(client, 100);
  let sent = 0;
  const talking = setInterval(() => client.send(String(sent++)), 10);
  onTestFinished(() => clearInterval(talking));
  expect(await suspended).toEqual([{ code: 'heartbeat-missed' }]);
  // Five seconds of quiet, and five for the answer; after 45 it would have been noticed anyway.
  expect(clock.now() - heldBackAt).toBeLessThan(25_000);
  expect(await got).toEqual(countTo(100));
  expect(sessions.length).toBe(1);
});

describe('what the page tells', () => {
  async function meet(options: SocketOptions = {}, server = {}) {
    const stage = await serveTorn(server);
    let tell!: (hint: PageHint) => void;
    const world = environmentFor(resolveOptions(stage.url, options));
    const client = new Socket(stage.url, options, {
      ...world,
      watchPage(hint) {
        tell = hint;
        return () => {};
      },
    });
    onTestFinished(() => void client.close());
    await heard(client, 'open');
    if (!options.transports) await heard(client, 'upgrade');
    return { ...stage, client, tell };
  }

  it.each(ways.slice(0, 3))(
    'suspends a page that is put aside, and resumes it when it is back: %s',
    async (_n, options) => {
      const { client, tell, sessions } = await meet(options);
      const suspended = heard(client, 'suspend');
      tell('hide');
      await suspended;
      for (const message of ['a', 'b']) sessions[0]!.send(message);
      client.send('c');
      const got = messages(client, 3);
      const resumed = heard(client, 'resume');
      tell('wake');
      await resumed;
      expect((await got).toSorted()).toEqual(['a', 'b', 'c']);
    },
  );

  it.each(ways.slice(0, 3))('tells the server at once that the page is gone: %s', async (_name, options) => {
    const { tell, sessions } = await meet(options);
    const closed = heard(sessions[0]!, 'close');
    tell('leave');
    expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'closed-by-peer' })]);
  });

  it.each(
    ways.slice(0, 3).flatMap(
      ([name, options]) =>
        [
          [name, options, 'is closed', (client: Socket) => client.close()],
          // So it is in Firefox, which cuts a page's connections before it tells the page that it goes.
          [name, options, 'goes with its page', (_client: Socket, tell: (hint: PageHint) => void) => tell('leave')],
        ] as const,
    ),
  )(
    'tells the server of its end while nothing carries it: %s, and the client %s',
    async (_name, options, _how, end) => {
      const { client, tell, sessions } = await meet(options);
      tell('hide');
      expect(client.transport.readyState).toBe('closed');
      client.send('lost on the way to its transport');
      const closed = heard(sessions[0]!, 'close');
      end(client, tell);
      expect(client.readyState).toBe('closed');
      expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'closed-by-peer' })]);
    },
  );

  it('asks whether the server is there when it wakes, and waits seconds, not a heartbeat', async () => {
    const { client, proxy, tell } = await meet({ transports: ['websocket'] });
    proxy.blackhole();
    tell('wake');
    const [{ code }] = (await heard(client, 'suspend')) as [{ code: string }];
    expect(code).toBe('heartbeat-missed');
    proxy.light();
    tell('wake');
    await heard(client, 'resume');
  });

  it('does not give up a session whose server answers', async () => {
    const { client, tell } = await meet({ transports: ['polling'] });
    const events: string[] = [];
    client.on('suspend', () => events.push('suspend'));
    tell('wake');
    await heard(client, 'heartbeat');
    expect(events).toEqual([]);
  });
});

it('moves when the server asks for it, and is told why the session ends then', async () => {
  const { url, engine } = await serve();
  const client = connect(url);
  await heard(client, 'upgrade');
  const moved = heard(client, 'transport');
  const closed = heard(client, 'close');
  void engine.drain({ over: 100, timeout: 2_000 });
  expect(await moved).toEqual([{ name: 'polling', why: 'resumed' }]);
  expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'draining', by: 'peer' })]);
});

it.each([
  ['GET', 'POST'],
  ['POST', 'GET'],
] as const)('is told why the session ended whichever answer comes first: that to its %s', async (...order) => {
  const { url, sessions } = await serve();
  const world = environmentFor(resolveOptions(url, {}));
  const answers = { GET: [] as (() => void)[], POST: [] as (() => void)[] };
  const answered = { GET: () => {}, POST: () => {} };
  let isHolding = false;
  const environment: Environment = {
    ...world,
    request(request, sink) {
      const method = request.body === undefined ? 'GET' : 'POST';
      const hold = (tell: () => void): void => void (isHolding ? answers[method].push(tell) : tell());
      return world.request(request, {
        chunk: (...args) => hold(() => sink.chunk(...args)),
        done(...args) {
          hold(() => sink.done(...args));
          answered[method]();
        },
      });
    },
  };
  const client = new Socket(url, { transports: ['polling'] }, environment);
  onTestFinished(() => void client.close());
  await heard(client, 'open');
  await expect.poll(() => sessions[0]!.transport.writable).toBe(true);
  const closed = heard(client, 'close');
  isHolding = true;
  const both = order.map((method) => new Promise<void>((resolve) => (answered[method] = resolve)));
  sessions[0]!.close();
  client.send('too late');
  await Promise.all(both);
  for (const method of order) for (const tell of answers[method]) tell();
  expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'closed-by-peer', by: 'peer' })]);
});

it('opens a plain session where resume is not wanted, at either end', async () => {
  for (const [server, options] of [
    [{ resume: false }, {}],
    [{}, { resume: false as const }],
  ] as const) {
    const { url, sessions } = await serve(server);
    const client = connect(url, { ...options, transports: ['websocket'] });
    await heard(client, 'open');
    const closed = heard(client, 'close');
    sessions[0]!.transport.close();
    expect((await closed)[0]).toBe('transport close');
  }
});

it('rejects what waits to be confirmed when the session ends, and before one is open', async () => {
  const { proxy, url } = await serveTorn({ resume: { window: 100 } });
  const client = connect(url, { transports: ['websocket'] });
  await client.send('a').flushed();
  await proxy.close();
  client.send('b');
  await expect(client.flushed()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  const none = connect(url, { transports: ['polling'] });
  none.on('error', () => {});
  await expect(none.send('c').flushed()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});
