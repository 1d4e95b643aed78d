/** What a server tells of itself as numbers, and how Prometheus reads them. */
import { createServer } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';

import { Socket } from '../../client/engine/index.ts';
import { Server } from '../../server/engine/index.ts';
import type { Metrics } from '../../server/engine/index.ts';
import { parseExposition } from '../exposition.ts';
import type { Exposed } from '../exposition.ts';
import { Cable } from '../interop/cable.ts';
import { Poller, WebSocketPeer, ask, listen, next, open, serve } from './server-fixture.ts';
import type { Served } from './server-fixture.ts';

const transports = ['polling', 'websocket', 'streaming'] as const;
const WEBSOCKET = 'EIO=4&transport=websocket';

/** What is read on a server of its own, where the handler is mounted. */
async function scraper({ engine }: Served): Promise<() => Promise<Exposed>> {
  const port = await listen(createServer(engine.metricsHandler()));
  return async () => {
    const { status, headers, body } = await ask(port, { path: '/metrics' });
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    return parseExposition(body);
  };
}

/** All that a snapshot says, by its path; histograms by their count. */
function flat(metrics: object, path = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]: [string, number | object]) => {
      if (typeof value === 'number') return [[path + name, value] as const];
      return 'buckets' in value && 'count' in value
        ? [[path + name, Number(value.count)] as const]
        : Object.entries(flat(value, `${path}${name} `));
    }),
  );
}

/** What has changed since. */
function changes(before: Metrics, after: Metrics): Record<string, number> {
  const old = flat(before);
  const entries = Object.entries(flat(after)).map(([name, value]) => [name, value - old[name]!] as const);
  return Object.fromEntries(entries.filter(([name, by]) => by !== 0 && !name.startsWith('ioBytes')));
}

it('counts nothing before anything happens, and tells each metric', async () => {
  const served = await serve();
  expect(Object.values(flat(served.engine.metrics())).filter((value) => value !== 0)).toEqual([]);
  const { types, labelValues } = await (await scraper(served))();
  expect(Object.fromEntries(types)).toEqual({
    throughline_server_active_sessions: 'gauge',
    throughline_server_suspended_sessions: 'gauge',
    throughline_server_closed_sessions_total: 'counter',
    throughline_server_session_duration_seconds: 'histogram',
    throughline_server_messages_total: 'counter',
    throughline_server_io_bytes_total: 'counter',
    throughline_server_resumes_total: 'counter',
    throughline_server_replayed_total: 'counter',
    throughline_server_transport_changes_total: 'counter',
    throughline_server_rejected_total: 'counter',
    throughline_server_limit_hits_total: 'counter',
    throughline_server_queued_bytes: 'gauge',
    throughline_server_heartbeat_rtt_seconds: 'histogram',
    throughline_server_drain_remaining: 'gauge',
  });
  expect([...labelValues.keys()].toSorted()).toEqual(
    ['direction', 'from', 'le', 'limit', 'reason', 'result', 'to', 'transport'].toSorted(),
  );
});

