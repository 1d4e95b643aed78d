/** WebSockets that open without Node's HTTP parser, on an http server that has other things to do: nobody can tell. */
import { EventEmitter } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import type { Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { describe, expect, it } from 'vitest';

import type { Session } from '../../server/engine/index.ts';
import { intercept } from '../../server/engine/index.ts';
import { maskedText } from '../websocket/raw-frames.ts';
import { upgradeRequest } from '../websocket/raw-peer.ts';
import { WebSocketPeer, next, serve, tcp } from './server-fixture.ts';

const query = 'EIO=4&transport=websocket';
const head = upgradeRequest({}, { path: `/engine.io/?${query}&user=a%20b` });

/** What an application can read of a request, whichever way it came. */
function portrait(request: IncomingMessage) {
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, headers, headersDistinct, rawHeaders } =
    request;
  const { complete, aborted, destroyed, trailers, rawTrailers } = request;
  const { upgrade, _query: parameters } = request as IncomingMessage & { upgrade?: boolean; _query?: object };
  const line = { method, url, httpVersion, httpVersionMajor, httpVersionMinor };
  const state = { complete, aborted, destroyed, upgrade };
  return { line, headers, headersDistinct, rawHeaders, trailers, rawTrailers, state, parameters: { ...parameters } };
}

