/** A peer of our own that comes back: counts, attaching, and what ends a session for good (FAULTS.md P3, R1 to R8). */
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import type { CloseDetails, ServerOptions, Session } from '../../server/engine/index.ts';
import { Poller, WebSocketPeer, ask, begin, next, open, serve, tcp } from './server-fixture.ts';

/** A session of a peer that counts, opened on polling, and what its messages were. */
async function start(options: ServerOptions = {}) {
  const served = await serve(options);
  const { sid } = await open(served.port, '&resume=1');
  const session = served.sessions[0]!;
  const got: unknown[] = [];
  session.on('message', (data) => got.push(data));
  return { ...served, session, got, poller: new Poller(served.port, sid) };
}

const ended = (session: Session) => next<[string, CloseDetails]>(session, 'close');

describe('the opening', () => {
  it('offers resume and streaming to those who ask for resume, and to nobody else', async () => {
    const { port } = await serve();
    expect(await open(port, '&resume=1')).toMatchObject({
      upgrades: ['websocket', 'streaming'],
      resume: { window: 20_000 },
    });
    const plain = await open(port);
    expect(plain.upgrades).toEqual(['websocket']);
    expect(Object.keys(plain)).toEqual(['sid', 'upgrades', 'pingInterval', 'pingTimeout', 'maxPayload']);
  });

  it('offers nothing of it where resume is switched off', async () => {
    const { port } = await serve({ resume: false });
    const plain = await open(port, '&resume=1');
    expect(Object.keys(plain)).toEqual(['sid', 'upgrades', 'pingInterval', 'pingTimeout', 'maxPayload']);
  });
});

describe('polls', () => {
  it('bring again what a lost answer held, until it is seen', async () => {
    const { session, poller } = await start();
    session.send('a').send('b');
    expect((await poller.seen(0)).body).toBe('4a\x1e4b');
    expect((await poller.seen(0)).body).toBe('4a\x1e4b');
    session.send('c');
    expect((await poller.seen(1)).body).toBe('4b\x1e4c');
    expect(session.unconfirmed).toBe(2);
    const poll = poller.seen(3);
    expect(await session.flushed()).toBe(true);
    expect((await poll).body).toBe('20');
  });

  it('that attach are answered at once with how much was seen', async () => {
    const { session, poller } = await start();
    await poller.from(1, '4x\x1e4y');
    session.send('a');
    expect((await poller.seen(0, '&attach=1')).body).toBe('62\x1e4a');
  });

  it('may come while one waits: the newest wins, and the older is let go', async () => {
    const { session, poller } = await start();
    const first = poller.seen(0);
    await expect.poll(() => session.transport.writable).toBe(true);
    const second = poller.seen(0);
    expect((await first).body).toBe('6');
    expect((await second).body).toBe('60');
    expect(session.readyState).toBe('open');
  });

  it('that were overtaken are refused without harm', async () => {
    const { session, poller } = await start();
    poller.turn = 5;
    poller.hold(`&seen=0&turn=${++poller.turn}`);
    await expect.poll(() => session.transport.writable).toBe(true);
    const late = await poller.get('&seen=0&turn=3');
    expect([late.status, session.readyState, session.transport.writable]).toEqual([400, 'open', true]);
    for (const turn of ['', '&turn=', '&turn=-1', '&turn=x', '&turn=7&turn=8'])
      expect((await poller.get(`&seen=0${turn}`)).status).toBe(400);
    expect(session.readyState).toBe('open');
  });

  it.each(['-1', 'NaN', '1e99', '1.5', '', '2', '01', '9007199254740993'])(
    'that have seen %j, which can not be, end the session',
    async (seen) => {
      const { session, poller } = await start();
      session.send('a');
      const end = ended(session);
      const answer = await poller.seen(encodeURIComponent(seen));
      expect([answer.status, (await end)[0], (await end)[1].code]).toEqual([400, 'parse error', 'count-impossible']);
    },
  );

  it('that have seen less than they said before end the session', async () => {
    const { session, poller } = await start();
    session.send('a').send('b');
    await poller.seen(0);
    session.send('c');
    await poller.seen(2);
    const end = ended(session);
    expect((await poller.seen(1)).status).toBe(400);
    expect((await end)[1].code).toBe('count-impossible');
  });
});

