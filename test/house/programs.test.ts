/** Programs written for Socket.IO, with its own packages and with ours installed under their names. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requires } from '../requirement.ts';
import { root } from './checkout.ts';

const run = promisify(execFile);
const built = requires(
  'the built package',
  fileURLToPath(new URL('../../dist/node/index.mjs', import.meta.url)),
  'npm run build',
);

/** How long a program may take (ms): one that hangs is ended. */
const PATIENCE_MS = 20_000;

/** What each program says. */
const programs = {
  chat: {
    isTyping: true,
    ...Object.fromEntries(
      ['ann', 'bob', 'late'].map((name) => [name, ['hello', 'are you there?', 'I am back']] as const),
    ),
    kept: 3,
  },
  'private-messaging': {
    refusal: 'invalid username',
    joined: 'bob',
    sameUser: true,
    listed: [
      ['ann', true],
      ['bob', true],
    ],
    got: [
      ['for bob', true],
      ['for bob', true],
    ],
    answered: ['for ann', 'for ann'],
    isBob: true,
  },
  crud: {
    created: { data: 1 },
    refused: { error: 'invalid payload' },
    updated: 'done',
    listed: { data: [{ id: 1, title: 'milk', completed: true }] },
    missing: { error: 'entity not found' },
    told: [
      ['created', 'milk', false],
      ['updated', 1, true],
      ['deleted', 1],
    ],
  },
};
const names = Object.keys(programs) as (keyof typeof programs)[];

/** What tsc is told for each kind of program. */
const kinds = {
  ESM: { module: 'node16', moduleResolution: 'node16', extension: 'mts', made: 'mjs' },
  CommonJS: { module: 'node16', moduleResolution: 'node16', extension: 'cts', made: 'cjs' },
};

describe.runIf(built)('programs written for Socket.IO', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'throughline-programs-'));
    await Promise.all([installOfficial(path.join(folder, 'official')), installOurs(path.join(folder, 'ours'))]);
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Compiles all programs under one configuration; returns what tsc complains about. */
  async function compile(whose: string, extension: string, options: object): Promise<string> {
    const home = path.join(folder, whose);
    const files = names.map((name) => `${name}.${extension}`);
    for (const [at, name] of names.entries())
      await copyFile(new URL(`programs/${name}.ts`, import.meta.url), path.join(home, files[at]!));
    const compilerOptions = { target: 'es2022', strict: true, types: ['node'], esModuleInterop: true, ...options };
    const config = path.join(home, `tsconfig.${extension}.json`);
    await writeFile(config, JSON.stringify({ compilerOptions, files }));
    return run(path.join(root, 'node_modules/.bin/tsc'), ['-p', config], { cwd: home }).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
  }

  describe.each(['official', 'ours'])('with the packages: %s', (whose) => {
    it.each(Object.entries(kinds))(
      'compile and run as %s',
      async (_kind, { extension, made, ...compiled }) => {
        expect(await compile(whose, extension, compiled)).toBe('');
        const said = await Promise.all(
          names.map(async (name) => {
            const options = { cwd: path.join(folder, whose), timeout: PATIENCE_MS };
            const { stdout } = await run(process.execPath, [`${name}.${made}`], options);
            return [name, JSON.parse(stdout) as unknown];
          }),
        );
        expect(Object.fromEntries(said)).toEqual(programs);
      },
      60_000,
    );

    it('compile for a bundler', async () => {
      expect(await compile(whose, 'ts', { module: 'esnext', moduleResolution: 'bundler', noEmit: true })).toBe('');
    }, 60_000);
  });
});

async function installOfficial(home: string): Promise<void> {
  await mkdir(home);
  await writeFile(path.join(home, 'package.json'), '{"private":true}');
  await symlink(path.join(root, 'node_modules'), path.join(home, 'node_modules'));
}

/** As `npm i socket.io@npm:throughline socket.io-client@npm:throughline` would, from the package as it is packed. */
async function installOurs(home: string): Promise<void> {
  await mkdir(home);
  const pack = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', home];
  const { stdout } = await run('npm', pack, { cwd: root });
  const [report] = JSON.parse(stdout) as [{ filename: string }];
  const tarball = `file:${path.join(home, report.filename)}`;
  const dependencies = { 'socket.io': tarball, 'socket.io-client': tarball };
  await writeFile(path.join(home, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent'], { cwd: home });
  const { name } = JSON.parse(await readFile(path.join(home, 'node_modules/socket.io/package.json'), 'utf8')) as {
    name: string;
  };
  expect(name).toBe('throughline');
  await mkdir(path.join(home, 'node_modules/@types'), { recursive: true });
  await symlink(path.join(root, 'node_modules/@types/node'), path.join(home, 'node_modules/@types/node')).catch(
    () => undefined, // there as a dependency of a dependency
  );
}
