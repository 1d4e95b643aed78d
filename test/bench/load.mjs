/** The load generator: a small C program, so that what is measured is the server and never the load. */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Compiles it and returns where it lies. */
export async function buildLoad() {
  const program = path.join(await mkdtemp(path.join(tmpdir(), 'bench-')), 'wsload');
  await promisify(execFile)('cc', ['-O2', '-o', program, fileURLToPath(new URL('load/wsload.c', import.meta.url))]);
  return program;
}
