/** Sessions over HTTP/2: polling, streaming, and WebSockets on streams of their own (RFC 8441). */
import { once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Server,
  Http2ServerRequest,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import { Server } from '../../server/engine/index.ts';
import type { AttachOptions, ServerOptions, Session } from '../../server/engine/index.ts';
import { maskedText, readFrames } from '../websocket/raw-frames.ts';
import { next } from './server-fixture.ts';

interface Served {
  readonly engine: Server;
  readonly http2: Http2Server;
  readonly sessions: Session[];
  readonly client: ClientHttp2Session;
}

async function serve(options: ServerOptions & AttachOptions = {}): Promise<Served> {
  const http2 = createServer({ settings: { enableConnectProtocol: true } });
  const engine = new Server(options).attach(http2, options);
  const sessions: Session[] = [];
  engine.on('connection', (session: Session) => sessions.push(session));
  http2.listen(0, '127.0.0.1');
  await once(http2, 'listening');
  const client = connect(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    engine.close();
    http2.close();
  });
  await once(client, 'remoteSettings');
  return { engine, http2, sessions, client };
}

async function ask(
  client: ClientHttp2Session,
  path: string,
  { method = 'GET', body = '', headers = {} }: { method?: string; body?: string; headers?: IncomingHttpHeaders } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const stream = client.request({ ':path': path, ':method': method, ...headers });
  if (method === 'POST') stream.end(body);
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) text += chunk;
  return { status: Number(answer[':status']), headers: answer, body: text };
}

const path = (query: string) => `/engine.io/?EIO=4&${query}`;

/** A WebSocket on a stream, by hand. */
class StreamPeer {
  readonly stream: ClientHttp2Stream;
  readonly answered: Promise<IncomingHttpHeaders>;
  readonly got: string[] = [];
  private rest = Buffer.alloc(0);

  constructor(client: ClientHttp2Session, query: string, headers: IncomingHttpHeaders = {}, at = path(query)) {
    const asked = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http', ':path': at };
    const more = { ':authority': 'localhost', 'sec-websocket-version': '13', ...headers };
    this.stream = client.request({ ...asked, ...more }, { endStream: false });
    this.stream.on('error', () => {});
    this.answered = once(this.stream, 'response').then(([answer]) => answer as IncomingHttpHeaders);
    this.stream.on('data', (chunk: Buffer) => {
      const { frames, rest } = readFrames(Buffer.concat([this.rest, chunk]));
      this.rest = Buffer.from(rest);
      for (const { payload } of frames) this.got.push(String(payload));
      this.stream.emit('frames');
    });
  }

  send(text: string): void {
    this.stream.write(maskedText(text));
  }

  async until(count: number): Promise<string[]> {
    while (this.got.length < count) await once(this.stream, 'frames');
    return this.got;
  }
}

