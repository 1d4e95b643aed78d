/** Pages of other sites: who may open a session, and who may touch one (FAULTS.md H7, D1 to D3). */
import { describe, expect, it, onTestFinished } from 'vitest';

import type { ServerOptions } from '../../server/engine/index.ts';
import { Poller, WebSocketPeer, ask, begin, open, serve } from './server-fixture.ts';

const own = 'http://app.example:8080';
const host = { Host: 'app.example:8080' };
const good = 'https://good.example';

/** What each Origin is without a word from the application: foreign or not. */
const origins: readonly [string, string | undefined, boolean][] = [
  ['none', undefined, false],
  ['the same', own, false],
  ['the same in upper case', 'HTTP://APP.EXAMPLE:8080', false],
  ['another', 'https://evil.example', true],
  ['null', 'null', true],
  ['another port', 'http://app.example:8081', true],
  ['the same host without its port', 'http://app.example', true],
  ['an IDN', 'https://xn--e1afmkfd.example', true],
  ['ours as a prefix', 'http://app.example:8080.evil', true],
  ['ours as a suffix', 'http://evilapp.example:8080', true],
  ['ours as user', 'http://app.example:8080@evil.example', true],
  ['one that is no URL', 'app.example:8080', true],
];

const ways = ['polling', 'websocket', 'streaming'] as const;

/** The status with which a request of that kind is answered. */
async function status(
  port: number,
  way: (typeof ways)[number],
  headers: Record<string, string>,
  query = '',
): Promise<number> {
  const all = { ...host, ...headers };
  if (way === 'websocket') {
    const peer = new WebSocketPeer(port, `EIO=4&transport=websocket${query}`, { headers: all });
    return Promise.race([peer.opened.then(() => 101), peer.refused]);
  }
  if (way === 'polling') return (await ask(port, { query: `EIO=4&transport=polling${query}`, headers: all })).status;
  // A stream's answer doesn't end: its head is enough.
  const { answer, destroy } = begin(port, { query: `EIO=4&transport=streaming${query}`, headers: all });
  const { statusCode } = await answer;
  destroy();
  return statusCode!;
}

describe.each(ways)('by %s', (way) => {
  const opened = way === 'websocket' ? 101 : 200;

  it.each(origins)(
    'without cors, Origin %s may open, but not with cookies where it is foreign',
    async (_name, origin, isForeign) => {
      const { port } = await serve();
      const headers: Record<string, string> = origin === undefined ? {} : { Origin: origin };
      expect(await status(port, way, headers)).toBe(opened);
      const expected = isForeign ? 403 : opened;
      expect(await status(port, way, { ...headers, Cookie: 'a=b' })).toBe(expected);
      expect(await status(port, way, { ...headers, Authorization: 'Basic eDp5' })).toBe(expected);
    },
  );

  const lists: readonly [string, NonNullable<ServerOptions['cors']>, boolean][] = [
    ['a list', { origin: [good] }, true],
    ['a text', { origin: good }, true],
    ['a RegExp', { origin: /^https:\/\/good\.example$/ }, true],
    ['a function', { origin: (origin, done) => done(null, origin === good) }, true],
    ['a delegate', (_request, done) => done(null, { origin: [good] }), true],
    ['everybody', { origin: '*' }, false],
    ['whoever asks', { origin: true }, false],
    ['nobody', { origin: false }, true],
  ];
  it.each(lists)('with cors for %s, it decides on every Origin but our own', async (name, cors, isStrict) => {
    const { port, engine } = await serve({ cors });
    const as = (origin?: string) =>
      status(port, way, { ...(origin === undefined ? {} : { Origin: origin }), Cookie: 'a=b' });
    expect(await as()).toBe(opened);
    expect(await as(own)).toBe(opened);
    expect(await as(good)).toBe(name === 'nobody' ? 403 : opened);
    const before = engine.clientsCount;
    for (const evil of ['https://evil.example', 'https://good.example.evil', 'https://evilgood.example', 'null'])
      expect(await as(evil)).toBe(isStrict ? 403 : opened);
    expect(engine.clientsCount).toBeLessThanOrEqual(isStrict ? before : Infinity);
  });
});

it('answers a foreign page without a word about what others may do', async () => {
  const { port } = await serve({ cors: { origin: good, credentials: true } });
  const {
    status: code,
    body,
    headers,
  } = await ask(port, {
    query: 'EIO=4&transport=polling',
    headers: { ...host, Origin: 'https://evil.example' },
  });
  expect([code, body]).toEqual([403, '{"code":4,"message":"Forbidden"}']);
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  expect(headers.vary).toBe('Origin');
});

it.each<[unknown, number]>([
  [true, 200],
  ['*', 200],
  ['https://evil.example', 200],
  [good, 403],
  [false, 403],
  [null, 403],
])('takes cors: %j as those of Socket.IO’s users who write it so', async (cors, expected) => {
  const { port } = await serve({ cors } as ServerOptions);
  expect(await status(port, 'polling', { Origin: 'https://evil.example', Cookie: 'a=b' })).toBe(expected);
});

it('answers preflight requests as cors is told', async () => {
  const { port } = await serve({ cors: { origin: good, methods: ['GET', 'POST'], credentials: true } });
  const answer = await ask(port, {
    method: 'OPTIONS',
    query: 'EIO=4&transport=polling',
    headers: { ...host, Origin: good, 'Access-Control-Request-Method': 'POST' },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': good,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET,POST',
  });
});