describe('POSTs', () => {
  it('deliver once what is sent twice, also in part', async () => {
    const { got, poller } = await start();
    for (const [from, body] of [
      [1, '4a\x1e4b'],
      [1, '4a\x1e4b'],
      [2, '4b\x1e4c'],
      [3, '4c'],
      [4, '2'],
    ] as const)
      expect((await poller.from(from, body)).body).toBe('ok');
    expect(got).toEqual(['a', 'b', 'c']);
  });

  it('deliver once what comes twice at the same time', async () => {
    const { got, poller } = await start();
    const answers = await Promise.all([poller.from(1, '4a\x1e4b'), poller.from(1, '4a\x1e4b')]);
    expect(answers.map(({ body }) => body)).toEqual(['ok', 'ok']);
    expect(got).toEqual(['a', 'b']);
  });

  it('that leave a gap are refused with 409, and nothing of them is delivered', async () => {
    const { got, session, poller } = await start();
    expect((await poller.from(2, '4b')).status).toBe(409);
    expect((await poller.from(1, '4a')).status).toBe(200);
    expect((await poller.from(2, '4b')).status).toBe(200);
    expect([got, session.readyState]).toEqual([['a', 'b'], 'open']);
  });

  it('that say goodbye and overtook messages end the session a moment later, when those have come', async () => {
    const { got, session, poller } = await start();
    const end = ended(session);
    expect((await poller.from(3, '1')).body).toBe('ok');
    expect((await poller.from(1, '4a\x1e4b')).body).toBe('ok');
    expect(session.readyState).toBe('open');
    expect((await end)[1]).toMatchObject({ code: 'closed-by-peer', by: 'peer' });
    expect(got).toEqual(['a', 'b']);
  });

  it.each(['0', '-1', 'x', '1e99', ''])('that count from %j are refused without harm', async (from) => {
    const { got, session, poller } = await start();
    expect((await poller.from(from, '4a')).status).toBe(400);
    expect([got, session.readyState]).toEqual([[], 'open']);
  });

  it('that are broken off do no harm, and their repetition is taken', async () => {
    const { port, got, session, poller } = await start();
    const { socket } = await tcp(port);
    socket.write(
      `POST /engine.io/?${poller.query('&from=1&turn=1')} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n4a`,
    );
    await ask(port, { query: 'EIO=4&transport=tobi' });
    socket.destroy();
    expect((await poller.from(1, '4a')).body).toBe('ok');
    expect([got, session.readyState]).toEqual([['a'], 'open']);
  });

  it('are bounded in number', async () => {
    const { port, session, poller } = await start();
    const head = `POST /engine.io/?${poller.query('&from=1&turn=1')} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n`;
    for (let index = 0; index < 4; index++) (await tcp(port)).socket.write(head);
    await ask(port, { query: 'EIO=4&transport=tobi' });
    expect((await poller.from(1, '4a')).status).toBe(400);
    expect(session.readyState).toBe('open');
  });
});

