/** Our client in Chromium through real proxies. */
import type { Browser, Page } from 'playwright-core';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it as base } from 'vitest';
import { hasChromium, launchChromium } from '../browser/chromium.ts';
import { requires } from '../requirement.ts';
import { ours, serve } from './ends.ts';
import type { Heard } from './page.ts';
import { middleboxes, type Middlebox } from './real.ts';

let browser: Browser;
let script: string;

/** A page through the proxy, and what the server heard of it in the last exchange. */
interface Visit {
  readonly page: Page;
  readonly atServer: Heard;
}

function through(box: Middlebox) {
  return base.extend<{ visit: Visit }>({
    // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what it asks for
    visit: async ({}, use) => {
      const served = await serve(ours, {}, (_request, answer) => {
        answer
          .setHeader('Content-Type', 'text/html')
          .end(`<!doctype html><title>a session</title><script>${script}</script>`);
      });
      const running = await box.start(served.port);
      const proxy = { server: `http://127.0.0.1:${running.port}`, bypass: '<-loopback>' };
      const context = await browser.newContext(box.isForward === true ? { proxy } : {});
      const page = await context.newPage();
      const atServer: Heard = { arrived: [], answered: [] };
      served.io.on('connection', (socket) => {
        socket.on('begin', (messages: number) => {
          atServer.arrived.length = atServer.answered.length = 0;
          for (let number = 0; number < messages; number += 1) {
            socket.emit('count', number, (answer: number) => atServer.answered.push(answer));
          }
        });
        socket.on('count', (number: number, answer: (number: number) => void) => {
          answer(number);
          atServer.arrived.push(number);
        });
      });
      await page.goto(`http://127.0.0.1:${box.isForward === true ? served.port : running.port}/`);
      await use({ page, atServer });
      await context.close();
      await served.close();
      await running.close();
    },
  });
}

async function exchange({ page, atServer }: Visit, messages: number): Promise<void> {
  const all = Array.from({ length: messages }, (_none, number) => number);
  const inPage = await page.evaluate((count) => session.exchange(count), messages);
  await expect.poll(() => atServer.answered.length).toBeGreaterThanOrEqual(messages);
  expect({ inPage, atServer }).toEqual({
    inPage: { arrived: all, answered: all },
    atServer: { arrived: all, answered: all },
  });
}

async function carriedBy({ page }: Visit, name: string): Promise<void> {
  await page.waitForFunction((wanted) => session.transport === wanted, name);
}

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: ['test/middleboxes/page.ts'],
    bundle: true,
    platform: 'browser',
    conditions: ['browser'],
    write: false,
  });
  script = outputFiles[0]!.text;
  if (hasChromium) browser = await launchChromium();
});

afterAll(() => browser?.close());

for (const box of middleboxes) {
  const runs = hasChromium && requires(box.name, box.program, box.install);
  describe.runIf(runs)(`Chromium through ${box.name}`, () => {
    const it = through(box);

    it(`${box.carriedBy} carries the session in the end, and nothing is lost`, async ({ visit }) => {
      await exchange(visit, 200);
      await carriedBy(visit, box.carriedBy);
      await exchange(visit, 200);
      expect(await visit.page.evaluate(() => session.disconnects)).toEqual([]);
    });

    if (box.cuts === true) {
      it('the session survives that it cuts what is quiet', async ({ visit }) => {
        await carriedBy(visit, box.carriedBy);
        const before = await visit.page.evaluate(() => session.suspensions);
        await visit.page.waitForFunction((count) => session.suspensions > count, before);
        await exchange(visit, 50);
        expect(await visit.page.evaluate(() => session.disconnects)).toEqual([]);
      });
    }
  });
}
