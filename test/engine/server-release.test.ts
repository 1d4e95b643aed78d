/** Whatever is wrong with a request, it is answered, and its TCP connection and its descriptor are free again. */
import { describe, expect, it } from 'vitest';

import { Poller, open, serve, tcp } from './server-fixture.ts';

describe('a TCP connection is answered and released', () => {
  const line = (query: string, method = 'POST'): string => `${method} /engine.io/?${query} HTTP/1.1\r\nHost: a\r\n`;
  const polling = 'EIO=4&transport=polling';
  const post = (sid: string, headers: string, body: string): string =>
    `${line(`${polling}&sid=${sid}`)}${headers}\r\n${body}`;
  const sized = (body: string): string => `Content-Length: ${body.length}\r\n`;

  // Bodies that end a plain session are sent to one that counts, so that it bears them all.
  it.each<[string, (sid: string) => string]>([
    ['octet-stream', (sid) => post(sid, `Content-Type: application/octet-stream\r\n${sized('4a')}`, '4a')],
    ['another charset', (sid) => post(sid, `Content-Type: text/plain; charset=latin1\r\n${sized('4a')}`, '4a')],
    ['gzip', (sid) => post(sid, `Content-Encoding: gzip\r\n${sized('4a')}`, '4a')],
    ['a length past the limit', (sid) => post(sid, 'Content-Length: 5000\r\n', '')],
    ['a body past the limit', (sid) => post(sid, sized('x'.repeat(5_000)), 'x'.repeat(5_000))],
    ['chunks past the limit', (sid) => post(sid, 'Transfer-Encoding: chunked\r\n', `7d0\r\n${'x'.repeat(2_000)}\r\n`)],
    ['chunks that are none', (sid) => post(sid, 'Transfer-Encoding: chunked\r\n', 'zz\r\n')],
    ['no number to count from', (sid) => post(sid, sized('4a'), '4a')],
    ['no session', () => `${line(polling)}${sized('4a')}\r\n4a`],
    ['an unknown session', () => post('nobody', sized('4a'), '4a')],
    ['an unknown session and half a body', () => post('nobody', 'Content-Length: 99\r\n', '4a')],
    ['another protocol', (sid) => `${line(`EIO=3&transport=polling&sid=${sid}`)}${sized('4a')}\r\n4a`],
    ['another method', (sid) => `${line(`${polling}&sid=${sid}`, 'PUT')}${sized('4a')}\r\n4a`],
    ['a GET of an unknown session', () => `${line(`${polling}&sid=nobody`, 'GET')}\r\n`],
    ['a GET with half a body', () => `${line(`${polling}&sid=nobody`, 'GET')}Content-Length: 50\r\n\r\nabc`],
    ['a GET of an unknown transport', () => `${line('EIO=4&transport=tobi', 'GET')}\r\n`],
    ['a GET for a WebSocket', () => `${line('EIO=4&transport=websocket', 'GET')}\r\n`],
    ['two GETs at once', () => `${line(`${polling}&sid=nobody`, 'GET')}\r\n`.repeat(2)],
  ])('100 times for %s', async (_what, request) => {
    const { http, port, sessions } = await serve({ maxHttpBufferSize: 1_000 });
    const { sid } = await open(port, '&resume=1');
    const bytes = request(sid);
    for (let wave = 0; wave < 2; wave++) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const { socket, ended } = await tcp(port);
          // It ends only when it was answered: nobody but the server can have answered it then.
          socket.once('data', () => socket.end());
          socket.write(bytes);
          return ended;
        }),
      );
      expect(answers.filter((text) => !/^HTTP\/1\.1 4\d\d /.test(text))).toEqual([]);
    }
    expect((await new Poller(port, sid).from(1, '4a')).body).toBe('ok');
    expect(sessions[0]!.readyState).toBe('open');
    http.closeIdleConnections();
    const connections = () => new Promise((resolve) => http.getConnections((_error, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
  });

  it('when its body ends the session of a plain peer', async () => {
    const { http, port, sessions } = await serve({ maxHttpBufferSize: 1_000 });
    const bodies = ['zzz', '', '4a\x1e\x1e4b', '\xff', 'b&&&&', '0{}', '5', '2', '3\x1e1'];
    for (const body of bodies.flatMap((one) => Array.from({ length: 10 }, () => one))) {
      const { sid } = await open(port);
      const { socket, ended } = await tcp(port);
      socket.once('data', () => socket.end());
      socket.write(post(sid, sized(body), body), 'latin1');
      expect(await ended).toMatch(/^HTTP\/1\.1 [24]00 /);
    }
    http.closeIdleConnections();
    const connections = () => new Promise((resolve) => http.getConnections((_error, count) => resolve(count)));
    await expect.poll(connections).toBe(0);
    expect(sessions.filter(({ readyState }) => readyState !== 'closed')).toEqual([]);
  });
});
