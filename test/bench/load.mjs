/** The load generators: small C programs, so that what is measured is the server and never the load. */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Compiles them, and returns where each lies by its name. */
export async function buildLoads() {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-'));
  const names = ['wsload', 'pollload'];
  const build = (name) =>
    promisify(execFile)('cc', [
      '-O2',
      '-o',
      path.join(folder, name),
      fileURLToPath(new URL(`load/${name}.c`, import.meta.url)),
    ]);
  await Promise.all(names.map(build));
  return Object.fromEntries(names.map((name) => [name, path.join(folder, name)]));
}
