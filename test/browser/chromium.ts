/**
 * Debian's Chromium without a window, and pages that keep a record of what must not happen: an error on the console, an
 * exception, a request that leaves the origin.
 */
import { chromium, type Browser, type BrowserContextOptions, type LaunchOptions, type Page } from 'playwright-core';
import { requires } from '../requirement.ts';

const PROGRAM = '/usr/bin/chromium';

// No service of Google's, no update, nothing that a test did not ask for.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** For `describe.runIf`. */
export const hasChromium: boolean = requires('Chromium', PROGRAM, 'apt-get install chromium');

export function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: PROGRAM, args: ARGUMENTS, ...options });
}

export interface Tab {
  readonly page: Page;
  /** What must not have happened, as sentences. */
  readonly faults: string[];
  close(): Promise<void>;
}

/** Less than a test has, so that what was waited for in vain is named. */
const PATIENCE_MS = 10_000;

/** Opens the address as a visitor of its own would: nothing is shared with other tabs. */
export async function openTab(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'blob:' && host !== new URL(url).host) faults.push(`request to ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(url).host) faults.push(`WebSocket to ${socket.url()}`);
  });
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}
