/** The built script in the browsers that Chromium is not: messages through cut connections, bytes, and how a page goes. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { count, countTo, serveCounting, type Tally } from './counting.ts';
import { hasFirefox, launchFirefox } from './firefox.ts';
import { hasWebKit, launchWebKit } from './webkit.ts';
import type { Visitor } from './visitor.ts';

const ways = [['polling'], ['websocket'], ['streaming'], ['polling,websocket']] as const;

/** What holds in every browser. Gives back what opens the counting page in this one, and what leaves it and comes back. */
function examine(launch: () => Promise<Visitor>) {
  let browser: Visitor;

  beforeAll(async () => {
    browser = await launch();
  }, 60_000);

  afterAll(() => browser?.quit());

  async function meet(by: string) {
    const stage = await serveCounting();
    await browser.goTo(`${stage.url}?by=${by}`);
    const socket = await stage.connected;
    await expect.poll(carrier).toBe(by.split(',').at(-1));
    return { ...stage, socket, count: () => count(socket, stage.tally) };
  }

  const carrier = (): Promise<unknown> => browser.evaluate('tally.socket.io.engine.transport.name');

  const its = (): Promise<Tally & { events: string[] }> =>
    browser.evaluate('({ ...tally, socket: undefined })') as Promise<Tally & { events: string[] }>;

  it.each(ways)('loses nothing through connections that are cut: %s', async (by) => {
    const { proxy, socket, tally: own, count: countOn } = await meet(by);
    const talking = setInterval(countOn, 10);
    onTestFinished(() => clearInterval(talking));
    for (let cuts = 0; cuts < 6; cuts++) {
      const { length } = own.answered;
      await expect.poll(() => own.answered.length, { timeout: 10_000 }).toBeGreaterThan(length + 10);
      proxy.cut(cuts % 2 === 0 ? 'reset' : 'end');
    }
    clearInterval(talking);
    await browser.evaluate('clearInterval(tally.talking)');
    await expect.poll(its).toSatisfy(({ sent, answered }: Tally) => answered.length === sent);
    await expect.poll(() => own.answered.length).toBe(own.sent);
    const { sent, arrived, answered, events } = await its();
    expect([own.arrived, own.answered]).toEqual([countTo(sent), countTo(own.sent)]);
    expect([arrived, answered]).toEqual([countTo(own.sent), countTo(sent)]);
    expect(events).not.toContain('disconnect');
    expect(socket.connected).toBe(true);
  });

  it.each(ways)('sends and gets bytes and text as they are: %s', async (by) => {
    await meet(by);
    const echoed = await browser.evaluate(`(async () => {
        const { socket } = tally;
        const bytes = Uint8Array.from({ length: 70_000 }, (_none, at) => at * 7);
        const given = [bytes.buffer, bytes.subarray(3, 500), new Uint8Array(0), new DataView(bytes.buffer, 1, 9), new Blob([bytes]), 'é€😀'.repeat(20_000)];
        const got = await socket.timeout(5_000).emitWithAck('echo', given);
        const plain = async (value) => (typeof value === 'string' ? value : Array.from(new Uint8Array(await new Response(value).arrayBuffer())).join());
        const same = given.map(async (value, at) => (await plain(value)) === (await plain(got[at])));
        return [await Promise.all(same), got.map((value) => value.constructor.name)];
      })()`);
    const buffer = 'ArrayBuffer';
    expect(echoed).toEqual([Array(6).fill(true), [buffer, buffer, buffer, buffer, buffer, 'String']]);
  });

  it.each(ways)('tells the server at once that its tab is closed: %s', async (by) => {
    const { url, connected } = await serveCounting();
    const close = await browser.openTab(`${url}?by=${by}`);
    const ended = once(await connected, 'disconnect');
    await close();
    expect((await ended)[1]).toMatchObject({ code: 'closed-by-peer' });
  });

  return { meet, goTo: (url: string) => browser.goTo(url), back: () => browser.back() };
}

describe.runIf(hasFirefox)('a page in Firefox', () => {
  const { meet, goTo } = examine(launchFirefox);

  it.each(ways)('tells the server at once that it is left: %s', async (by) => {
    const { url, socket } = await meet(by);
    const ended = once(socket, 'disconnect');
    await goTo(`${url}other`);
    expect((await ended)[1]).toMatchObject({ code: 'closed-by-peer' });
  });
});

describe.runIf(hasWebKit)('a page in WebKit', () => {
  const { meet, goTo, back } = examine(launchWebKit);

  it.each(ways)('that was left and is come back to has lost nothing: %s', async (by) => {
    const { url, socket, tally: own, count: countOn } = await meet(by);
    await expect.poll(() => own.arrived.length).toBeGreaterThan(5);
    await goTo(`${url}other`.replace('127.0.0.1', 'localhost'));
    for (let sent = 0; sent < 100; sent++) countOn();
    const told = once(socket, 'events');
    await back();
    expect((await told)[0]).not.toContain('disconnect');
    await expect.poll(() => own.answered).toEqual(countTo(100));
    const { length } = own.arrived;
    await expect.poll(() => own.arrived.length).toBeGreaterThan(length + 5);
    expect(own.arrived).toEqual(countTo(own.arrived.length));
  });
});
