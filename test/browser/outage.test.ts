/**
 * A page that loses its network for a while, or is left and come back to: whole sockets, the built script, and counted messages
 * with acks both ways, of which none may be lost.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Socket as ClientSocket } from '../../client/index.ts';
import { Server } from '../../server/events/index.ts';
import type { Socket } from '../../server/events/index.ts';
import { TearingProxy } from '../middleboxes/tearing-proxy.ts';
import { hasChromium, launchChromium, openTab } from './chromium.ts';

/** How long there is no network (ms). */
const OUTAGE_MS = 5_000;

/** What one end has of the other's numbers: those that came, and those of its own that were answered, in their order. */
interface Tally {
  sent: number;
  arrived: number[];
  answered: number[];
}

declare global {
  // oxlint-disable-next-line no-var -- that is how a global is declared
  var tally: Tally & { events: string[]; socket: ClientSocket; talking: number };
}

/** Counts from the first connection on, until it is told to stop. Listeners stand before the socket connects. */
const page = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
<script src="/script.js"></script><script>
  const transports = new URLSearchParams(location.search).get('by')?.split(',');
  const socket = io({ transports });
  const tally = (globalThis.tally = { sent: 0, arrived: [], answered: [], events: [], socket, talking: 0 });
  for (const event of ['connect', 'disconnect', 'suspend', 'resume']) socket.on(event, () => tally.events.push(event));
  socket.on('count', (number, answer) => {
    tally.arrived.push(number);
    answer(number);
  });
  const count = () => socket.emit('count', tally.sent++, (number) => tally.answered.push(number));
  tally.talking = setInterval(count, 20);
  // Told while the page goes, when it is too late for anything to be sent.
  addEventListener('pagehide', count);
  addEventListener('pageshow', () => socket.emit('events', tally.events));
</script>`;

function countTo(count: number): number[] {
  return Array.from({ length: count }, (_none, number) => number);
}

describe.runIf(hasChromium)('a page in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    // Playwright would have no page come back from the back/forward cache.
    browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  });

  afterAll(() => browser?.close());

  /** A server that counts as its page does, and a network between them that can fail. */
  async function meet(by: string | undefined) {
    const script = await readFile('dist/throughline.min.js');
    const http = createServer((request, response) => {
      const isScript = request.url === '/script.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : page);
    });
    const io = new Server(http);
    onTestFinished(() => void io.close());
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const proxy = await TearingProxy.before((http.address() as AddressInfo).port);
    onTestFinished(() => proxy.close());
    const tally: Tally = { sent: 0, arrived: [], answered: [] };
    const connected = new Promise<Socket>((resolve) =>
      // Only the first: the page that is gone to afterwards connects too.
      io.once('connection', (socket) => {
        // The page speaks at once: whoever listens only when the browser has told that it is loaded misses the beginning.
        socket.on('count', (number: number, answer: (number: number) => void) => {
          tally.arrived.push(number);
          answer(number);
        });
        resolve(socket);
      }),
    );
    const url = `http://127.0.0.1:${proxy.port}/`;
    const { page: tab, close } = await openTab(browser, by === undefined ? url : `${url}?by=${by}`);
    onTestFinished(close);
    const socket = await connected;
    const count = (): void => void socket.emit('count', tally.sent++, (number: number) => tally.answered.push(number));
    return { tab, url, proxy, socket, tally, count };
  }

  const carriedBy = (tab: Page, name: string): Promise<unknown> =>
    tab.waitForFunction((wanted) => tally.socket.io.engine.transport.name === wanted, name);

  it.each([
    ['polling', 'polling'],
    ['websocket', 'websocket'],
    ['streaming', 'streaming'],
    [undefined, 'websocket'],
  ])(
    'without a network for five seconds loses nothing and is never disconnected: %s, carried by %s',
    async (by, name) => {
      const { tab, proxy, tally: own, count } = await meet(by);
      await carriedBy(tab, name);
      const talking = setInterval(count, 20);
      onTestFinished(() => clearInterval(talking));
      await expect.poll(() => own.answered.length).toBeGreaterThan(5);
      await tab.context().setOffline(true);
      // What Chromium calls offline leaves open WebSockets alone.
      proxy.blackhole();
      await pass(OUTAGE_MS);
      proxy.cut();
      proxy.light();
      await tab.context().setOffline(false);
      const before = own.answered.length;
      await expect.poll(() => own.answered.length, { timeout: 10_000 }).toBeGreaterThan(before + 50);
      clearInterval(talking);
      await tab.evaluate(() => clearInterval(tally.talking));
      const standing = (): Promise<object> =>
        tab.evaluate(() => {
          const { io: manager, unconfirmed } = tally.socket;
          // What a failure is understood by stands beside what is asked for.
          return {
            unanswered: tally.sent - tally.answered.length,
            unconfirmed,
            timeline: manager.engine.explain().slice(-8),
          };
        });
      await expect.poll(standing, { timeout: 10_000 }).toMatchObject({ unanswered: 0 });
      await expect.poll(() => own.answered.length).toBe(own.sent);
      const its = await tab.evaluate(() => {
        const { sent, arrived, answered, events } = tally;
        return { sent, arrived, answered, events };
      });
      expect(own.arrived).toEqual(countTo(its.sent));
      expect(own.answered).toEqual(countTo(own.sent));
      expect(its.arrived).toEqual(countTo(own.sent));
      expect(its.answered).toEqual(countTo(its.sent));
      expect(its.events).not.toContain('disconnect');
      expect(its.events).toContain('resume');
    },
    30_000,
  );

  it.each([['polling'], ['websocket'], ['streaming']])(
    'that was left and is come back to has lost nothing that was sent meanwhile, either way: %s',
    async (by) => {
      const { tab, url, socket, tally: own, count } = await meet(by);
      await carriedBy(tab, by);
      await expect.poll(() => own.arrived.length).toBeGreaterThan(5);
      await tab.goto(`${url}?by=${by}#elsewhere`.replace('/?', '/other?'));
      for (let sent = 0; sent < 100; sent++) count();
      const told = new Promise<string[]>((resolve) => socket.once('events', resolve));
      await tab.goBack({ waitUntil: 'commit' });
      expect(await told).not.toContain('disconnect');
      await expect.poll(() => own.answered).toEqual(countTo(100));
      const { length } = own.arrived;
      await expect.poll(() => own.arrived.length).toBeGreaterThan(length + 5);
      expect(own.arrived).toEqual(countTo(own.arrived.length));
    },
    30_000,
  );
});