describe('a lost transport', () => {
  it('suspends the session, which keeps what is sent and goes on where it was', async () => {
    const { port, session, got, poller } = await start();
    const poll = begin(port, { query: poller.query('&seen=0&turn=1') });
    await expect.poll(() => session.transport.writable).toBe(true);
    const suspended = next(session, 'suspend');
    poll.destroy();
    expect(await suspended).toEqual(['transport-error']);
    expect([session.readyState, session.suspended]).toEqual(['open', true]);
    session.send('kept');
    poller.turn = 1;
    await poller.from(1, '4while suspended');
    const resumed = next<[number, number]>(session, 'resume');
    expect((await poller.seen(0, '&attach=1')).body).toBe('61\x1e4kept');
    expect((await resumed)[0]).toBeGreaterThanOrEqual(0);
    expect([got, session.suspended]).toEqual([['while suspended'], false]);
  });

  it('is followed by any other', async () => {
    const { session, poller } = await start();
    const changes: string[] = [];
    session.on('transport', ({ name }: { name: string }) => changes.push(name));
    session.send('a');
    const first = poller.webSocket(`&seen=0&turn=${++poller.turn}`);
    expect(await first.until(2)).toEqual(['60', '4a']);
    first.send('4x');
    await next(session, 'message');
    first.socket.terminate();
    await next(session, 'suspend');
    session.send('b');
    expect((await poller.seen(1, '&attach=1')).body).toBe('61\x1e4b');
    const second = poller.webSocket(`&seen=2&turn=${++poller.turn}`);
    expect(await second.until(1)).toEqual(['61']);
    const third = poller.webSocket(`&seen=2&turn=${++poller.turn}`);
    expect(await third.until(1)).toEqual(['61']);
    expect(await second.closed).toBe(1005);
    expect(changes).toEqual(['websocket', 'polling', 'websocket']);
  });

  it.each([
    ['has seen what can not be', '&seen=7', 'closed'],
    ['has seen no number', '&seen=x', 'closed'],
    ['has seen less than nothing', '&seen=-1', 'closed'],
    ['has seen NaN', '&seen=NaN', 'closed'],
    ['has seen too much to be counted', '&seen=1e99', 'closed'],
    ['was overtaken', '&seen=0&turn=0', 'open'],
  ])('is not followed by a WebSocket that %s', async (_why, more, state) => {
    const { session, poller } = await start();
    await poller.seen(0, '&attach=1');
    const turn = more.includes('turn') ? '' : `&turn=${++poller.turn}`;
    expect(await poller.webSocket(more + turn).refused).toBe(400);
    expect(session.readyState).toBe(state);
  });

  it('is probed by a WebSocket that a poll overtook', async () => {
    const { poller } = await start();
    poller.turn = 5;
    poller.hold(`&seen=0&turn=${++poller.turn}`);
    const peer = poller.webSocket('&turn=2');
    await peer.opened;
    peer.socket.send('2probe');
    await peer.until(1);
    expect(peer.got).toEqual(['3probe']);
  });

  it('is not taken from a WebSocket by a poll that the upgrade overtook', async () => {
    const { session, poller } = await start();
    const peer = poller.webSocket(`&turn=${++poller.turn}`);
    await peer.opened;
    peer.socket.send('2probe');
    await peer.until(1);
    peer.socket.send('50');
    expect(await peer.until(2)).toEqual(['3probe', '60']);
    session.send('a');
    expect((await poller.seen(0)).body).toBe('6');
    expect(await peer.until(3)).toEqual(['3probe', '60', '4a']);
    expect(session.transport.name).toBe('websocket');
  });

  it('ends the session when the window has passed', async () => {
    const { session, poller } = await start({ resume: { window: 30 } });
    const peer = poller.webSocket('&seen=0&turn=1');
    await peer.until(1);
    const end = ended(session);
    peer.socket.terminate();
    expect(await end).toEqual(['transport close', expect.objectContaining({ code: 'window-passed', again: true })]);
    expect((await poller.seen(0)).body).toMatch(/^6\{"why":"window-passed"\}\x1e1$|"code":1/);
    expect((await poller.seen(0)).body).toBe('{"code":1,"message":"Session ID unknown"}');
  });

  it.each([
    ['messages', { maxPackets: 3 }, 4],
    ['bytes', { maxBytes: 250 }, 3],
  ])('ends the session when too many %s are kept meanwhile', async (_what, resume, count) => {
    const { session, poller } = await start({ resume });
    const peer = poller.webSocket('&seen=0&turn=1');
    await peer.until(1);
    peer.socket.terminate();
    await next(session, 'suspend');
    const end = ended(session);
    for (let index = 0; index < count; index++) session.send('x'.repeat(100));
    expect((await end)[1].code).toBe('journal-full');
  });

  it('ends the oldest session when all suspended ones keep too much', async () => {
    const { port, sessions } = await serve({ resume: { maxTotalBytes: 250 } });
    const suspend = async (index: number) => {
      const peer = new WebSocketPeer(port, 'EIO=4&transport=websocket&resume=1');
      await peer.until(1);
      peer.socket.terminate();
      await next(sessions[index]!, 'suspend');
      return sessions[index]!;
    };
    const [first, second, third] = [await suspend(0), await suspend(1), await suspend(2)];
    const end = ended(first);
    for (const session of [first, second, third]) session.send('x'.repeat(100));
    expect((await end)[1].code).toBe('journal-full');
    expect([second.readyState, third.readyState]).toEqual(['open', 'open']);
  });
});

/** Kept bytes for each of many suspended sessions: as much as one may keep. */
const FULL = 'x'.repeat(1_000_000);

