/** Debian's WebKit, which is what Safari is made of, on a display that nobody sees; driven over WebDriver. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { requires } from '../requirement.ts';
import { asText, type Visitor } from './visitor.ts';

const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
const ADVICE = 'apt-get install webkit2gtk-driver xvfb';

/** For `describe.runIf`. */
export const hasWebKit: boolean =
  requires('WebKit', '/usr/bin/WebKitWebDriver', ADVICE) && requires('Xvfb', '/usr/bin/Xvfb', ADVICE);

type Call = (method: string, path: string, body?: object) => Promise<never>;

export async function launchWebKit(): Promise<Visitor> {
  const home = await mkdtemp(path.join(tmpdir(), 'throughline-webkit-'));
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1000x800x24'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const port = await freePort();
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, HOME: home, DISPLAY: `:${await firstLine(screen)}`, WEBKIT_DISABLE_COMPOSITING_MODE: '1' },
  });
  const call: Call = async (method, where, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${where}`, { method, body: JSON.stringify(body) ?? null });
    const { value } = (await answer.json()) as { value: never };
    if (!answer.ok) throw new Error(`${where}: ${JSON.stringify(value)}`);
    return value;
  };
  const version = (await readdir(LIBRARIES)).find((name) => name.startsWith('webkit2gtk-4'))!;
  const options = { binary: path.join(LIBRARIES, version, 'MiniBrowser'), args: ['--automation'] };
  await listening(port);
  const { sessionId } = await call('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } },
  });
  const session = `/session/${String(sessionId)}`;
  await call('POST', `${session}/timeouts`, { script: 20_000, pageLoad: 20_000 });
  const look = (handle: string): Promise<void> => call('POST', `${session}/window`, { handle });
  return {
    goTo: (url) => call('POST', `${session}/url`, { url }),
    back: () => call('POST', `${session}/back`, {}),
    async evaluate(expression) {
      const script = `${asText(expression)}.then((value) => arguments[0]({ value }), (error) => arguments[0]({ error: String(error) }))`;
      const { value, error } = (await call('POST', `${session}/execute/async`, { script, args: [] })) as {
        value?: string;
        error?: string;
      };
      if (error !== undefined) throw new Error(error);
      return value === undefined ? undefined : JSON.parse(value);
    },
    async openTab(url) {
      const first = await call('GET', `${session}/window`);
      const { handle } = await call('POST', `${session}/window/new`, { type: 'tab' });
      await look(handle);
      await call('POST', `${session}/url`, { url });
      return async () => {
        await call('DELETE', `${session}/window`);
        await look(first);
      };
    },
    async quit() {
      await call('DELETE', session);
      for (const program of [driver, screen]) {
        const exited = once(program, 'exit');
        program.kill();
        await exited;
      }
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stdout! })) return line;
  throw new Error('Xvfb ended before it had a display');
}

/** The driver wants to be told its port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const isThere = await fetch(`http://127.0.0.1:${port}/status`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('WebKitWebDriver does not answer');
}
