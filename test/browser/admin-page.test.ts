/** The page of @socket.io/admin-ui, as npm has it, in a real browser against a server of ours. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { instrument } from '@socket.io/admin-ui';
import type { Server as OfficialServer } from 'socket.io';
import { io as connect } from 'socket.io-client';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Server } from '../../index.ts';
import type { Socket } from '../../index.ts';
import { hasChromium, launchChromium } from './chromium.ts';

const files = path.join(path.dirname(createRequire(import.meta.url).resolve('@socket.io/admin-ui')), '../ui/dist');

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** An instrumented server that serves the page as well. */
async function serve(): Promise<{ io: Server; url: string }> {
  const http = createServer((request, response) => {
    const name = request.url === '/' ? '/index.html' : path.normalize(request.url!);
    readFile(path.join(files, name)).then(
      (body) => response.writeHead(200, { 'Content-Type': types[path.extname(name)] ?? 'image/png' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  const io = new Server(http);
  instrument(io as unknown as OfficialServer, { auth: false, mode: 'development' });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => io.close());
  return { io, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

describe.runIf(hasChromium)('the admin page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it('shows our sockets and their rooms as they come and go, and puts one out', async () => {
    const { io, url } = await serve();
    const accepted = once(io, 'connection') as Promise<[Socket]>;
    const client = connect(url, { forceNew: true, reconnection: false, transports: ['websocket'] });
    onTestFinished(() => void client.disconnect());
    const [socket] = await accepted;

    const page = await browser.newPage();
    onTestFinished(() => page.close());
    page.setDefaultTimeout(10_000);
    // Its fonts are elsewhere, and it does without.
    await page.route(
      (address) => address.origin !== url,
      (route) => route.abort(),
    );
    await page.goto(url);
    await page.locator('.v-dialog input[type=text]').first().fill(url);
    await page.locator('.v-dialog').getByRole('button', { name: 'Connect' }).click();
    await page.getByText('connected', { exact: true }).first().waitFor();

    await page.goto(`${url}/#/sockets/`);
    const row = page.locator('tr', { hasText: socket.id });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/127\.0\.0\.1[^]*WebSocket/);

    const other = connect(url, { forceNew: true, reconnection: false, transports: ['polling'] });
    onTestFinished(() => void other.disconnect());
    const [second] = (await once(io, 'connection')) as [Socket];
    const secondRow = page.locator('tr', { hasText: second.id });
    await secondRow.waitFor();
    expect(await secondRow.innerText()).toMatch(/HTTP long-polling/);
    other.disconnect();
    await secondRow.waitFor({ state: 'detached' });

    await page.goto(`${url}/#/rooms/`);
    void socket.join('the red room');
    await page.locator('tr', { hasText: 'the red room' }).waitFor();

    await page.goto(`${url}/#/sockets/`);
    const gone = new Promise((resolve) => client.on('disconnect', resolve));
    await row.locator('button').last().click();
    expect(await gone).toMatch(/^io server disconnect$|^transport close$/);
  });
});
