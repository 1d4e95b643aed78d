/** The built demo as a process, as `npm start` runs it after the build. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/demo/server.mjs', import.meta.url));

export interface Demo {
  readonly url: string;
  /** Ends it with the signal and returns its exit code. Harmless when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts it and waits until it has printed its URL. */
export async function startDemo(port = 0): Promise<Demo> {
  const child = run({ PORT: String(port) });
  const [printed] = (await Promise.race([once(child.stdout!, 'data'), failed(child)])) as [Buffer];
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return { url: printed.toString().trim(), stop };
}

/** Runs it to its end, for starts that must fail. */
export async function runDemo(environment: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = run(environment);
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, said };
}

function run(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function failed(child: ChildProcess): Promise<never> {
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  throw new Error(`the demo ended with ${child.exitCode}: ${said}`);
}