it.each<[string, (served: Served) => Promise<unknown>, Record<string, number>]>([
  ['an open session', ({ port }) => open(port), { 'activeSessions polling': 1 }],
  [
    'one that is closed here',
    async ({ port, sessions }) => {
      await open(port);
      sessions[0]!.close();
    },
    { 'closedSessions closed-here': 1, 'sessionDurationSeconds polling here': 1 },
  ],
  [
    'one whose WebSocket went away',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, WEBSOCKET);
      await peer.until(1);
      const closed = next(sessions[0]!, 'close');
      peer.socket.close();
      await closed;
    },
    { 'closedSessions transport-closed': 1, 'sessionDurationSeconds websocket network': 1 },
  ],
  [
    'messages both ways, of which each counts once',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, WEBSOCKET);
      await peer.until(1);
      sessions[0]!.on('message', (data) => sessions[0]!.send(data));
      peer.send('4a', '4b', '4c');
      await peer.until(4);
    },
    { 'activeSessions websocket': 1, 'messages received': 3, 'messages sent': 3 },
  ],
  [
    'messages that pass the queue, of a session that is gone',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, WEBSOCKET);
      await peer.until(1);
      for (const text of ['a', 'b']) sessions[0]!.send(text);
      await peer.until(3);
      sessions[0]!.close();
    },
    { 'closedSessions closed-here': 1, 'sessionDurationSeconds websocket here': 1, 'messages sent': 2 },
  ],
  [
    'a move',
    async ({ port, sessions }) => {
      const poller = new Poller(port, (await open(port)).sid);
      const peer = poller.webSocket();
      await peer.opened;
      peer.send('2probe');
      await peer.until(1);
      const upgraded = next(sessions[0]!, 'upgrade');
      peer.send('5');
      await upgraded;
    },
    { 'activeSessions websocket': 1, 'transportChanges polling websocket': 1 },
  ],
  [
    'requests that are refused',
    async ({ port }) => {
      await ask(port, { query: 'EIO=4&transport=tobi' });
      await ask(port, { query: 'EIO=4&transport=polling&sid=__proto__' });
      await ask(port, { query: 'EIO=4&transport=websocket' });
    },
    {
      'rejectedRequests UNKNOWN_TRANSPORT': 1,
      'rejectedRequests UNKNOWN_SID': 1,
      'rejectedRequests TRANSPORT_HANDSHAKE_ERROR': 1,
    },
  ],
  [
    'a POST that is too big',
    async ({ port }) => new Poller(port, (await open(port)).sid).post('x'.repeat(1_001)),
    { 'activeSessions polling': 1, 'rejectedRequests BAD_BODY': 1, 'limitHits too-big': 1 },
  ],
  [
    'a message that is too big',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, WEBSOCKET);
      await peer.until(1);
      const closed = next(sessions[0]!, 'close');
      peer.send(`4${'x'.repeat(1_001)}`);
      await closed;
    },
    { 'closedSessions too-big': 1, 'sessionDurationSeconds websocket policy': 1, 'limitHits too-big': 1 },
  ],
  [
    'more silent sessions than are let in',
    async ({ port }) => {
      for (let time = 0; time < 3; time++) await ask(port, { query: 'EIO=4&transport=polling' });
    },
    { 'activeSessions polling': 2, 'rejectedRequests TOO_MANY_SESSIONS': 1, 'limitHits too-many-sessions': 1 },
  ],
  [
    'a session whose window passed',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, `${WEBSOCKET}&resume=1`);
      await peer.until(1);
      const closed = next(sessions[0]!, 'close');
      peer.socket.terminate();
      await closed;
    },
    {
      'closedSessions window-passed': 1,
      'sessionDurationSeconds websocket network': 1,
      'resumes window-passed': 1,
    },
  ],
  [
    'a suspended session that keeps more than it may',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, `${WEBSOCKET}&resume=1`);
      await peer.until(1);
      const suspended = next(sessions[0]!, 'suspend');
      peer.socket.terminate();
      await suspended;
      for (let time = 0; time < 4; time++) sessions[0]!.send('x');
    },
    {
      'closedSessions journal-full': 1,
      'sessionDurationSeconds websocket policy': 1,
      'resumes journal-full': 1,
      'limitHits journal-full': 1,
    },
  ],
  [
    'what is sent again to a peer that came back',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, `${WEBSOCKET}&resume=1`);
      await peer.until(1);
      for (const text of ['a', 'b', 'c']) sessions[0]!.send(text);
      await peer.until(4);
      const suspended = next(sessions[0]!, 'suspend');
      peer.socket.terminate();
      await suspended;
      const back = new WebSocketPeer(port, `${WEBSOCKET}&sid=${sessions[0]!.id}&seen=1&turn=1`);
      expect(await back.until(3)).toEqual(['60', '4b', '4c']);
    },
    { 'activeSessions websocket': 1, 'messages sent': 3, replayedMessages: 2, 'resumes resumed': 1, queuedBytes: 2 },
  ],
  [
    'a suspended session, and what is kept for it',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, `${WEBSOCKET}&resume=1`);
      await peer.until(1);
      const suspended = next(sessions[0]!, 'suspend');
      peer.socket.terminate();
      await suspended;
      sessions[0]!.send('four');
    },
    { 'activeSessions websocket': 1, suspendedSessions: 1, queuedBytes: 4 },
  ],
])('counts %s', async (_what, happen, expected) => {
  const served = await serve({
    maxHttpBufferSize: 1_000,
    maxSilentSessions: 2,
    resume: { window: 500, maxPackets: 3 },
  });
  const before = served.engine.metrics();
  await happen(served);
  expect(changes(before, served.engine.metrics())).toEqual(expected);
});

