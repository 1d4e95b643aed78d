/** What befalls the whole process: it runs out of descriptors, or an application has laid hands on Object.prototype. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { Inbox, open } from './stage.ts';
import { RawPeer } from './raw-peer.ts';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'websocket-'));
  const entry = path.resolve('websocket.ts');
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: path.join(folder, 'websocket.mjs'),
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

const ECHO = `
import { WebSocketServer } from './websocket.mjs';
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
`;

/** Runs a program beside the bundle. Says its first line. */
async function run(program: string, prefix = ''): Promise<{ child: ChildProcess; line: string }> {
  const file = path.join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, program);
  const child = spawn('sh', ['-c', `${prefix} exec "${process.execPath}" "${file}"`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  return { child, line: String(line) };
}

describe('a process without descriptors to spare', () => {
  it('serves whom it has, and accepts again when some are free', async () => {
    const { line } = await run(ECHO, 'ulimit -n 64;');
    const port = Number(line);
    const early = await open(`ws://127.0.0.1:${port}`);
    const inbox = new Inbox(early);
    const peers = await Promise.all(Array.from({ length: 120 }, () => RawPeer.connect(port)));
    early.send('still served');
    expect(await inbox.next()).toBe('still served');
    for (const peer of peers) peer.reset();
    const late = await open(`ws://127.0.0.1:${port}`, { handshakeTimeout: 5_000 });
    late.send('served again');
    expect(await new Inbox(late).next()).toBe('served again');
  });
});

describe('an application that changed Object.prototype', () => {
  it.each([
    ['froze it', 'Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(Function.prototype);'],
    [
      'polluted it',
      "Object.prototype.status = 200; Object.prototype.polluted = () => 'x'; Object.prototype.origins = []; Object.prototype.get = undefined; delete Object.prototype.get;",
    ],
  ])('and %s is served all the same', async (_what, change) => {
    const program = `${change}\n${ECHO.replace("import { WebSocketServer } from './websocket.mjs';", "const { WebSocketServer } = await import('./websocket.mjs');")}`;
    const { line } = await run(program);
    const client = await open(`ws://127.0.0.1:${line}`);
    const inbox = new Inbox(client);
    for (const message of ['text', 'long '.repeat(5_000)]) {
      client.send(message);
      expect(await inbox.next()).toBe(message);
    }
  });
});
