/**
 * The small script in a page, whose names the build has shortened: each thing that it does with a server of ours and with an
 * official one, by every way that carries it.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Browser } from 'playwright-core';
import { Server as OfficialServer } from 'socket.io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { io as Lookup } from '../../client/index.ts';
import { Server } from '../../server/events/index.ts';
import { hasChromium, launchChromium, openTab } from './chromium.ts';

/** What both servers' sockets are asked here. */
interface Peer {
  readonly handshake: { readonly auth: Record<string, unknown>; readonly query: Record<string, unknown> };
  on(event: string, listener: (...args: never[]) => void): unknown;
  disconnect(): void;
}
interface Host {
  on(event: 'connection', listener: (socket: Peer) => void): unknown;
  of(name: string): { use(check: (socket: Peer, next: (error?: Error) => void) => void): unknown };
  close(): unknown;
}

type Reply = (...answer: unknown[]) => void;

function serve(io: Host, cut: () => void): void {
  io.of('/private').use((_socket, next) => next(Object.assign(new Error('not you'), { data: { code: 7 } })));
  io.on('connection', (socket) => {
    const { auth, query } = socket.handshake;
    socket.on('who', (reply: Reply) => reply(auth['name'], query['page']));
    socket.on('echo', (...args: unknown[]) => {
      const reply = args.pop() as Reply;
      reply(...args);
    });
    socket.on('cut', cut);
    socket.on('leave', () => socket.disconnect());
  });
}

/** Runs in the page, and tells what it saw. */
async function tryAll(transports: string[]): Promise<unknown> {
  const { io } = globalThis as unknown as { io: typeof Lookup };
  const socket = io({ transports, auth: { name: 'Ada' }, query: { page: 'x' }, reconnectionDelay: 10 });
  const next = (event: string): Promise<unknown[]> =>
    new Promise((done) => socket.once(event, (...args) => done(args)));
  await next('connect');
  const [name, page] = await new Promise<unknown[]>((done) =>
    socket.emit('who', (...answer: unknown[]) => done(answer)),
  );
  const seen: unknown[] = [];
  socket.onAnyOutgoing((event) => seen.push(event));
  const text = (await socket.emitWithAck('echo', 'ü 漢 🦜')) as unknown;
  const deep = { list: [new Uint8Array([1, 2, 255]), { empty: new ArrayBuffer(0) }] };
  const back = (await socket.emitWithAck('echo', deep)) as { list: [ArrayBuffer, { empty: ArrayBuffer }] };
  const bytes = [[...new Uint8Array(back.list[0])], back.list[1].empty.byteLength];
  const late = await new Promise<string>((done) =>
    socket.timeout(20).emit('nobody answers', (error: Error | null) => done(String(error?.message))),
  );
  const refused = io('/private', { transports });
  const { message, data } = await new Promise<{ message: string; data: unknown }>((done) =>
    refused.on('connect_error', (error: Error) => done(error as never)),
  );
  const leaving = io({ transports, forceNew: true });
  leaving.emit('leave');
  const why = await new Promise<string>((done) => leaving.on('disconnect', done));
  const { active, id } = leaving;
  const sure = io({ transports, forceNew: true, reconnectionDelay: 10, retries: 5, ackTimeout: 1_000 });
  await new Promise<void>((done) => sure.emit('echo', () => done()));
  // Whatever is cut in two is connected again, or was never told of it.
  socket.emit('cut');
  const after = await new Promise<unknown[]>((done) =>
    sure.emit('echo', 'after', (...answer: unknown[]) => done(answer)),
  );
  if (!socket.connected) await next('connect');
  const { connected, disconnected } = socket;
  sure.close();
  return { name, page, seen, text, bytes, late, message, data, why, active, id, after, connected, disconnected };
}

describe.runIf(hasChromium)('throughline.min.js in a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  const hosts: Record<string, (http: HttpServer) => Host> = {
    ours: (http) => new Server(http) as unknown as Host,
    'ours without resume': (http) => new Server(http, { resume: false }) as unknown as Host,
    official: (http) => new OfficialServer(http) as unknown as Host,
  };

  it.each(
    Object.keys(hosts).flatMap((host) =>
      [['polling'], ['websocket'], ['polling', 'websocket', 'streaming'], ['polling', 'streaming']].map(
        (transports) => [host, transports] as const,
      ),
    ),
  )('does all it can with a server that is %s, over %j', async (host, transports) => {
    const script = await readFile('dist/throughline.min.js');
    const http = createServer((request, response) => {
      if (request.url === '/script.js') response.setHeader('content-type', 'text/javascript').end(script);
      else
        response
          .setHeader('content-type', 'text/html')
          .end('<!doctype html><link rel=icon href=data:,><script src=/script.js></script>');
    });
    const io = hosts[host]!(http);
    const connections = new Set<Socket>();
    http.on('connection', (connection: Socket) => connections.add(connection));
    serve(io, () => {
      for (const connection of connections) connection.destroy();
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const tab = await openTab(browser, `http://127.0.0.1:${port}/`);
    try {
      expect(await tab.page.evaluate(tryAll, [...transports])).toEqual({
        name: 'Ada',
        page: 'x',
        seen: expect.arrayContaining(['echo', 'nobody answers', 'cut']),
        text: 'ü 漢 🦜',
        bytes: [[1, 2, 255], 0],
        late: 'operation has timed out',
        message: 'not you',
        data: { code: 7 },
        why: 'io server disconnect',
        active: false,
        id: undefined,
        after: [null, 'after'],
        connected: true,
        disconnected: false,
      });
    } finally {
      await tab.close();
      io.close();
    }
  });
});