it('measures how long a ping takes to be answered, on any transport and whatever else comes', async () => {
  const served = await serve({ pingInterval: 30, pingTimeout: 5_000 });
  const { engine, port } = served;
  const peer = new WebSocketPeer(port, WEBSOCKET);
  expect((await peer.until(2))[1]).toBe('2');
  peer.send('4not the answer', '3');
  const poller = new Poller(port, (await open(port)).sid);
  expect((await poller.get()).body).toBe('2');
  await poller.post('3');
  await vi.waitFor(() => expect(engine.metrics().heartbeatRttSeconds.count).toBe(2));
  const { sum, buckets } = engine.metrics().heartbeatRttSeconds;
  expect(sum).toBeGreaterThan(0);
  expect(buckets['+Inf']).toBe(2);
});

it('counts the bytes of WebSockets and of bodies, and none twice when a session moves or ends', async () => {
  const served = await serve();
  const { engine, port, sessions } = served;
  const bytes = (): Metrics['ioBytes'] => engine.metrics().ioBytes;
  const poller = new Poller(port, (await open(port)).sid);
  const opened = bytes();
  expect(opened).toEqual({ received: 0, sent: expect.any(Number) as number });
  await poller.post('4ten bytes.');
  expect(bytes()).toEqual({ received: 11, sent: opened.sent });
  const peer = poller.webSocket();
  await peer.opened;
  peer.send('2probe');
  await peer.until(1);
  const upgraded = next(sessions[0]!, 'upgrade');
  peer.send('5');
  await upgraded;
  sessions[0]!.send('x'.repeat(10_000));
  await peer.until(2);
  const moved = bytes();
  expect(moved.sent - opened.sent).toBeGreaterThan(10_000);
  expect(moved.sent - opened.sent).toBeLessThan(10_500);
  peer.send(`4${'y'.repeat(5_000)}`);
  await next(sessions[0]!, 'message');
  expect(bytes().received - moved.received).toBeGreaterThan(5_000);
  sessions[0]!.send('z'.repeat(20_000));
  sessions[0]!.close();
  // Nothing is lost between the session's end and the WebSocket's.
  expect(bytes().sent - moved.sent).toBeGreaterThan(20_000);
  await peer.closed;
  await vi.waitFor(() => expect(bytes().received - moved.received).toBeGreaterThan(5_011));
  expect(bytes().sent - moved.sent).toBeLessThan(20_100);
});

it('tells while a server drains how many sessions are left', async () => {
  const { engine, port } = await serve();
  await open(port);
  await open(port);
  const drained = engine.drain({ over: 100, timeout: 5_000 });
  expect(engine.metrics().drainRemaining).toBe(2);
  expect((await ask(port, { query: 'EIO=4&transport=polling' })).status).toBe(503);
  await drained;
  expect(engine.metrics()).toMatchObject({ drainRemaining: 0, rejectedRequests: { DRAINING: 1 } });
});