it('keeps 256 MiB for all suspended sessions, and ends those that left first', async () => {
  const { engine, port, sessions } = await serve({ resume: { window: 600_000, maxTotalBytes: 256 * 2 ** 20 } });
  const count = 2_000;
  const leave = async (): Promise<void> => {
    const { answer, destroy } = begin(port, { query: 'EIO=4&transport=streaming&resume=1' });
    await answer;
    destroy();
  };
  for (let left = 0; left < count; left += 250) await Promise.all(Array.from({ length: 250 }, leave));
  await expect.poll(() => engine.health().suspended, { timeout: 30_000 }).toBe(count);
  const order: Session[] = [];
  for (const session of sessions) session.on('close', () => order.push(session));
  for (const session of sessions) session.send(FULL);
  const kept = Math.floor((256 * 2 ** 20) / FULL.length);
  expect(engine.health()).toMatchObject({ sessions: kept, suspended: kept, queuedBytes: kept * FULL.length });
  expect(order).toHaveLength(count - kept);
  expect(engine.clientsCount).toBe(kept);
}, 60_000);

describe('attaching', () => {
  it('asks allowRequest again, and a refusal harms nobody', async () => {
    let isAllowed = true;
    const { session, poller } = await start({ allowRequest: (_request, decide) => decide('no', isAllowed) });
    isAllowed = false;
    expect((await poller.seen(0, '&attach=1')).status).toBe(403);
    expect(await poller.webSocket(`&seen=0&turn=${++poller.turn}`).refused).toBe(403);
    session.send('a');
    expect((await poller.seen(0)).body).toBe('4a');
    isAllowed = true;
    expect((await poller.seen(0, '&attach=1')).body).toBe('60\x1e4a');
  });

  it.each(['polling', 'websocket', 'streaming'] as const)(
    'is not possible from another Origin, to which the session is unknown: by %s',
    async (way) => {
      const { port, sessions } = await serve({ cors: { origin: '*' } });
      const own = { Origin: 'https://app.example' };
      const { sid } = await open(port, '&resume=1', own);
      const poller = new Poller(port, sid);
      const peer = poller.webSocket('&seen=0&turn=1', { headers: own });
      await peer.until(1);
      peer.socket.terminate();
      await next(sessions[0]!, 'suspend');
      const headers = { Origin: 'https://evil.example' };
      if (way === 'websocket') {
        // Over a WebSocket it is told so as everybody is whose session is gone.
        const evil = poller.webSocket('&seen=0&turn=2', { headers });
        expect(await evil.until(2)).toEqual(['6{"why":"session-unknown"}', '1']);
      } else {
        const query = poller.query('&seen=0&turn=2&attach=1', way);
        expect((await ask(port, { query, headers })).body).toBe('{"code":1,"message":"Session ID unknown"}');
      }
      expect([sessions[0]!.readyState, sessions[0]!.suspended]).toEqual(['open', true]);
    },
  );

  it('is possible from another address: a phone has a new one in each network', async () => {
    const { port, sessions } = await serve();
    const { sid } = await open(port, '&resume=1');
    const before = sessions[0]!.remoteAddress;
    const url = `ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket&sid=${sid}&seen=0&turn=1`;
    const moved = new WebSocket(url, { localAddress: '127.0.0.9' });
    onTestFinished(() => moved.terminate());
    expect(String((await next<[Buffer]>(moved, 'message'))[0])).toBe('60');
    expect(before).not.toContain('127.0.0.9');
    expect([sessions[0]!.transport.name, sessions[0]!.readyState]).toEqual(['websocket', 'open']);
  });

  it.each([
    ['the same visitor', 'user=ann', 200],
    ['another visitor, if the application says so', 'user=bob', 403],
    ['nobody, if the application says so', '', 403],
  ])('is asked of allowRequest with the cookies that came: of %s', async (_who, cookie, status) => {
    const { session, port, poller } = await start({
      allowRequest: ({ headers, url }, decide) => decide('', !url!.includes('sid=') || headers.cookie === 'user=ann'),
    });
    session.send('a');
    const query = poller.query('&seen=0&turn=1&attach=1');
    expect((await ask(port, { query, headers: { Cookie: cookie } })).status).toBe(status);
    expect(session.readyState).toBe('open');
  });

  it('a hundred times by polls leaves one that waits, and the others are let go', async () => {
    const { session, poller } = await start();
    const polls = Array.from({ length: 100 }, () => poller.seen(0, '&attach=1'));
    await Promise.all(polls.slice(0, -1));
    const last = (await polls.at(-1)!).body;
    expect(last).toBe('60');
    session.send('a');
    expect((await poller.seen(0)).body).toBe('4a');
  });

  it('a hundred times leaves one transport and loses nothing', async () => {
    const { session, poller } = await start();
    session.send('a');
    const peers = Array.from({ length: 100 }, () => poller.webSocket(`&seen=0&turn=${++poller.turn}`));
    const last = peers.at(-1)!;
    await last.until(2);
    expect(last.got).toEqual(['60', '4a']);
    await Promise.all(peers.slice(0, -1).map((peer) => Promise.race([peer.closed, peer.refused])));
    last.send('4x');
    expect(await next(session, 'message')).toEqual(['x']);
  });

  it('is possible to a plain peer by no parameter', async () => {
    const { port, sessions } = await serve();
    const { sid } = await open(port);
    const peer = new Poller(port, sid).webSocket('&seen=0&turn=1');
    await peer.opened;
    peer.send('4x');
    await peer.closed;
    expect([sessions[0]!.transport.name, sessions[0]!.readyState]).toEqual(['polling', 'open']);
  });
});

