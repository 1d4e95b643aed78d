/** What befalls the process of a server: it is told to end, starved of descriptors or of memory, or laid hands on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Socket as TcpSocket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { io as official } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { io as ours } from '../../client/index.ts';
import { requires } from '../requirement.ts';

const isBuilt = requires(
  'the built package',
  fileURLToPath(new URL('../../dist/node/index.mjs', import.meta.url)),
  'npm run build',
);
const program = fileURLToPath(new URL('served-program.mjs', import.meta.url));

/** Starts the program by a shell. @param before - what the shell does first */
async function start({ before = '', flags = '', argument = '' } = {}) {
  const command = `${before} exec "${process.execPath}" ${flags} "${program}" ${argument}`;
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<number> => Number((await lines.next()).value);
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, line, ended, port: await line() };
}

function meet(port: number, transport: string, connect = official): Socket {
  const client = connect(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true });
  onTestFinished(() => void client.disconnect());
  return client;
}

/** A connection on which nothing is read. */
async function say(port: number, text: string): Promise<TcpSocket> {
  const socket = connectTcp(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.pause().write(text, 'latin1');
  // Where descriptors are missing, the system may take it and reset it.
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  return socket;
}

const webSocket =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** A client made by hand that has joined. It says what it is told, and may stop to read. */
async function join(port: number, query = ''): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket${query}`);
  onTestFinished(() => socket.terminate());
  socket.on('error', () => {});
  await once(socket, 'message');
  socket.send('40');
  await once(socket, 'message');
  return socket;
}

describe.runIf(isBuilt)('a process that is told to end', () => {
  it('does so within its time and a second, whatever its clients do', async () => {
    const { child, line, ended, port } = await start();
    const clients = ['polling', 'websocket'].flatMap((transport) => [
      meet(port, transport),
      meet(port, transport, ours as unknown as typeof official),
    ]);
    for (const client of clients) await client.emitWithAck('echo', 1);
    (await join(port)).pause();
    (await join(port, '&resume=1')).pause();
    await say(port, '');
    await say(port, 'GET /socket.io/?EIO=4&tran');
    await say(port, webSocket);
    await say(port, `${webSocket}\x81\x82\0\0\0\x0040`);
    const opened = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    await say(
      port,
      `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n4`,
    );
    await say(port, 'GET /socket.io/?EIO=4&transport=streaming&resume=1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await clients[0]!.emitWithAck('echo', 2);
    child.kill('SIGTERM');
    expect(await line()).toBeLessThan(1_000 + 1_000);
    expect(await ended).toEqual([0, null]);
  });
});

describe.runIf(isBuilt)('a process without descriptors to spare', () => {
  it('serves whom it has, does not spin, and lets others in when some are free', async () => {
    const { port } = await start({ before: 'ulimit -n 256;' });
    // The official client makes a connection for each poll, and there is none to be had.
    const own = meet(port, 'polling', ours as unknown as typeof official);
    const early = [own, meet(port, 'websocket')];
    for (const client of early) await client.emitWithAck('echo', 1);
    const others = await Promise.all(Array.from({ length: 400 }, () => say(port, webSocket)));
    const [, beside] = early;
    const usage = async (): Promise<number> => {
      const { user, system } = (await beside!.emitWithAck('cpu')) as NodeJS.CpuUsage;
      return (user + system) / 1_000;
    };
    for (const client of early) expect(await client.timeout(5_000).emitWithAck('echo', 2)).toBe(2);
    const before = await usage();
    await pause(500);
    // It has some two hundred WebSockets to send something to, but nothing to accept over and over.
    expect((await usage()) - before).toBeLessThan(400);
    for (const other of others) other.destroy();
    expect(await meet(port, 'websocket').timeout(8_000).emitWithAck('echo', 3)).toBe(3);
    for (const client of early) expect(await client.timeout(5_000).emitWithAck('echo', 4)).toBe(4);
  }, 30_000);
});

describe.runIf(isBuilt)('a process with a small heap', () => {
  const floods: Record<string, (port: number) => Promise<void>> = {
    async 'a client that reads nothing of what it is sent'(port) {
      const socket = await join(port);
      socket.pause();
      socket.send('42["fill"]');
      await pause(2_000);
    },
    async 'a client that asks for answers and reads none'(port) {
      const socket = await join(port);
      socket.pause();
      const question = `421["echo","${'x'.repeat(900_000)}"]`;
      for (let asked = 0; asked < 220 && socket.readyState === WebSocket.OPEN; asked++) {
        await new Promise((resolve) => socket.send(question, resolve));
      }
    },
    async 'clients that leave, and for whom much is kept'(port) {
      for (let left = 0; left < 250; left += 50) {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => join(port, '&resume=1')));
        for (const socket of sockets) socket.terminate();
      }
    },
    async 'a POST in chunks of a byte'(port) {
      const opened = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
      const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
      const head = `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: a\r\n`;
      const socket = await say(port, `${head}Transfer-Encoding: chunked\r\n\r\n`);
      for (let sent = 0; sent < 99; sent++) {
        await new Promise((resolve) => socket.write('1\r\nx\r\n'.repeat(10_000), resolve));
      }
    },
    async 'JSON that is much more as objects'(port) {
      for (const [unit, count] of [
        ['[0],', 220_000],
        ['{},', 290_000],
        ['"a",', 220_000],
      ] as const) {
        for (let round = 0; round < 5; round++) {
          const socket = await join(port);
          const answered = once(socket, 'close');
          socket.send(`42["none",[${unit.repeat(count)}0]]`);
          socket.close();
          await answered;
        }
      }
    },
  };

  it.each(Object.keys(floods))(
    'lives through %s, and serves others',
    async (flood) => {
      const { child, port } = await start({ flags: '--max-old-space-size=128' });
      const bystander = meet(port, 'websocket');
      expect(await bystander.emitWithAck('echo', 'before')).toBe('before');
      await floods[flood]!(port);
      expect(await bystander.timeout(10_000).emitWithAck('echo', 'after')).toBe('after');
      expect(child.exitCode).toBe(null);
    },
    30_000,
  );
});

describe.runIf(isBuilt)('an application that laid hands on Object.prototype', () => {
  it.each(['frozen', 'polluted'])('has both ends work, it being %s', async (argument) => {
    const { port } = await start({ argument });
    for (const transport of ['polling', 'websocket', 'streaming']) {
      const client = meet(port, transport === 'streaming' ? 'polling' : transport);
      const value = { text: 'ü', bytes: Buffer.from([1, 2]) };
      expect(await client.timeout(5_000).emitWithAck('echo', value)).toEqual(value);
      expect(await client.timeout(9_000).emitWithAck('ask yourself', [transport])).toEqual(value);
    }
  });
});