it('can be scraped while sessions come, go, are refused, suspend, resume and hit limits: no counter falls', async () => {
  const served = await serve({ maxHttpBufferSize: 10_000, resume: { window: 300, maxPackets: 50 } });
  const { engine, port } = served;
  engine.on('connection', (session) => session.on('message', (data: string) => session.send(data)));
  const scrape = await scraper(served);
  const cable = new Cable(port);
  const cablePort = await cable.listen();
  onTestFinished(() => cable.close());
  let isOver = false;
  const peers = Array.from({ length: 3 }, async () => {
    while (!isOver) {
      const client = new Socket(`http://127.0.0.1:${cablePort}`, { transports: ['polling', 'websocket'] });
      await new Promise<void>((resolve) => {
        for (const event of ['open', 'close'] as const) client.once(event, () => resolve());
      });
      for (let time = 0; time < 20; time++) client.send(`message ${time}`);
      await new Promise((resolve) => setTimeout(resolve, 150));
      client.close();
    }
  });
  const rude = (async () => {
    while (!isOver) {
      await ask(port, { query: 'EIO=4&transport=tobi' });
      const peer = new WebSocketPeer(port, `${WEBSOCKET}&resume=1`);
      await peer.until(1);
      peer.send(`4${'x'.repeat(10_001)}`);
      await peer.closed;
    }
  })();
  const cutting = (async () => {
    while (!isOver) {
      cable.cut();
      cable.mend();
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  })();
  let before = await scrape();
  const value = (key: string): number => before.series.get(`throughline_server_${key}`) ?? 0;
  const sawAll = (): boolean =>
    value('resumes_total{result="resumed"}') > 0 &&
    value('limit_hits_total{limit="too-big"}') > 0 &&
    value('rejected_total{reason="UNKNOWN_TRANSPORT"}') > 0;
  for (let time = 0; time < 50 || !sawAll(); time++) {
    const now = await scrape();
    const fallen = [...before.series].filter(([key, old]) => {
      const isGauge = before.types.get(key.split('{')[0]!) === 'gauge';
      return !isGauge && !(now.series.get(key)! >= old);
    });
    expect(fallen).toEqual([]);
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  isOver = true;
  await Promise.all([...peers, rude, cutting]);
  before = await scrape();
  expect(value('limit_hits_total{limit="too-big"}')).toBe(value('closed_sessions_total{reason="too-big"}'));
  expect(value('messages_total{direction="sent"}')).toBeGreaterThan(0);
  engine.close();
  const { activeSessions, closedSessions, sessionDurationSeconds } = engine.metrics();
  expect(transports.map((name) => activeSessions[name])).toEqual([0, 0, 0]);
  const durations = Object.values(sessionDurationSeconds).flatMap((byEnder) => Object.values(byEnder));
  const ended = Object.values(closedSessions).reduce((sum, count) => sum + count, 0);
  expect(durations.reduce((sum, { count }) => sum + count, 0)).toBe(ended);
  expect(ended).toBe(served.sessions.length);
});

it('has labels of closed sets alone, whatever peers say', async () => {
  const served = await serve();
  const scrape = await scraper(served);
  await ask(served.port, { query: 'EIO=4&transport=hostile%22%7D&sid=secret', headers: { Origin: 'http://foreign"' } });
  const peer = new WebSocketPeer(served.port, WEBSOCKET);
  await peer.until(1);
  const closed = next(served.sessions[0]!, 'close');
  peer.socket.close(4_999, 'chosen by the peer');
  await closed;
  const { labelValues } = await scrape();
  const values = [...labelValues].filter(([label]) => label !== 'le').flatMap(([, all]) => [...all]);
  expect(values.filter((value) => !/^[a-z-]+$|^[A-Z0-9_]+$/.test(value))).toEqual([]);
  expect(values.join(' ')).not.toMatch(/hostile|secret|foreign|4999|chosen/);
});

it('gives a snapshot that stays as it is', async () => {
  const { engine, port } = await serve();
  const before = structuredClone(engine.metrics());
  const taken = engine.metrics();
  await ask(port, { query: 'EIO=4&transport=tobi' });
  expect(taken).toEqual(before);
  expect(new Server().metrics()).toEqual(before);
});