describe('over HTTP/2', () => {
  it('a session opens on polling and talks there', async () => {
    const { client, sessions } = await serve({ cookie: true });
    const opened = await ask(client, path('transport=polling'));
    expect([opened.status, opened.body.slice(0, 8)]).toEqual([200, '0{"sid":']);
    expect(opened.headers['set-cookie']).toHaveLength(1);
    const [session] = sessions as [Session];
    const got = next(session, 'message');
    const posted = await ask(client, path(`transport=polling&sid=${session.id}`), { method: 'POST', body: '4ü' });
    expect([posted.body, await got]).toEqual(['ok', ['ü']]);
    session.send('a');
    expect((await ask(client, path(`transport=polling&sid=${session.id}`))).body).toBe('4a');
  });

  it('a refusal is as it is elsewhere, but says nothing of the connection', async () => {
    const { client } = await serve();
    const refused = await ask(client, path('transport=polling&sid=nobody'), { method: 'POST', body: '4a' });
    expect([refused.status, refused.body]).toEqual([400, '{"code":1,"message":"Session ID unknown"}']);
    expect(refused.headers.connection).toBeUndefined();
  });

  it('a session opens on a WebSocket, and moves to one', async () => {
    const { client, sessions } = await serve();
    const first = new StreamPeer(client, 'transport=websocket');
    expect((await first.answered)[':status']).toBe(200);
    expect((await first.until(1))[0]).toMatch(/^0\{/);
    const echo = next(sessions[0]!, 'message');
    first.send('4hi');
    expect(await echo).toEqual(['hi']);
    await ask(client, path('transport=polling'));
    const [, session] = sessions as [Session, Session];
    const second = new StreamPeer(client, `transport=websocket&sid=${session.id}`);
    await second.answered;
    second.send('2probe');
    expect(await second.until(1)).toEqual(['3probe']);
    const upgraded = next(session, 'upgrade');
    second.send('5');
    await upgraded;
    session.send('a');
    expect(await second.until(2)).toEqual(['3probe', '4a']);
  });

  it.each([
    ['an unknown session', 'transport=websocket&sid=nobody', {}, 400, 1],
    ['an unknown transport', 'transport=tobi', {}, 400, 0],
    ['a foreign page with cookies', 'transport=websocket', { origin: 'https://evil.example', cookie: 'a=b' }, 403, 4],
  ])('a WebSocket is refused for %s', async (_why, query, headers, status, code) => {
    const { client, engine } = await serve();
    const peer = new StreamPeer(client, query, headers);
    let body = '';
    peer.stream.removeAllListeners('data').on('data', (chunk: Buffer) => (body += chunk));
    const answer = await peer.answered;
    await once(peer.stream, 'end');
    expect([answer[':status'], JSON.parse(body).code]).toEqual([status, code]);
    expect(answer).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(engine.clientsCount).toBe(0);
  });

  it('middleware sets headers on a WebSocket, and may answer in its place', async () => {
    const { client, engine } = await serve();
    engine.use((request, response, goOn) => {
      response.setHeader('X-First', 'yes');
      if (request.url!.includes('login')) response.writeHead(401).end('login first');
      else goOn();
    });
    const peer = new StreamPeer(client, 'transport=websocket');
    expect(await peer.answered).toMatchObject({ ':status': 200, 'x-first': 'yes' });
    await peer.until(1);
    const refused = new StreamPeer(client, 'transport=websocket&login');
    expect(await refused.answered).toMatchObject({ ':status': 401, 'x-first': 'yes' });
  });

  it('a stream carries a session', async () => {
    const { client, sessions } = await serve();
    const stream = client.request({ ':path': path('transport=streaming&resume=1') });
    stream.setEncoding('utf8');
    const [opening] = (await once(stream, 'data')) as [string];
    expect(opening).toMatch(/^0\{.*\}\x1e$/);
    const long = 'x'.repeat(300_000);
    sessions[0]!.send(long);
    let got = '';
    while (!got.endsWith('\x1e')) got += String(((await once(stream, 'data')) as [string])[0]);
    expect(got).toBe(`4${long}\x1e`);
    const suspended = next(sessions[0]!, 'suspend');
    stream.close();
    await suspended;
  });

  it('an upgrade that somebody else answers is left to them', async () => {
    const { client, http2 } = await serve({ destroyUpgradeTimeout: 1 });
    const answered = new Promise<ServerHttp2Stream>((resolve) => {
      http2.on('upgrade', (_request: Http2ServerRequest, stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200 });
        setTimeout(() => resolve(stream), 30);
      });
    });
    const peer = new StreamPeer(client, '', {}, '/theirs');
    await peer.answered;
    expect((await answered).closed).toBe(false);
  });

  it('an upgrade that nobody answers is ended', async () => {
    const { client } = await serve({ destroyUpgradeTimeout: 1 });
    const peer = new StreamPeer(client, '', {}, '/nobodys');
    await once(peer.stream, 'close');
  });

  it('what is not ours goes to the application, and nothing is left behind', async () => {
    const { client, engine, http2 } = await serve();
    http2.on('request', (request, response) => {
      if (request.url === '/hello') response.end('world');
    });
    expect((await ask(client, '/hello')).body).toBe('world');
    expect((await ask(client, path('transport=polling'))).body).toMatch(/^0\{/);
    engine.close();
    expect(['stream', 'connect', 'upgrade'].map((event) => http2.listenerCount(event))).toEqual([1, 0, 0]);
    expect([http2.listenerCount('request'), Object.hasOwn(http2, 'emit')]).toEqual([1, false]);
  });
});
