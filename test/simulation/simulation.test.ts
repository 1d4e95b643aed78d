import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { mutants } from './mutants.mjs';

const seeds = process.env['CI'] ? 20_000 : 4_000;

it(`${seeds} seeds: every message once, in order, both ways, or an honest end`, async () => {
  const program = fileURLToPath(new URL('simulate.mjs', import.meta.url));
  // What it prints of a failing seed says how to replay it, and is part of the error.
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--seeds', String(seeds)]);
  expect(stdout).toContain('violations: 0');
}, 300_000);

it.each(mutants)('$name: that fault still has its place in the code', ({ file, from }) =>
  expect(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')).toContain(from),
);
