/**
 * What befalls the whole process: it is flooded, it runs out of descriptors, or an application has laid hands on
 * Object.prototype.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { constants, deflateRawSync } from 'node:zlib';

import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { hex } from './hex.ts';
import { maskedFrame, maskedText } from './raw-frames.ts';
import { RawPeer } from './raw-peer.ts';
import { Inbox, open } from './stage.ts';

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

describe('the memory of a process', () => {
  const MOST_BYTES = 5_000_000;

  /** An echo that answers `peak` with the most memory it ever had (bytes). */
  const MEASURED = `
import { WebSocketServer } from './websocket.mjs';
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload: 2 ** 20, perMessageDeflate: true });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => socket.send(String(data) === 'peak' ? process.resourceUsage().maxRSS * 1024 : ''));
});
`;
  const deflated = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
  const apart = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover' };
  /** 486 kB that inflate to 500 MB. */
  const bomb = deflateRawSync(Buffer.alloc(500_000_000), { level: 9 });
  /** A megabyte less some: it may come. */
  const harmless = deflateRawSync(Buffer.alloc(1_000_000), { finishFlush: constants.Z_SYNC_FLUSH });

  /** Runs the echo, and tells how far its peak rises while `attack` goes on. */
  async function risenBy(warmUp: (port: number) => Promise<unknown>, attack: typeof warmUp): Promise<number> {
    const { line } = await run(MEASURED);
    const port = Number(line);
    const bystander = await open(`ws://127.0.0.1:${port}`);
    const inbox = new Inbox(bystander);
    const peak = async (): Promise<number> => {
      bystander.send('peak');
      return Number(await inbox.next());
    };
    // What any work of that kind takes is no rise: the code that does it, and the room for what is read.
    for (let time = 0; time < 4; time++) await warmUp(port);
    const before = await peak();
    await attack(port);
    return (await peak()) - before;
  }

  function fragmented(payload: Buffer, count: number, rsv: number): Buffer {
    const size = Math.ceil(payload.length / count);
    const frames = Array.from({ length: count }, (_none, at) =>
      maskedFrame({
        opcode: at === 0 ? 2 : 0,
        rsv: at === 0 ? rsv : 0,
        fin: at === count - 1,
        payload: payload.subarray(at * size, (at + 1) * size),
      }),
    );
    return Buffer.concat(frames);
  }

  it.each([
    ['in one frame', 1, deflated],
    ['in 10,000 fragments', 10_000, deflated],
    ['without context takeover', 1, apart],
  ])('grows by 5 MB at most when 486 kB inflate to 500 MB %s', async (_how, count, headers) => {
    expect(bomb.length).toBeLessThan(490_000);
    const warmUp = async (port: number): Promise<void> => {
      const peer = await RawPeer.open(port, headers);
      peer.write(Buffer.concat([fragmented(Buffer.alloc(bomb.length), count, 0), fragmented(harmless, 1, 4)]));
      await peer.seen(2);
      peer.reset();
    };
    const risen = await risenBy(warmUp, async (port) => {
      const peer = await RawPeer.open(port, headers);
      peer.write(fragmented(bomb, count, 4));
      expect(await peer.allFrames()).toMatchObject([{ opcode: 8, payload: hex('03f1') }]);
    });
    expect(risen).toBeLessThan(MOST_BYTES);
  });

  it('grows by 5 MB at most when 1,000 peers each declare the longest message and send a byte of it', async () => {
    const peers: RawPeer[] = [];
    // They are there before: what an idle connection takes is not the matter here.
    const gather = async (port: number): Promise<void> => {
      const more = await Promise.all(Array.from({ length: 250 }, () => RawPeer.open(port)));
      for (const peer of more) peer.write(maskedText(''));
      await Promise.all(more.map((peer) => peer.seen(1)));
      peers.push(...more);
    };
    const risen = await risenBy(gather, async (port) => {
      for (const peer of peers) peer.write(maskedFrame({ opcode: 2, payload: 'x', length: 2n ** 20n }));
      const last = await RawPeer.open(port, {}, maskedText(''));
      await last.seen(1);
      last.reset();
    });
    expect(risen).toBeLessThan(MOST_BYTES);
    for (const peer of peers) peer.reset();
  });
});

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
