/**
 * A page that loses its network for a while, or is left and come back to: whole sockets, the built script, and counted messages
 * with acks both ways, of which none may be lost.
 */
import { setTimeout as pass } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { hasChromium, launchChromium, openTab } from './chromium.ts';
import { count as countOn, countTo, serveCounting } from './counting.ts';

/** How long there is no network (ms). */
const OUTAGE_MS = 5_000;

describe.runIf(hasChromium)('a page in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    // Playwright would have no page come back from the back/forward cache.
    browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  });

  afterAll(() => browser?.close());

  async function meet(by: string | undefined) {
    const { url, proxy, tally, connected } = await serveCounting();
    const { page: tab, close } = await openTab(browser, by === undefined ? url : `${url}?by=${by}`);
    onTestFinished(close);
    const socket = await connected;
    return { tab, url, proxy, socket, tally, count: () => countOn(socket, tally) };
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
      // A poll that Chromium itself sends again, as it may once it is back, never was lost to the page.
      if (name !== 'polling') expect(its.events).toContain('resume');
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
