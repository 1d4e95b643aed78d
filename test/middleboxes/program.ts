/** A program of the system as a child process: with its files in a folder of its own, gone when the test is. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A program that listens on a port of 127.0.0.1. */
export interface Program {
  readonly port: number;
  close(): Promise<void>;
}

/** How to start one. */
export interface Recipe {
  readonly program: string;
  /** Its configuration, for the port that it shall listen on and the folder that it may write to. */
  readonly configuration: (port: number, folder: string) => string;
  /** Its arguments, for the file with the configuration. */
  readonly args: (file: string, folder: string) => readonly string[];
}

/** How long a program may take until it listens (ms), and how often we look (ms). */
const START_MS = 10_000;
const LOOK_EVERY_MS = 20;

/** Starts it, and resolves when it takes connections. Rejects with what it said where it ends before. */
export async function start({ program, configuration, args }: Recipe): Promise<Program> {
  const folder = await mkdtemp(path.join(tmpdir(), 'throughline-'));
  const port = await freePort();
  const file = path.join(folder, 'configuration');
  await writeFile(file, configuration(port, folder));
  const child = spawn(program, args(file, folder), { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => said.push(bytes));
  // Should the test's process end without closing it.
  const killNow = () => void child.kill('SIGKILL');
  process.once('exit', killNow);
  const close = async () => {
    process.off('exit', killNow);
    if (isRunning(child)) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + START_MS;
  while (!(await answers(port))) {
    if (!isRunning(child) || performance.now() > deadline) {
      await close();
      throw new Error(`${program} does not listen: ${Buffer.concat(said).toString()}`);
    }
    // Nothing tells when a foreign program begins to listen.
    await pause(LOOK_EVERY_MS);
  }
  return { port, close };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
