/** What befalls the whole process of a server: it is blocked, its clock jumps, or somebody guesses at its sessions by the thousand. */
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';

import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import type { Session } from '../../server/engine/index.ts';
import { Poller, WebSocketPeer, ask, next, open, serve, tcp } from './server-fixture.ts';

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const opening = 'EIO=4&transport=polling';

const get = (query: string): string => `GET /engine.io/?${opening}&${query} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** A session of a peer of our own that is suspended: it waits to be resumed for `window` ms. */
async function suspend(window: number): Promise<{ port: number; sid: string; session: Session }> {
  const { port, sessions } = await serve({ resume: { window } });
  const { sid } = await open(port, '&resume=1');
  const peer = new Poller(port, sid).webSocket('&seen=0&turn=1');
  await peer.until(1);
  peer.socket.terminate();
  await next(sessions[0]!, 'suspend');
  return { port, sid, session: sessions[0]! };
}

describe('a process that was blocked for longer than a window', () => {
  it('hears first who came back meanwhile on a connection that was open', async () => {
    const { port, sid, session } = await suspend(200);
    const { socket } = await tcp(port);
    socket.write(get(`sid=${sid}&seen=0&turn=2`));
    block(600);
    await next(session, 'resume');
    expect(session.readyState).toBe('open');
  });

  it('hears first who came back meanwhile on a new connection', async () => {
    const { port, sid, session } = await suspend(200);
    // A thread of its own, so that it connects while this one is blocked.
    const said = new Int32Array(new SharedArrayBuffer(4));
    const elsewhere = new Worker(
      `const { port, request, said } = require('node:worker_threads').workerData;
       const tell = () => (Atomics.store(said, 0, 1), Atomics.notify(said, 0));
       require('node:net').connect(port).on('error', () => {}).write(request, tell);`,
      { eval: true, workerData: { port, request: get(`sid=${sid}&seen=0&turn=2`), said } },
    );
    onTestFinished(async () => void (await elsewhere.terminate()));
    Atomics.wait(said, 0, 0);
    block(600);
    await next(session, 'resume');
    expect(session.readyState).toBe('open');
  });

  it('ends the session where nobody came back', async () => {
    const { session } = await suspend(200);
    const ended = next<[string, { code: string }]>(session, 'close');
    block(600);
    expect((await ended)[1].code).toBe('window-passed');
  });
});

describe('a wall clock that jumps', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['an hour ahead', 3_600_000],
    ['an hour back', -3_600_000],
    ['over eight hours of sleep', 8 * 3_600_000],
  ])('%s ends no session, open or suspended', async (_how, jumpMs) => {
    const { port, sid, session } = await suspend(1_000);
    const { port: other, sessions } = await serve({ pingInterval: 40, pingTimeout: 2_000 });
    const peer = new WebSocketPeer(other, 'EIO=4&transport=websocket');
    peer.socket.on('message', (data) => String(data) === '2' && peer.send('3'));
    await peer.until(2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + jumpMs });
    await peer.until(peer.got.length + 3);
    expect(sessions[0]!.readyState).toBe('open');
    const resumed = next(session, 'resume');
    new Poller(port, sid).hold('&seen=0&turn=2');
    await resumed;
    expect(session.readyState).toBe('open');
  });
});

describe('guesses at session ids', () => {
  it('are told the same, near or far, take as long, and leave nothing behind', async () => {
    const { port, engine } = await serve();
    const { sid } = await open(port);
    const guesses = {
      far: () => randomBytes(16).toString('base64url'),
      near: () => sid.slice(0, -1) + (sid.endsWith('A') ? 'Q' : 'A'),
    };
    const answers = new Set<string>();
    const times: Record<keyof typeof guesses, number[]> = { near: [], far: [] };
    for (let round = 0; round < 500; round++) {
      for (const name of ['far', 'near'] as const) {
        const before = performance.now();
        const { status, body } = await ask(port, { query: `${opening}&sid=${guesses[name]()}` });
        times[name].push(performance.now() - before);
        answers.add(`${status} ${body}`);
      }
    }
    expect(answers).toEqual(new Set(['400 {"code":1,"message":"Session ID unknown"}']));
    expect(engine.clientsCount).toBe(1);
    // The machine has other work, which makes most of them longer than they need: the quickest quarter tells.
    const [near, far] = [times.near, times.far].map((list) => list.toSorted((a, b) => a - b)[list.length / 4]!);
    expect(near! / far!).toBeGreaterThan(0.8);
    expect(near! / far!).toBeLessThan(1.25);
  });
});
