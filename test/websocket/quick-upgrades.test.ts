/** A server on a port of its own reads requests to upgrade by itself. Whatever comes, it answers as behind Node's own parser. */
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';

import { WebSocketServer } from '../../websocket.ts';
import type { ServerWebSocket } from '../../websocket.ts';
import { RawPeer, SAMPLE_KEY, upgradeRequest } from './raw-peer.ts';
import { serve, serveEcho, shut } from './stage.ts';

/** Tells each client what was made of its request. */
function tellRequests(server: WebSocketServer): void {
  server.on('connection', (socket: ServerWebSocket, request: IncomingMessage) => {
    const { method, url, httpVersion, headers, headersDistinct, rawHeaders } = request;
    socket.send(JSON.stringify({ method, url, httpVersion, headers, headersDistinct, rawHeaders }));
  });
}

/** What a request comes to: its status, and for a WebSocket what the application was told of it. */
async function outcome(port: number, request: string): Promise<string> {
  const peer = await RawPeer.connect(port);
  // Ended behind the request, so that nothing waits for the rest of one that is cut short.
  peer.write(request).socket.end();
  await peer.ended();
  peer.socket.destroy();
  const status = /^HTTP\/1\.1 (\d+)/.exec(peer.head || peer.body)?.[1] ?? 'none';
  return status === '101' ? String(peer.frames[0]?.payload) : status;
}

// A tab behind `Upgrade` in Connection, which is a blank like others, keeps Node's parser from seeing it.
// prettier-ignore
const letters = fc.constantFrom(
  ' ', '  ', '\r', '\n', '\r\n', '\r\n ', ':', ';', ',', '"', '\0', '\x7f', '\x80', '\xff', '\\', '=', '/', '?', '#', '%00', 'a', 'A', '1', '(',
);
const lines = fc.constantFrom(
  'Host: a',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Connection: close',
  'Connection: Upgrade',
  'Cookie: a=b',
  'Set-Cookie: a=b',
  'Content-Length: 0',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'CONTENT-LENGTH: 0',
  'Expect: 100-continue',
  'TE: trailers',
  'trailer: x',
  'Sec-WebSocket-Version: 8',
  `Sec-WebSocket-Key: ${SAMPLE_KEY}`,
  'Sec-WebSocket-Protocol: a, b',
  'Origin: http://localhost',
  'Origin: http://evil',
  '__proto__: x',
  'constructor: x',
  'X-Empty:',
  'X-A : b',
  'X-\xc4: b',
  ': x',
  'abcd',
);

const at = fc.nat(1_000);
const change = fc.oneof(
  fc.record({ do: fc.constant('add' as const), at, what: letters }),
  fc.record({ do: fc.constant('cut' as const), at, size: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('line' as const), at, what: lines }),
  fc.record({ do: fc.constant('drop' as const), at }),
  fc.record({ do: fc.constant('twice' as const), at }),
);
type Change = typeof change extends fc.Arbitrary<infer One> ? One : never;

function changed(request: string, how: Change): string {
  const place = how.at % request.length;
  if (how.do === 'add') return request.slice(0, place) + how.what + request.slice(place);
  if (how.do === 'cut') return request.slice(0, place) + request.slice(place + how.size);
  const all = request.split('\r\n');
  const line = 1 + (how.at % Math.max(1, all.length - 3));
  if (how.do === 'line') all.splice(line, 0, how.what);
  else if (how.do === 'drop') all.splice(line, 1);
  else all.splice(line, 0, all[line]!);
  return all.join('\r\n');
}

it('makes of any request what Node makes of it', async () => {
  const quick = await serve();
  tellRequests(quick.server);
  const http = createServer((_request, response) => {
    response.writeHead(426, { Connection: 'close' }).end();
  });
  const plain = new WebSocketServer({ server: http });
  tellRequests(plain);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => void http.close());
  onTestFinished(() => shut(plain));
  const { port } = http.address() as AddressInfo;
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 3 }), async (changes) => {
      const request = changes.reduce(changed, upgradeRequest());
      const [own, nodes] = await Promise.all([outcome(quick.port, request), outcome(port, request)]);
      expect(own).toBe(nodes);
    }),
    { numRuns: 1_000 },
  );
}, 60_000);

it("tells the request by an object of Node's, whose headers middleware may change or replace", async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection') as Promise<[ServerWebSocket, IncomingMessage]>;
  const peer = await RawPeer.connect(port);
  peer.write(upgradeRequest());
  const [socket, request] = await connected;
  onTestFinished(() => socket.terminate());
  expect(request).toBeInstanceOf(IncomingMessage);
  const { headers, headersDistinct } = request;
  expect(request.headers).toBe(headers);
  expect(request.headersDistinct).toBe(headersDistinct);
  expect(Object.getPrototypeOf(headersDistinct)).toBeNull();
  headers['x-user'] = 'ada';
  expect(request.headers['x-user']).toBe('ada');
  request.headers = { host: 'other' };
  expect(request.headers).toEqual({ host: 'other' });
  expect(request.rawHeaders).toContain('Sec-WebSocket-Key');
});

it.each([
  ['a frame', 'a'],
  ['a frame that ends as a head does', '\r\n\r\n'],
])('reads %s that came right behind the request', async (_what, text) => {
  const { port } = await serveEcho();
  const frame = Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]);
  const peer = await RawPeer.open(port, {}, frame);
  const [echo] = await peer.seen(1);
  peer.socket.destroy();
  expect(String(echo?.payload)).toBe(text);
});
