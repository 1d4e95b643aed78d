import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from './checkout.ts';

it('compiles, type tests (*.test-d.ts) included', async () => {
  const complaints = await promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', root]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  expect(complaints).toBe('');
}, 60_000);
