/** The demo in a real browser, as its visitors have it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { hasChromium, launchChromium, openTab, type Tab } from './chromium.ts';
import { pastePicture, pictureWidths, say, tellings, transport } from './demo-page.ts';
import { startDemo, type Demo } from './demo-server.ts';

/** What the browser itself writes when a server refuses it something; the page can't keep it from that. */
const BROWSERS_OWN = /^console: (?:WebSocket connection to .* failed|Failed to load resource: )/;

describe.runIf(hasChromium)('the demo in Chromium', () => {
  let browser: Browser;
  let demo: Demo;
  const tabs: Tab[] = [];

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launchChromium(), startDemo()]);
  });
  afterEach(async () => {
    await Promise.all(tabs.splice(0).map((tab) => tab.close()));
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), demo?.stop()]);
  });

  async function visit(path = '', options: BrowserContextOptions = {}): Promise<Page> {
    const tab = await openTab(browser, demo.url + path, options);
    tabs.push(tab);
    return tab.page;
  }
  const faults = (): string[] => tabs.flatMap((tab) => tab.faults);

  it('carries words and pictures over WebSocket, and says so', async () => {
    const [ann, ben] = await Promise.all([visit('#harbour'), visit('#harbour')]);
    expect(await transport(ann, 'websocket')).toBe('websocket');
    expect(await transport(ben, 'websocket')).toBe('websocket');

    await say(ann, 'over WebSocket');
    expect(await tellings(ben, 'over WebSocket')).toBe(1);
    await pastePicture(ben, 60, 40);
    await say(ben, 'with a picture');
    expect(await pictureWidths(ann, 1)).toEqual([60]);

    const kinds = await ann.locator('#packets .in .kind').allTextContents();
    expect(kinds).toContain('binary');
    expect(await ann.locator('#session').textContent()).toMatch(/^.{6}…$/);
    expect(faults()).toEqual([]);
  });

  it.each([
    [['websocket'], ['polling', 'streaming']],
    [['streaming', 'websocket'], ['polling']],
  ])(
    'goes on where %j is forbidden, loses nothing, says so, and climbs again when it is allowed',
    async (forbidden, left) => {
      const address = `#without-${forbidden.length}`;
      const [ann, ben] = await Promise.all([visit(address), visit(address)]);
      await Promise.all([transport(ann, 'websocket'), transport(ben, 'websocket')]);
      for (const each of forbidden) {
        await Promise.all([ann.check(`[data-forbids=${each}]`), ben.check(`[data-forbids=${each}]`)]);
      }
      // Said while the line is being cut.
      for (const each of ['one', 'two', 'three']) await say(ann, each);

      expect(left).toContain(await transport(ann, ...left));
      expect(left).toContain(await transport(ben, ...left));
      for (const each of ['one', 'two', 'three']) expect(await tellings(ben, each)).toBe(1);
      await pastePicture(ben, 50, 50);
      await say(ben, 'a picture all the same');
      expect(await pictureWidths(ann, 1)).toEqual([50]);
      expect(await ann.locator('#told .text').allTextContents()).toEqual([
        'one',
        'two',
        'three',
        'a picture all the same',
      ]);
      expect(await ann.locator('#unsent li').count()).toBe(0);
      expect(left).toContain(await ann.locator('#transport').textContent());
      expect(left).toContain(await ben.locator('#transport').textContent());

      await ann.uncheck('[data-forbids=websocket]');
      expect(await transport(ann, 'websocket')).toBe('websocket');
      expect(faults().filter((fault) => !BROWSERS_OWN.test(fault))).toEqual([]);
    },
  );

  it('takes the next best way when one is forbidden, in the same session, and tells why', async () => {
    const ann = await visit('#ladder');
    await transport(ann, 'websocket');
    const session = await ann.locator('#session').textContent();
    await ann.check('[data-forbids=websocket]');
    await transport(ann, 'streaming');
    await say(ann, 'on a stream');
    expect(await tellings(ann, 'on a stream')).toBe(1);
    await ann.check('[data-forbids=streaming]');
    await transport(ann, 'polling');
    await say(ann, 'by polling');
    expect(await tellings(ann, 'by polling')).toBe(1);

    const shown = ann.locator('#session, #reconnects, #line-state');
    expect(await shown.allTextContents()).toEqual(['Connected', session, '0']);
    const story = await ann.locator('#story li > span').allTextContents();
    for (const each of [
      /^polling opened/,
      /^websocket climbed/,
      /^websocket lost/,
      /^streaming climbed/,
      /^streaming lost/,
    ])
      expect(story).toContainEqual(expect.stringMatching(each));
    expect(faults().filter((fault) => !BROWSERS_OWN.test(fault))).toEqual([]);
  });

  it('keeps what was typed while the server was away, and tells it once', async () => {
    const own = await startDemo();
    const tab = await openTab(browser, own.url);
    tabs.push(tab);
    await transport(tab.page, 'websocket');
    await own.stop();
    await tab.page.locator('html[data-line="lost"]').waitFor();
    await say(tab.page, 'said into the dark');
    expect(await tab.page.locator('#unsent .text').allTextContents()).toEqual(['said into the dark']);

    const again = await startDemo(Number(new URL(own.url).port));
    try {
      expect(await tellings(tab.page, 'said into the dark')).toBe(1);
      expect(await tab.page.locator('#unsent li').count()).toBe(0);
      expect(await tab.page.locator('#reconnects').textContent()).not.toBe('0');
    } finally {
      await again.stop();
    }
  });

  it('shows what came before to those who come later, and what was missed in other rooms', async () => {
    const ann = await visit('#attic');
    await say(ann, 'first');
    expect(await tellings(ann, 'first')).toBe(1);
    const ben = await visit('#attic');
    expect(await tellings(ben, 'first')).toBe(1);

    await ben.evaluate(() => (location.hash = 'cellar'));
    await ben.locator('#room-title', { hasText: 'cellar' }).waitFor();
    await say(ann, 'second');
    await ben.locator('#room-list a', { hasText: 'attic' }).locator('.badge', { hasText: '1' }).waitFor();
    await ben.click('#room-list a:has-text("attic")');
    expect(await tellings(ben, 'second')).toBe(1);
    expect(await ben.locator('#room-list .badge').count()).toBe(0);
    expect(faults()).toEqual([]);
  });

  it('shows what is typed as text, whatever it looks like', async () => {
    const [ann, ben] = await Promise.all([visit('#markup'), visit('#markup')]);
    const markup = '<img src=x onerror="alert(1)"><b>bold</b> https://example.org/?a="b"';
    await say(ann, markup);
    expect(await tellings(ben, markup)).toBe(1);
    expect(await ben.locator('#told .text img, #told .text b').count()).toBe(0);
    expect(await ben.locator('#told .text a').getAttribute('href')).toBe('https://example.org/?a=');
    expect(faults()).toEqual([]);
  });

  it('makes a picture that is too large fit', async () => {
    const [ann, ben] = await Promise.all([visit('#gallery'), visit('#gallery')]);
    await pastePicture(ann, 2_000, 1_500);
    await say(ann, '');
    const [width] = await pictureWidths(ben, 1);
    expect(width).toBeLessThanOrEqual(1_600);
    expect(faults()).toEqual([]);
  });

  it('says what is wrong with a file that is no picture', async () => {
    const ann = await visit('#gallery');
    await ann.setInputFiles('#attach', { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await ann.locator('#composer-advice', { hasText: '“notes.png” is not a picture' }).waitFor();
    expect(faults()).toEqual([]);
  });

  it('works with a keyboard alone', async () => {
    const ann = await visit();
    await transport(ann, 'websocket');
    await ann.keyboard.press('Tab');
    expect(await focused(ann)).toBe('Skip to writing');
    await ann.keyboard.press('Enter');
    await ann.keyboard.type('by keyboard');
    await ann.keyboard.press('Enter');
    expect(await tellings(ann, 'by keyboard')).toBe(1);

    // Back to the name, into its dialog and out again.
    await ann.locator('#me').focus();
    await ann.keyboard.press('Enter');
    await ann.locator('#me-dialog[open]').waitFor();
    await ann.keyboard.type('Key Board');
    await ann.keyboard.press('Tab');
    await ann.keyboard.press('ArrowRight');
    await ann.keyboard.press('Enter');
    await ann.locator('#me-name', { hasText: 'Key Board' }).waitFor();
    await ann.keyboard.press('Enter');
    await ann.keyboard.press('Escape');
    expect(await ann.locator('#me-dialog[open]').count()).toBe(0);
    expect(await ann.evaluate(() => document.activeElement?.id)).toBe('me');

    // Along the rooms by arrows, and into the next one.
    await ann.keyboard.press('Tab');
    await ann.locator('#room-list a').first().focus();
    await ann.keyboard.press('ArrowDown');
    const next = await ann.locator('#room-list a:focus .name').textContent();
    await ann.keyboard.press('Enter');
    await ann.locator('#room-title', { hasText: next ?? '' }).waitFor();
    expect(new URL(ann.url()).hash).toBe(`#${next}`);

    await ann.locator('[data-forbids=websocket]').focus();
    await ann.keyboard.press('Space');
    await transport(ann, 'polling', 'streaming');
    expect(faults().filter((fault) => !BROWSERS_OWN.test(fault))).toEqual([]);
  });

  it('holds its packets still while it is paused', async () => {
    const ann = await visit('#paused');
    await transport(ann, 'websocket');
    await ann.click('#pause');
    await say(ann, 'not to be listed');
    await tellings(ann, 'not to be listed');
    expect(await ann.locator('#packets .preview', { hasText: 'not to be listed' }).count()).toBe(0);
    await ann.click('#pause');
    await say(ann, 'to be listed');
    await ann.locator('#packets .preview', { hasText: 'to be listed' }).first().waitFor();
    expect(await ann.locator('#packets .preview', { hasText: 'not to be listed' }).count()).toBe(0);
    expect(faults()).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('fits a phone in the %s, view by view', async (colorScheme) => {
    const ann = await visit('#a-room-with-a-rather-long-name', {
      viewport: { width: 360, height: 640 },
      isMobile: true,
      hasTouch: true,
      colorScheme,
    });
    await say(ann, `${'long'.repeat(100)} https://example.org/${'path/'.repeat(60)}`);
    await ann.locator('#told .message').last().waitFor();
    for (const view of ['rooms', 'chat', 'inspector']) {
      await ann.click(`[data-shows="${view}"]`);
      expect(await ann.locator(`#${view}`).isVisible()).toBe(true);
      const overflow = await ann.evaluate((id) => {
        const panel = document.getElementById(id)!;
        return [document.documentElement.scrollWidth - window.innerWidth, panel.scrollWidth - panel.clientWidth];
      }, view);
      expect({ view, overflow }).toEqual({ view, overflow: [0, 0] });
    }
    expect(faults()).toEqual([]);
  });
});

function focused(page: Page): Promise<string | null | undefined> {
  return page.evaluate(() => document.activeElement?.textContent);
}
