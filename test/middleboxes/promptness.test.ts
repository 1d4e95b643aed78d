/** How long messages take, counted in round trips, through a proxy that delays each byte. */
import { once } from 'node:events';
import { describe, expect, it as base } from 'vitest';
import { Conversation } from './conversation.ts';
import { ours, serve, type ClientOptions, type ClientSocket, type Served, type ServerSocket } from './ends.ts';
import { HttpProxy, type HttpProxyOptions } from './http-proxy.ts';
import { TearingProxy } from './tearing-proxy.ts';

const ROUND_TRIP_MS = 120;

/** So long that half a one more than one shows beside what the machine takes. */
const LONG_ROUND_TRIP_MS = 300;

/** What two ends and two proxies in one process may take beside (ms). */
const SLACK_MS = 100;

/** How often a time is taken: the machine has other work, which can only make it longer. */
const TRIES = 4;

/** Takes the time until one is within `limitMs`, and gives the shortest. */
async function shortest(limitMs: number, take: () => Promise<number>): Promise<number> {
  let best = Infinity;
  for (let tries = 0; tries < TRIES && best > limitMs; tries += 1) best = Math.min(best, await take());
  return best;
}

interface Road {
  readonly served: Served;
  readonly delaying: TearingProxy;
}

/** A server, behind a proxy that misunderstands HTTP, behind one that delays. */
function along(options: HttpProxyOptions) {
  return base.extend<{ road: Road }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what it asks for
    road: async ({}, use) => {
      const served = await serve(ours, {});
      const mistaking = await HttpProxy.before(served.port, options);
      const delaying = await TearingProxy.before(mistaking.port);
      delaying.delay(ROUND_TRIP_MS / 2);
      await use({ served, delaying });
      await delaying.close();
      await mistaking.close();
      await served.close();
    },
  });
}

function connectAlong({ delaying }: Road, options: ClientOptions = {}): ClientSocket {
  return ours.io(`http://127.0.0.1:${delaying.port}`, { forceNew: true, ...options });
}

/** How long until the next event of that name (ms). */
async function timeOf(end: ClientSocket | ServerSocket, event: string): Promise<number> {
  const before = performance.now();
  await new Promise<void>((resolve) => (end as ClientSocket).once(event, () => resolve()));
  return performance.now() - before;
}

describe.each<[string, HttpProxyOptions]>([
  ['nothing is blocked', {}],
  ['WebSocket is refused', { upgrade: { status: 403 } }],
  ['the Upgrade header gets lost', { upgrade: 'swallow' }],
  ['WebSocket opens and stays silent', { upgrade: 'silent' }],
  ['WebSocket is refused and answers are buffered', { upgrade: { status: 502 }, buffersResponses: true }],
])('where %s', (_name, options) => {
  const it = along(options);

  const limitMs = 2 * ROUND_TRIP_MS + SLACK_MS;

  it('the first message comes down within two round trips of connecting', async ({ road }) => {
    road.served.io.on('connection', (socket) => socket.emit('hello'));
    const takenMs = await shortest(limitMs, async () => {
      const client = connectAlong(road);
      const ms = await timeOf(client, 'hello');
      client.disconnect();
      return ms;
    });
    expect(takenMs).toBeLessThan(limitMs);
  });

  it('the first message goes up within two round trips of the opening', async ({ road }) => {
    const takenMs = await shortest(limitMs, async () => {
      const client = connectAlong(road);
      client.emit('hello');
      const opened = new Promise<void>((resolve) => client.io.once('open', () => resolve()));
      const [[socket]] = await Promise.all([once(road.served.io, 'connection') as Promise<[ServerSocket]>, opened]);
      const ms = await timeOf(socket, 'hello');
      client.disconnect();
      return ms;
    });
    expect(takenMs).toBeLessThan(limitMs);
  });
});

describe.each<[string, HttpProxyOptions]>([
  ['websocket', {}],
  ['streaming', { upgrade: { status: 403 } }],
  ['polling', { upgrade: { status: 403 }, buffersResponses: true }],
])('after a cut of %s', (name, options) => {
  const it = along(options);
  const limitMs = LONG_ROUND_TRIP_MS + SLACK_MS;

  it.for(['reset', 'end'] as const)('by %s delivery goes on within a round trip and 100 ms', async (how, { road }) => {
    road.delaying.delay(LONG_ROUND_TRIP_MS / 2);
    const takenMs = await shortest(limitMs, async () => {
      const talk = await Conversation.begin(road.served, road.delaying.port);
      await talk.carriedBy(name);
      await talk.exchange(1);
      road.delaying.cut(how);
      const times = [timeOf(talk.socket, 'up'), timeOf(talk.client, 'down')];
      talk.client.emit('up');
      talk.socket.emit('down');
      const ms = Math.max(...(await Promise.all(times)));
      expect(talk.disconnects).toEqual([]);
      talk.close();
      return ms;
    });
    expect(takenMs).toBeLessThan(limitMs);
  });
});