describe('on a WebSocket', () => {
  it('a message is dropped that a POST brought already', async () => {
    const { session, got, poller } = await start();
    const peer = poller.webSocket('&seen=0&turn=1');
    await peer.until(1);
    await poller.from(1, '4a');
    peer.send('4a', '4b');
    await next(session, 'message');
    expect([got, session.readyState]).toEqual([['a', 'b'], 'open']);
  });

  it('counts are told with pings and pongs, and of much without being asked', async () => {
    const { session, poller } = await start({ resume: { maxPackets: 16 } });
    const peer = poller.webSocket('&seen=0&turn=1');
    await peer.until(1);
    peer.send('20');
    expect((await peer.until(2))[1]).toBe('30');
    peer.send('4a', '4b');
    expect((await peer.until(3))[2]).toBe('62');
    session.send('x');
    await peer.until(4);
    peer.send('61');
    await expect.poll(() => session.unconfirmed).toBe(0);
  });
});

it('bounds what a peer that never confirms makes it keep', async () => {
  const { session, poller } = await start({ resume: { maxPackets: 10 } });
  const peer = poller.webSocket('&seen=0&turn=1');
  await peer.until(1);
  for (let index = 0; index < 100; index++) session.send(String(index));
  await peer.until(101);
  expect(session.unconfirmed).toBe(10);
  peer.socket.terminate();
  await next(session, 'suspend');
  const end = ended(session);
  expect((await poller.seen(50, '&attach=1')).body).toBe('6{"why":"journal-full"}\x1e1');
  expect((await end)[1].code).toBe('journal-full');
});

it('tells every late request why the session has ended', async () => {
  const { session, poller, port } = await start();
  const poll = poller.seen(0);
  await expect.poll(() => session.transport.writable).toBe(true);
  const why = '6{"why":"closed-here"}\x1e1';
  session.close();
  expect((await poll).body).toBe(why);
  expect(await poller.from(1, '4x')).toMatchObject({ status: 200, body: why });
  expect((await poller.seen(0)).body).toBe(why);
  expect(await poller.webSocket('&seen=0&turn=9').until(2)).toEqual(why.split('\x1e'));
  expect((await poller.from(1, '4x')).body).toBe(why);
  // A plain peer is told once, at its poll.
  const { sid } = await open(port);
  const plain = new Poller(port, sid);
  const ending = plain.post('1');
  expect((await ending).body).toBe('ok');
  expect((await plain.post('4x')).status).toBe(400);
});

describe('a server that closes', () => {
  it('waits for a peer of our own between two polls, and tells it', async () => {
    const { engine, port, poller } = await start();
    engine.close();
    expect((await ask(port, { query: 'EIO=4&transport=polling' })).status).toBe(503);
    expect((await poller.seen(0)).body).toBe('6{"why":"closed-here"}\x1e1');
  });

  it('does not wait for one that was told, or is away', async () => {
    const { engine, poller, session } = await start();
    const poll = poller.seen(0);
    await expect.poll(() => session.transport.writable).toBe(true);
    const dismissed = engine.dismiss();
    expect((await poll).body).toContain('closed-here');
    await dismissed;
  });

  it('waits a second at most', async () => {
    const { engine } = await start();
    const from = performance.now();
    await engine.dismiss();
    expect(performance.now() - from).toBeLessThan(1_500);
  });
});
