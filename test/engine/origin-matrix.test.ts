/**
 * Every Origin, with cookies and without, under every kind of `cors`, by every way in, with a session and without: held against
 * what the table of safer defaults says (FAULTS.md §3, D1 to D3), which is written here as a few plain sentences.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

import { describe, expect, it } from 'vitest';

import type { ServerOptions } from '../../server/engine/index.ts';
import { upgradeRequest } from '../websocket/raw-peer.ts';
import { open, serve, tcp } from './server-fixture.ts';

const HOST = 'app.example:8080';
const GOOD = 'http://good.example';

const origins = {
  none: undefined,
  same: `http://${HOST}`,
  'same in upper case': `HTTP://${HOST.toUpperCase()}`,
  'of another scheme': `https://${HOST}`,
  'of another port': 'http://app.example:8081',
  other: 'http://other.example',
  null: 'null',
  'an IDN': 'http://xn--e1afmkfd.xn--p1ai',
  good: GOOD,
  'good as a prefix': `${GOOD}.evil`,
  'good as a suffix': 'http://evilgood.example',
} satisfies Record<string, string | undefined>;
type OriginName = keyof typeof origins;

const own: readonly OriginName[] = ['none', 'same', 'same in upper case', 'of another scheme'];

const corsKinds: Record<string, { readonly cors?: NonNullable<ServerOptions['cors']> }> = {
  unset: {},
  'a list': { cors: { origin: [GOOD] } },
  'a RegExp': { cors: { origin: /^http:\/\/good\.example$/ } },
  'a function': { cors: { origin: (origin, done) => done(null, origin === GOOD) } },
  everybody: { cors: { origin: '*' } },
};

const ways = ['poll', 'POST', 'WebSocket', 'streaming'] as const;
type Way = (typeof ways)[number];

/** What the table says. */
function isLetIn(kind: string, name: OriginName, hasCookie: boolean): boolean {
  // No Origin is no page; a page of this very host is no foreign one.
  if (own.includes(name)) return true;
  // D1: without a word from the application, not with what identifies the visitor.
  if (kind === 'unset') return !hasCookie;
  // D2: what the application says decides, by every way in.
  return kind === 'everybody' || name === 'good';
}

interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends one request; of a stream, whose answer does not end, only the head is told. */
function request(port: number, way: Way, query: string, headers: Record<string, string>): Promise<Told> {
  if (way === 'WebSocket') return upgrade(port, query, headers);
  const method = way === 'POST' ? 'POST' : 'GET';
  const transport = way === 'streaming' ? 'streaming' : 'polling';
  const path = `/engine.io/?EIO=4&transport=${transport}${query}`;
  return new Promise((resolve, reject) => {
    const asking = httpRequest(
      { port, method, path, headers: { ...headers, Host: HOST }, agent: false },
      (response) => {
        let body = '';
        const tell = (): void => resolve({ status: response.statusCode!, headers: response.headers, body });
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', tell);
        if (way === 'streaming' && response.statusCode === 200) {
          tell();
          asking.destroy();
        }
      },
    );
    asking.on('error', reject);
    asking.end(way === 'POST' ? '4x' : undefined);
  });
}

async function upgrade(port: number, query: string, headers: Record<string, string>): Promise<Told> {
  const { socket, ended } = await tcp(port);
  socket.once('data', () => socket.end());
  socket.write(upgradeRequest({ ...headers, Host: HOST }, { path: `/engine.io/?EIO=4&transport=websocket${query}` }));
  const [head = '', body = ''] = (await ended).split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const pairs = lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 2)]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(pairs) as IncomingHttpHeaders, body };
}

const names = Object.keys(origins) as OriginName[];

describe.each(Object.entries(corsKinds))('with cors %s, a request', (kind, options) => {
  describe.each(ways)('by %s', (way) => {
    it.each([
      ['without a session', false],
      ['of a session', true],
    ])('%s is let in as the table says, whatever its Origin, with cookies and without', async (_what, hasSession) => {
      const { port, engine, sessions } = await serve(options);
      for (const name of names) {
        for (const hasCookie of [false, true]) {
          const origin = origins[name];
          const headers = {
            ...(origin === undefined ? {} : { Origin: origin }),
            ...(hasCookie ? { Cookie: 'visitor=1' } : {}),
          };
          // One that counts may go anywhere; nobody has bound it yet.
          const sid = hasSession ? (await open(port, '&resume=1')).sid : '';
          const query = hasSession ? `&sid=${sid}&seen=0&turn=1${way === 'POST' ? '&from=1' : ''}` : '';
          // So that a poll need not wait.
          for (const session of sessions) session.send('x');
          const before = engine.clientsCount;
          const told = await request(port, way, query, headers);
          const row = `${name}, ${hasCookie ? 'with' : 'without'} cookies`;
          const granted = Object.keys(told.headers).filter((header) => header.startsWith('access-control-'));
          // No session is opened by POST, whoever asks.
          if (way === 'POST' && !hasSession) expect([row, told.status]).toEqual([row, 400]);
          else if (isLetIn(kind, name, hasCookie))
            expect([row, told.status]).toEqual([row, way === 'WebSocket' ? 101 : 200]);
          else {
            expect([row, told.status, told.body]).toEqual([row, 403, '{"code":4,"message":"Forbidden"}']);
            expect([row, granted, engine.clientsCount - before]).toEqual([row, [], 0]);
          }
          if (way !== 'WebSocket' || told.status !== 101)
            expect([row, told.headers.vary]).toEqual([row, expect.stringContaining('Origin')]);
          for (const session of sessions.splice(0)) session.close(true);
        }
      }
    });
  });
});

it('of a session that another Origin opened is told that there is none, by every way', async () => {
  const { port, sessions } = await serve({ cors: { origin: '*' } });
  const { sid } = await open(port, '&resume=1', { Origin: GOOD });
  for (const way of ways) {
    for (const origin of [origins.other, origins.null, origins['good as a prefix']]) {
      const query = `&sid=${sid}&seen=0&turn=1${way === 'POST' ? '&from=1' : ''}`;
      const { status, body } = await request(port, way, query, { Origin: origin });
      // A WebSocket is told so inside: browsers show a page nothing of a refused one.
      if (way === 'WebSocket') expect([status, body]).toEqual([101, expect.stringContaining('session-unknown')]);
      else expect([status, body]).toEqual([400, '{"code":1,"message":"Session ID unknown"}']);
    }
  }
  expect(sessions[0]!.readyState).toBe('open');
});