it.each([
  ['a proxy says which host was asked', { 'X-Forwarded-Host': 'www.example', Origin: 'https://www.example' }],
  ['the browser says that it is the same', { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://www.example' }],
])('takes a request for our own where %s', async (_why, headers) => {
  const { port } = await serve();
  expect(await status(port, 'polling', { ...headers, Cookie: 'a=b' })).toBe(200);
});

it.each([
  ['of our own, as the browser said when it was opened', 'same-origin', 101],
  ['of another site', 'cross-site', 403],
  ['of which the browser says nothing', undefined, 403],
])('takes the WebSocket of a session of a page %s, behind a proxy that says nothing', async (_what, site, expected) => {
  const { port } = await serve();
  const visitor = { Cookie: 'a=b' };
  // Without an Origin, as browsers ask their own site; and Chromium tells nothing of the site with a WebSocket.
  const { sid } = await open(port, '', {
    ...host,
    ...visitor,
    ...(site === undefined ? {} : { 'Sec-Fetch-Site': site }),
  });
  const page = { Origin: 'https://www.example', ...visitor };
  expect(await status(port, 'websocket', page, `&sid=${sid}`)).toBe(expected);
  const evil = { Origin: 'https://evil.example', ...visitor };
  // Bound to its page by now, where that was let in.
  expect(await status(port, 'websocket', evil, `&sid=${sid}`)).toBe(expected === 101 ? 400 : 403);
});

it('lets allowRequest decide on foreign pages where cors is not set', async () => {
  const { port } = await serve({ allowRequest: (_request, decide) => decide(null, true) });
  const headers = { Origin: 'https://evil.example', Cookie: 'a=b' };
  expect(await status(port, 'polling', headers)).toBe(200);
  expect(await status(port, 'websocket', headers)).toBe(101);
});

it('says once what to do when it refuses a page that was never spoken of', async () => {
  const { port } = await serve();
  const warnings: Error[] = [];
  const listener = (warning: Error) => void warnings.push(warning);
  process.on('warning', listener);
  onTestFinished(() => void process.off('warning', listener));
  for (let index = 0; index < 3; index++)
    expect(await status(port, 'polling', { Origin: 'https://evil.example', Cookie: 'a=b' })).toBe(403);
  expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    expect.stringMatching(/^ThroughlineWarning: .*cors: \{ origin: /),
  ]);
  expect(warnings[0]!.message).not.toContain('evil');
});

it('leaves WebSockets out of cors where that is wanted', async () => {
  const { port } = await serve({ cors: { origin: [good] }, corsWebSocket: false });
  const headers = { Origin: 'https://evil.example' };
  expect(await status(port, 'websocket', headers)).toBe(101);
  expect(await status(port, 'polling', headers)).toBe(403);
});

describe('a session', () => {
  it('is unknown to every Origin but the first one that was seen', async () => {
    const { port, sessions } = await serve({ cors: { origin: '*' } });
    const { sid } = await open(port, '', { Origin: good });
    const query = `&sid=${sid}`;
    for (const way of ['polling', 'websocket'] as const)
      expect(await status(port, way, { Origin: 'https://evil.example' }, query)).toBe(400);
    const post = { method: 'POST', query: `EIO=4&transport=polling${query}`, body: '4a' };
    const refused = await ask(port, { ...post, headers: { Origin: 'https://evil.example' } });
    expect(refused.body).toBe('{"code":1,"message":"Session ID unknown"}');
    expect((await ask(port, { ...post, headers: { Origin: good } })).body).toBe('ok');
    // Browsers leave it out where page and server are of one origin.
    expect((await ask(port, post)).body).toBe('ok');
    expect(sessions[0]!.readyState).toBe('open');
  });

  it('takes the first Origin it sees for its own, and any where that is wanted', async () => {
    const bound = await serve();
    const poller = new Poller(bound.port, (await open(bound.port)).sid);
    expect((await poller.post('4a', '', { Origin: good })).status).toBe(200);
    expect((await poller.post('4a', '', { Origin: 'https://other.example' })).status).toBe(400);
    const free = await serve({ bindOrigin: false });
    const anywhere = new Poller(free.port, (await open(free.port, '', { Origin: good })).sid);
    expect((await anywhere.post('4a', '', { Origin: 'https://other.example' })).status).toBe(200);
  });

  it.each(ways)('asks the list of cors at every request, not only at the first: by %s', async (way) => {
    // Not bound to an Origin, so that the list alone decides.
    const { port, sessions, refusals } = await serve({ cors: { origin: [good] }, bindOrigin: false });
    const { sid } = await open(port, '&resume=1');
    const query = `&sid=${sid}&seen=0&attach=1`;
    const evil = { Origin: 'https://evil.example' };
    expect(await status(port, way, evil, `${query}&turn=1`)).toBe(403);
    const post = { method: 'POST', query: `EIO=4&transport=polling&sid=${sid}&from=1`, body: '4a' };
    expect((await ask(port, { ...post, headers: { ...host, ...evil } })).status).toBe(403);
    expect(refusals.map(({ code }) => code)).toEqual([4, 4]);
    expect((await ask(port, { ...post, headers: { ...host, Origin: good } })).status).toBe(200);
    expect(await status(port, way, { Origin: good }, `${query}&turn=2`)).toBe(way === 'websocket' ? 101 : 200);
    expect(sessions[0]!.readyState).toBe('open');
  });

  it('is closed to foreign pages with cookies by POST too', async () => {
    const { port } = await serve();
    const poller = new Poller(port, (await open(port)).sid);
    const answer = await poller.post('4a', '', { Origin: 'https://evil.example', Cookie: 'a=b' });
    expect([answer.status, answer.body]).toEqual([403, '{"code":4,"message":"Forbidden"}']);
    // What was refused has not become the session's Origin.
    expect((await poller.post('4a', '', { Origin: own, ...host })).status).toBe(200);
  });
});
