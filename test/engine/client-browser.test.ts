/** The engine client in a real browser: its own HTTP, WebSocket and page. */
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Socket, SocketOptions } from '../../client/engine/index.ts';
import { attach, type Session } from '../../server/engine/index.ts';
import { hasChromium, launchChromium, openTab } from '../browser/chromium.ts';
import { HttpProxy, type HttpProxyOptions } from '../middleboxes/http-proxy.ts';
import { countTo, heard, listen } from './client-stage.ts';

/** What the page keeps for a test to look at. */
interface Book {
  socket: Socket;
  got: unknown[];
  events: string[];
}

declare global {
  // oxlint-disable-next-line no-var -- that is how a global is declared
  var book: Book;
  // oxlint-disable-next-line no-var
  var connectTo: (url: string | undefined, options: SocketOptions) => void;
}

/** A page with a client in it; with `?old` its `fetch` can't stream. */
const page = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,"><script type="module">
  if (location.search === '?old') delete Response.prototype.body;
  const { Socket } = await import('/client.js');
  globalThis.connectTo = (url, options) => {
    const socket = new Socket(url, options);
    const book = (globalThis.book = { socket, got: [], events: [] });
    socket.on('message', (data) => book.got.push(typeof data === 'string' ? data : [...new Uint8Array(data)]));
    for (const event of ['open', 'close', 'suspend', 'resume', 'upgrade']) socket.on(event, () => book.events.push(event));
  };