describe('the request of a session', () => {
  it('is to the application what it is where HTTP has parsed it', async () => {
    const portraits = [];
    for (const isWatched of [false, true]) {
      const { http, engine, port } = await serve();
      if (isWatched) http.on('connection', () => {});
      const { socket } = await tcp(port);
      socket.write(head);
      const [session] = await next<[Session]>(engine, 'connection');
      expect(session.request).toBeInstanceOf(IncomingMessage);
      expect(session.request).toBe(session.request);
      expect(session.request.socket.remotePort).toBe(socket.localPort);
      portraits.push(portrait(session.request));
    }
    expect(portraits[0]).toMatchObject({
      line: { url: `/engine.io/?${query}&user=a%20b` },
      parameters: { user: 'a b' },
    });
    expect(portraits[0]).toEqual(portraits[1]);
  });

  it('is the same object to all who are asked about it', async () => {
    const seen: IncomingMessage[] = [];
    const { engine, port } = await serve({
      allowRequest: (request, decide) => {
        seen.push(request);
        decide(undefined, true);
      },
    });
    engine.generateId = (request) => `id-${seen.push(request)}`;
    engine.on('initial_headers', (_headers, request: IncomingMessage) => seen.push(request));
    engine.on('headers', (_headers, request: IncomingMessage) => seen.push(request));
    engine.use((request, _response, pass) => {
      request.headers['x-seen'] = 'yes';
      seen.push(request);
      pass();
    });
    const { socket } = await tcp(port);
    socket.write(head);
    const [session] = await next<[Session]>(engine, 'connection');
    expect(session.id).toBe('id-3');
    expect(new Set(seen)).toEqual(new Set([session.request]));
    expect(seen).toHaveLength(5);
    expect(session.request.headers['x-seen']).toBe('yes');
  });

  it('comes with what is refused', async () => {
    const { engine, port } = await serve();
    const { socket, ended } = await tcp(port);
    socket.write(head.replace('EIO=4', 'EIO=9'));
    const [{ req }] = await next<[{ req: IncomingMessage }]>(engine, 'connection_error');
    expect(req.url).toContain('EIO=9');
    expect(await ended).toMatch(/^HTTP\/1\.1 400 [^]*\{"code":5,/);
  });
});

it.each([
  ['in one piece', (bytes: string) => [bytes]],
  ['cut after its first byte', (bytes: string) => [bytes.slice(0, 1), bytes.slice(1)]],
  ['cut before its last', (bytes: string) => [bytes.slice(0, -1), bytes.slice(-1)]],
])('takes an opening %s, with messages right behind it', async (_how, cut) => {
  const { engine, port } = await serve();
  const { socket } = await tcp(port);
  const bytes = head + maskedText('4early').toString('latin1') + maskedText('4bird').toString('latin1');
  const both = new Promise((resolve) => {
    const got: string[] = [];
    engine.on('connection', (session: Session) =>
      session.on('message', (text: string) => {
        if (got.push(text) === 2) resolve(got);
      }),
    );
  });
  socket.setNoDelay(true);
  for (const piece of cut(bytes)) {
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await both).toEqual(['early', 'bird']);
});

it('keeps what comes while the application takes its time', async () => {
  let letIn: (() => void) | undefined;
  const asked = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  let admit: () => void = () => {};
  const { engine, port } = await serve({
    allowRequest: (_request, decide) => {
      admit = () => decide(undefined, true);
      letIn!();
    },
  });
  const { socket } = await tcp(port);
  socket.write(head);
  await asked;
  await new Promise((resolve) => socket.write(maskedText('4meanwhile'), resolve));
  const opened = next<[Session]>(engine, 'connection');
  admit();
  const [session] = await opened;
  expect(await next(session, 'message')).toEqual(['meanwhile']);
});

it.each(['quickly', 'by HTTP'])(
  'opens nothing for who hangs up while the application takes its time: %s',
  async (how) => {
    const asked = new EventEmitter();
    const { http, engine, port, sessions } = await serve({
      allowRequest: (request, decide) => void asked.emit('asked', request.socket, () => decide(undefined, true)),
    });
    if (how === 'by HTTP') http.on('connection', () => {});
    const { socket, ended } = await tcp(port);
    socket.write(head);
    const [stream, admit] = await next<[Socket, () => void]>(asked, 'asked');
    socket.end();
    await next(stream, 'end');
    admit();
    expect(await ended).toBe('');
    expect([sessions, engine.clientsCount]).toEqual([[], 0]);
  },
);

describe('what is not for us', () => {
  it('reaches listeners for upgrades as if nobody had looked', async () => {
    const { http, port } = await serve();
    const { socket } = await tcp(port);
    socket.write(`${upgradeRequest({}, { path: '/other' })}rest`);
    const [request, stream, rest] = await next<[IncomingMessage, Duplex, Buffer]>(http, 'upgrade');
    expect([request.url, rest.toString(), stream.listenerCount('data')]).toEqual(['/other', 'rest', 0]);
    socket.write('more');
    expect(String((await next(stream, 'data'))[0])).toBe('more');
  });

  it('is answered in order, and a WebSocket opened behind it', async () => {
    const http = createServer((request, response) => response.end(`[${request.url}]`));
    const { engine, port } = await serve({}, http);
    const { socket } = await tcp(port);
    socket.write(
      'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET /3 HTTP/1.1\r\n',
    );
    socket.write(`Host: a\r\n\r\n${head}`);
    const [session] = await next<[Session]>(engine, 'connection');
    expect(session.transport.name).toBe('websocket');
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', '400'],
    ['a head that is too large', `GET /engine.io/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
  ])('gets HTTP’s own answer to %s', async (_what, bytes, status) => {
    const { port } = await serve();
    const { socket, ended } = await tcp(port);
    socket.write(bytes);
    expect(await ended).toContain(`HTTP/1.1 ${status} `);
  });

  it('is told where a connection is reset before its first word', async () => {
    const { http, port } = await serve();
    const failed = next<[NodeJS.ErrnoException, Socket]>(http, 'clientError');
    const { socket } = await tcp(port);
    socket.resetAndDestroy();
    const [error, stream] = await failed;
    stream.destroy();
    expect(error.code).toBe('ECONNRESET');
  });

  it('is HTTP’s to time out', async () => {
    const http = createServer({ headersTimeout: 20, connectionsCheckingInterval: 10 });
    const { port } = await serve({}, http);
    expect(await (await tcp(port)).ended).toContain('HTTP/1.1 408 ');
  });

  it('does not keep a server that closes if it never spoke', async () => {
    const { http, port } = await serve();
    const { ended } = await tcp(port);
    const closed = new Promise((resolve) => http.close(resolve));
    expect(await ended).toBe('');
    await closed;
  });
});

describe('who looks closer sees what was always to be seen', () => {
  it('every byte, for listeners of connections', async () => {
    const { http, port } = await serve();
    let bytes = '';
    http.on('connection', (socket: Socket) => socket.on('data', (chunk) => (bytes += chunk.toString('latin1'))));
    const peer = new WebSocketPeer(port, query);
    await peer.until(1);
    expect(bytes).toMatch(/^GET \/engine\.io\//);
  });

  it.each([
    ['before', true],
    ['after', false],
  ])('all that the server emits, for who stood in for that %s us', async (_when, isBefore) => {
    const seen: string[] = [];
    const watch = (server: HttpServer): void => {
      const emit = server.emit.bind(server) as (...event: unknown[]) => boolean;
      server.emit = ((...event: unknown[]) => {
        seen.push(String(event[0]));
        return emit(...event);
      }) as HttpServer['emit'];
    };
    const http = createServer();
    if (isBefore) watch(http);
    const { port } = await serve({}, http);
    if (!isBefore) watch(http);
    await new WebSocketPeer(port, query).until(1);
    expect(seen).toContain('connection');
    if (!isBefore) expect(seen).toContain('upgrade');
  });

  it('connections, for who has put himself in the place of HTTP', async () => {
    const { http, port } = await serve();
    const [serveHttp] = http.listeners('connection') as [(socket: Socket) => void];
    const seen: Socket[] = [];
    http.removeAllListeners('connection');
    http.on('connection', (socket: Socket) => {
      seen.push(socket);
      serveHttp.call(http, socket);
    });
    const { socket } = await tcp(port);
    while (seen.length === 0) await next(http, 'connection');
    expect(seen[0]!.remotePort).toBe(socket.localPort);
  });

  it('upgrades, for those in front of us', async () => {
    const { http, port } = await serve();
    const seen: (string | undefined)[] = [];
    const leave = intercept(http, {
      upgrade(request) {
        seen.push(request.url);
        return false;
      },
    });
    await new WebSocketPeer(port, query).until(1);
    leave();
    expect(seen).toEqual([`/engine.io/?${query}`]);
  });

  it('requests of a class of the application’s own', async () => {
    class Request extends IncomingMessage {}
    const { engine, port } = await serve({}, createServer({ IncomingMessage: Request }));
    void new WebSocketPeer(port, query);
    const [session] = await next<[Session]>(engine, 'connection');
    expect(session.request).toBeInstanceOf(Request);
  });

  it('upgrades, where the application handles them for us', async () => {
    const { engine, port } = await serve();
    const handle = engine.handleUpgrade.bind(engine);
    const seen: unknown[] = [];
    engine.handleUpgrade = (request, socket, rest) => {
      seen.push(request instanceof IncomingMessage);
      handle(request, socket, rest);
    };
    await new WebSocketPeer(port, query).until(1);
    expect(seen).toEqual([true]);
  });

  it('responses, in middleware', async () => {
    const { engine, port } = await serve();
    engine.use((_request, response: ServerResponse, pass) => {
      response.setHeader('X-From', 'middleware');
      pass();
    });
    const peer = new WebSocketPeer(port, query);
    const [response] = await next<[IncomingMessage]>(peer.socket, 'upgrade');
    expect(response.headers['x-from']).toBe('middleware');
  });
});

it('leaves an http server to itself once it is closed', async () => {
  const { engine, http, port } = await serve();
  const { socket, ended } = await tcp(port);
  engine.close();
  http.on('upgrade', (_request, stream: Duplex) => stream.end('HTTP/1.1 418 Teapot\r\n\r\n'));
  socket.write(head);
  expect(await ended).toContain('418');
});
