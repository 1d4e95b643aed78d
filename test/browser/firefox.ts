/** Debian's Firefox without a window, driven over WebDriver BiDi, with a WebSocket of ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from '../../client/websocket/index.ts';
import { requires } from '../requirement.ts';
import { asText, type Visitor } from './visitor.ts';

const PROGRAM = '/usr/bin/firefox-esr';

/** For `describe.runIf`. */
export const hasFirefox: boolean = requires('Firefox', PROGRAM, 'apt-get install firefox-esr');

type Fields = Record<string, unknown>;
type Call = (method: string, params: object) => Promise<Fields>;

export async function launchFirefox(): Promise<Visitor> {
  const profile = await mkdtemp(path.join(tmpdir(), 'throughline-firefox-'));
  const firefox = spawn(PROGRAM, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  });
  const socket = new WebSocket(`${await addressOf(firefox)}/session`);
  await once(socket, 'open');
  const call = caller(socket);
  await call('session.new', { capabilities: {} });
  const { contexts } = await call('browsingContext.getTree', {});
  const [{ context }] = contexts as [{ context: string }];
  return {
    async goTo(url) {
      await call('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    async back() {
      await call('browsingContext.traverseHistory', { context, delta: -1 });
    },
    async evaluate(expression) {
      const params = { expression: asText(expression), target: { context }, awaitPromise: true };
      const { result, exceptionDetails } = await call('script.evaluate', params);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      const { value } = result as { value?: string };
      return value === undefined ? undefined : JSON.parse(value);
    },
    async openTab(url) {
      const tab = await call('browsingContext.create', { type: 'tab' });
      await call('browsingContext.navigate', { context: tab['context'], url, wait: 'complete' });
      return async () => void (await call('browsingContext.close', { context: tab['context'] }));
    },
    async quit() {
      const exited = once(firefox, 'exit');
      await call('browser.close', {});
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Where it can be spoken to, as it says itself when it is ready. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: stderr! })) {
    const address = /WebDriver BiDi listening on (\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      stderr!.resume();
      return address;
    }
  }
  throw new Error('Firefox ended before it could be spoken to');
}

function caller(socket: WebSocket): Call {
  let id = 0;
  return async (method, params) => {
    const own = ++id;
    const answer = new Promise<Fields>((resolve, reject) => {
      const hear = (data: Buffer): void => {
        const said = JSON.parse(String(data)) as { id?: number; type: string; result: Fields };
        if (said.id !== own) return;
        socket.off('message', hear);
        if (said.type === 'success') resolve(said.result);
        else reject(new Error(`${method}: ${String(data)}`));
      };
      socket.on('message', hear);
    });
    socket.send(JSON.stringify({ id: own, method, params }));
    return answer;
  };
}