</script>`;

describe.runIf(hasChromium)('in Chromium', () => {
  let browser: Browser;
  let client: string;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: ['client/engine/index.ts'],
      bundle: true,
      format: 'esm',
      conditions: ['browser'],
      write: false,
    });
    client = outputFiles[0]!.text;
    // Playwright would have no page come back from the back/forward cache.
    browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  });

  afterAll(() => browser?.close());

  /** A server, its page in a tab, and a network between them. */
  async function meet(network?: HttpProxyOptions, query = '') {
    const { http, url } = await listen((request, response) => {
      const isScript = request.url === '/client.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? client : page);
    });
    const engine = attach(http);
    const sessions: Session[] = [];
    engine.on('connection', (session: Session) => {
      sessions.push(session);
      session.on('message', (data) => session.send(data));
    });
    onTestFinished(() => void engine.close());
    let address = url;
    if (network) {
      const proxy = await HttpProxy.before(Number(new URL(url).port), network);
      onTestFinished(() => proxy.close());
      address = `http://127.0.0.1:${proxy.port}`;
    }
    const tab = await openTab(browser, address + query);
    onTestFinished(() => tab.close());
    await tab.page.waitForFunction(() => 'connectTo' in globalThis);
    return { sessions, tab, page: tab.page, url: address };
  }

  const eventually = (tab: Page, condition: (book: Book) => boolean): Promise<unknown> =>
    tab.waitForFunction(`(${String(condition)})(book)`);

  it.each([
    ['polling', { transports: ['polling'] }],
    ['websocket', { transports: ['websocket'] }],
    ['streaming', { transports: ['streaming'] }],
    ['websocket', {}],
  ])('carries text and bytes, in order: %s of %j', async (name, options) => {
    const { page: tab, tab: opened } = await meet();
    await tab.evaluate((given) => {
      connectTo(undefined, given);
      book.socket.send('ü€😀');
      book.socket.send(new Uint8Array([1, 2, 255]));
      for (let index = 0; index < 100; index++) book.socket.send(String(index));
    }, options);
    await eventually(tab, ({ got }) => got.length === 102);
    expect(await tab.evaluate(() => book.got)).toEqual(['ü€😀', [1, 2, 255], ...countTo(100)]);
    if (!('transports' in options)) await eventually(tab, ({ events }) => events.includes('upgrade'));
    expect(await tab.evaluate(() => book.socket.transport.name)).toBe(name);
    await tab.evaluate(() => book.socket.flushed());
    expect(opened.faults).toEqual([]);
  });

  it.each([['polling'], ['streaming']])('does without streams of fetch, by XMLHttpRequest: %s', async (name) => {
    const { page: tab } = await meet(undefined, '?old');
    await tab.evaluate((transport) => {
      connectTo(undefined, { transports: [transport], extraHeaders: { 'x-mine': 'yes' } });
      book.socket.send('ü€😀');
      for (let index = 0; index < 50; index++) book.socket.send(String(index));
    }, name);
    await eventually(tab, ({ got }) => got.length === 51);
    expect(await tab.evaluate(() => book.got)).toEqual(['ü€😀', ...countTo(50)]);
    const closed = tab.evaluate(() => new Promise((resolve) => book.socket.on('close', resolve).close()));
    expect(await closed).toBe('forced close');
  });

  it.each([
    [true, 'closed'],
    [false, 'open'],
  ])('with closeOnBeforeunload %j is %s once a page is about to go', async (closeOnBeforeunload, state) => {
    const { page: tab } = await meet();
    await tab.evaluate((options) => connectTo(undefined, options), { closeOnBeforeunload });
    await eventually(tab, ({ events }) => events.includes('open'));
    await tab.evaluate(() => void dispatchEvent(new Event('beforeunload')));
    expect(await tab.evaluate(() => book.socket.readyState)).toBe(state);
  });

  it('streams where WebSockets are refused, and tells so', async () => {
    const { page: tab } = await meet({ upgrade: { status: 403 } });
    await tab.evaluate(() => connectTo(undefined, {}));
    await eventually(tab, ({ events }) => events.includes('upgrade'));
    await tab.evaluate(() => void book.socket.send('through'));
    await eventually(tab, ({ got }) => got.includes('through'));
    expect(await tab.evaluate(() => book.socket.explain())).toMatchObject([
      { transport: 'polling', why: 'opened' },
      { transport: 'websocket', why: 'failed' },
      { transport: 'streaming', why: 'climbed' },
    ]);
  });

  it.each<[string, HttpProxyOptions, string]>([
    ['compresses each piece', { compresses: 'each piece' }, 'streaming'],
    ['compresses whole blocks', { compresses: 'whole blocks' }, 'polling'],
    ['chunks at every byte', { crumbles: true }, 'streaming'],
  ])(
    'through a proxy without WebSockets that %s all arrives, in order: %j, by %s',
    async (_how, network, name) => {
      const { page: tab } = await meet({ upgrade: { status: 403 }, ...network });
      await tab.evaluate(() => {
        connectTo(undefined, {});
        for (let index = 0; index < 50; index++) book.socket.send(`ü€😀 ${index}`);
      });
      await tab.waitForFunction(
        (expected) => {
          const [, second] = book.socket.explain().slice(1);
          return second !== undefined && book.socket.transport.name === expected;
        },
        name,
        { timeout: 20_000 },
      );
      await tab.evaluate(() => {
        for (let index = 50; index < 100; index++) book.socket.send(`ü€😀 ${index}`);
      });
      await eventually(tab, ({ got }) => got.length === 100);
      expect(await tab.evaluate(() => book.got)).toEqual(countTo(100).map((number) => `ü€😀 ${number}`));
      expect(await tab.evaluate(() => book.events)).not.toContain('close');
    },
    30_000,
  );

  it('loses nothing while there is no network, and never says that it closed', async () => {
    const { page: tab, sessions } = await meet();
    await tab.evaluate(() => connectTo(undefined, {}));
    await eventually(tab, ({ events }) => events.includes('upgrade'));
    await tab.context().setOffline(true);
    await tab.evaluate(() => void book.socket.send('offline'));
    sessions[0]!.send('from the server');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await tab.context().setOffline(false);
    await eventually(tab, ({ got }) => got.includes('offline') && got.includes('from the server'));
    expect(await tab.evaluate(() => book.events)).not.toContain('close');
    expect(sessions).toHaveLength(1);
  });

  it.each([['polling'], ['websocket'], ['streaming']])(
    'tells the server at once that its tab was closed: %s',
    async (name) => {
      const { page: tab, sessions } = await meet();
      await tab.evaluate((transport) => connectTo(undefined, { transports: [transport] }), name);
      await eventually(tab, ({ events }) => events.includes('open'));
      const closed = heard(sessions[0]!, 'close');
      await tab.close({ runBeforeUnload: true });
      expect(await closed).toEqual(['transport close', expect.objectContaining({ code: 'closed-by-peer' })]);
    },
  );

  it.each([['polling'], ['websocket'], ['streaming']])(
    'goes on in a page that was left and come back to: %s',
    async (name) => {
      const { page: tab, sessions, url } = await meet();
      await tab.evaluate((transport) => {
        connectTo(undefined, { transports: [transport] });
        // Playwright can't look into a page that came back, so it tells the server.
        book.socket.on('message', (data) => book.socket.send(`${String(data)} ${book.events.join(' ')}`));
      }, name);
      await eventually(tab, ({ events }) => events.includes('open'));
      const [session] = sessions;
      session!.removeAllListeners('message');
      const suspended = heard(session!, 'suspend');
      await tab.goto(`${url}/elsewhere`);
      await suspended;
      session!.send('meanwhile');
      const answered = heard(session!, 'message');
      await tab.goBack({ waitUntil: 'commit' });
      expect(await answered).toEqual(['meanwhile open suspend resume']);
      expect(sessions).toHaveLength(1);
    },
  );

  it.each([[true], [false]])(
    'talks to another origin that allows it, with credentials: %s',
    async (withCredentials) => {
      const { page: tab } = await meet();
      const { http, url } = await listen();
      const engine = attach(http, { cors: { origin: /^http:\/\/127\.0\.0\.1:/, credentials: withCredentials } });
      engine.on('connection', (session: Session) => session.on('message', (data) => session.send(data)));
      onTestFinished(() => void engine.close());
      await tab.evaluate(
        ([address, credentials]) => {
          connectTo(address, { withCredentials: credentials });
          book.socket.send('across');
        },
        [url.replace('127.0.0.1', 'localhost'), withCredentials] as const,
      );
      await eventually(tab, ({ got, events }) => got.includes('across') && events.includes('upgrade'));
    },
  );
});
