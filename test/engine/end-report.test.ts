/** The one line that each session leaves in the log when it ends. */
import { format, stripVTControlCharacters } from 'node:util';

import debug from 'debug';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { WebSocketPeer, next, open, serve } from './server-fixture.ts';
import type { Served } from './server-fixture.ts';

let lines: string[];
const { log } = debug;

beforeEach(() => {
  lines = [];
  debug.enable('throughline:engine:session');
  debug.log = (...args: unknown[]) => void lines.push(stripVTControlCharacters(format(...args)));
});

afterEach(() => {
  debug.disable();
  debug.log = log;
});

it.each<[string, (served: Served) => Promise<unknown>, string]>([
  [
    'closed by the application, with something queued',
    async ({ port, sessions }) => {
      await open(port);
      sessions[0]!.send('12345');
      sessions[0]!.close(true);
    },
    'polling after MS ms, forced close: closed-here (closed-here), 5 bytes queued, by here',
  ],
  [
    'left by its peer',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
      await peer.until(1);
      const closed = next(sessions[0]!, 'close');
      peer.send('1');
      await closed;
    },
    'websocket after MS ms, transport close: closed-by-peer (closed-by-peer), 0 bytes queued, by peer',
  ],
  [
    'cut by the network',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
      await peer.until(1);
      const closed = next(sessions[0]!, 'close');
      peer.socket.close(4_000, 'a text of the peer');
      await closed;
    },
    'websocket after MS ms, transport close: transport-closed (code 4000), 0 bytes queued, by network',
  ],
  [
    'ended by a limit',
    async ({ port, sessions }) => {
      const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket');
      await peer.until(1);
      const closed = next(sessions[0]!, 'close');
      peer.send(`4${'x'.repeat(200)}`);
      await closed;
    },
    'websocket after MS ms, transport error: too-big (message of at least 201 bytes, limit 100), 0 bytes queued, by policy',
  ],
])('says of a session that is %s what it was and why', async (_how, happen, expected) => {
  const served = await serve({ maxHttpBufferSize: 100 });
  const ids: string[] = [];
  served.engine.on('connection', ({ id }) => ids.push(id));
  await happen(served);
  expect(
    lines.map((line) => /throughline:\S+ .*?(?= \+\d+ms$|$)/.exec(line)![0].replace(/after \d+ ms/, 'after MS ms')),
  ).toEqual([`throughline:engine:session ${ids[0]!.slice(0, 6)}: closed on ${expected}`]);
});
