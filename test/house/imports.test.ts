import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, manifest, read, root } from './checkout.ts';
import { breachesOf } from './import-rules.ts';
import { readSource } from './source-file.ts';

const variants = {
  '#client/http': ['client/engine/http-browser.ts', 'client/engine/http-node.ts'],
};

/** The breaches of a library that has just these files. */
function check(files: Readonly<Record<string, string>>): readonly string[] {
  const sources = Object.entries(files).map(([file, text]) => readSource(file, text));
  return breachesOf(sources, variants, ['debug', 'cors', 'engine.io-parser']);
}

describe('the library', () => {
  it('keeps the rules on imports', () => {
    const files = [
      ...['index.ts', 'either-socket.ts', 'websocket.ts'].filter((file) => existsSync(path.join(root, file))),
      ...filesUnder('server', 'client', 'shared').filter((file) => file.endsWith('.ts')),
    ];
    const targets = Object.fromEntries(
      Object.entries(manifest.imports).map(([name, conditions]) => [
        name,
        Object.values(conditions).map((target) => path.posix.normalize(target)),
      ]),
    );
    const sources = files.map((file) => readSource(file, read(file)));
    expect(breachesOf(sources, targets, Object.keys(manifest.dependencies))).toEqual([]);
  });
});

describe('the rules on imports', () => {
  it.each([
    ['a file of its own room', 'server/engine/a.ts', "import { b } from './b.ts';", 'server/engine/b.ts'],
    [
      'a room within its floor',
      'server/events/a.ts',
      "import { b } from './adapter/b.ts';",
      'server/events/adapter/b.ts',
    ],
    ['the floor below', 'server/events/a.ts', "import { b } from '../engine/b.ts';", 'server/engine/b.ts'],
    [
      'shared on its own floor',
      'client/engine/a.ts',
      "import { b } from '../../shared/engine/b.ts';",
      'shared/engine/b.ts',
    ],
    ['shared far below', 'client/events/a.ts', "import { b } from '../../shared/b.ts';", 'shared/b.ts'],
    ['any floor, from the roof', 'client/index.ts', "export { b } from './engine/b.ts';", 'client/engine/b.ts'],
    ['the floor below, from the roof', 'client/index.ts', "import { b } from './events/b.ts';", 'client/events/b.ts'],
    ['any wing, from an entry', 'index.ts', "export { b } from './server/events/b.ts';", 'server/events/b.ts'],
    ['Node, on the server', 'server/engine/a.ts', "import http from 'node:http';", 'server/engine/b.ts'],
    ['Node, in a variant', 'client/engine/http-node.ts', "import http from 'node:http';", 'client/engine/b.ts'],
    ['what computes, in a protocol', 'shared/websocket/a.ts', "import z from 'node:zlib';", 'shared/websocket/b.ts'],
    [
      'a type of Node, in a protocol',
      'shared/websocket/a.ts',
      "import type n from 'node:net';",
      'shared/websocket/b.ts',
    ],
    ['a dependency', 'server/engine/a.ts', "import cors from 'cors';", 'server/engine/b.ts'],
    [
      'a type of a file that imports it',
      'server/engine/a.ts',
      "import type { b } from './b.ts';",
      'server/engine/b.ts',
    ],
  ])('allow %s', (_what, file, text, other) => {
    expect(check({ [file]: text, [other]: "import { a } from 'debug';" })).toEqual([]);
  });

  it.each([
    ['upwards', 'server/engine/a.ts', "import { b } from '../events/b.ts';", 'server/events/b.ts'],
    ['upwards', 'server/engine/a.ts', "import type { b } from '../events/b.ts';", 'server/events/b.ts'],
    ['upwards', 'shared/engine/a.ts', "export { b } from '../events/b.ts';", 'shared/events/b.ts'],
    ['upwards', 'shared/a.ts', "import { b } from './engine/b.ts';", 'shared/engine/b.ts'],
    ['upwards', 'server/engine/a.ts', "import { b } from '../../shared/events/b.ts';", 'shared/events/b.ts'],
    ['upwards', 'client/events/a.ts', "import { b } from '../index.ts';", 'client/index.ts'],
    ['past the floor below', 'server/events/a.ts', "import { b } from '../websocket/b.ts';", 'server/websocket/b.ts'],
    ['from another wing', 'server/engine/a.ts', "import { b } from '../../client/engine/b.ts';", 'client/engine/b.ts'],
    ['from another wing', 'client/engine/a.ts', "let b = import('../../server/engine/b.ts');", 'server/engine/b.ts'],
    ['from another wing', 'shared/engine/a.ts', "import '../../client/engine/b.ts';", 'client/engine/b.ts'],
    ['browsers load this file', 'client/engine/a.ts', "import http from 'node:http';", 'client/engine/b.ts'],
    ['browsers load this file', 'client/engine/a.ts', "type A = import('node:http').Agent;", 'client/engine/b.ts'],
    ['browsers load this file', 'client/engine/a.ts', "import cors from 'cors';", 'client/engine/b.ts'],
    [
      'browsers load this file',
      'client/engine/a.ts',
      "import { b } from './http-node.ts';",
      'client/engine/http-node.ts',
    ],
    ['browsers load this file', 'shared/events/a.ts', "import z from 'node:zlib';", 'shared/events/b.ts'],
    ['browsers have none', 'client/events/a.ts', 'export const a = Buffer.from("");', 'client/events/b.ts'],
    ['protocol code does no I/O', 'shared/websocket/a.ts', "import net from 'node:net';", 'shared/websocket/b.ts'],
    ['have it handed in', 'shared/engine/a.ts', 'export const a = () => Date.now();', 'shared/engine/b.ts'],
    ['have it handed in', 'shared/engine/a.ts', 'setTimeout(() => 1, 1);', 'shared/engine/b.ts'],
    ['have it handed in', 'shared/a.ts', 'const { a = fetch } = b;', 'shared/b.ts'],
    ['have it handed in', 'shared/a.ts', 'const id = Math.random();', 'shared/b.ts'],
    ['which is no dependency', 'server/websocket/a.ts', "import { WebSocket } from 'ws';", 'server/websocket/b.ts'],
    [
      'which is no dependency',
      'server/events/a.ts',
      "import type { A } from '@scope/name/deep';",
      'server/events/b.ts',
    ],
    ['which is no part of the library', 'server/events/a.ts', "import { b } from '../../test/b.ts';", 'test/b.ts'],
    ['which is no source file', 'server/events/a.ts', "import { b } from './gone.ts';", 'server/events/b.ts'],
    ['has a default export', 'server/events/a.ts', 'export default 1;', 'server/events/b.ts'],
    ['has a default export', 'server/events/a.ts', 'const a = 1; export { a as default };', 'server/events/b.ts'],
    ['has an export *', 'server/events/index.ts', "export * from './b.ts';", 'server/events/b.ts'],
  ])('refuse what is %s: %s with %s', (breach, file, text, other) => {
    expect(check({ [file]: text, [other]: '' })).toEqual([expect.stringContaining(breach)]);
  });

  it('look at every variant of a # import', () => {
    expect(
      check({
        'server/engine/a.ts': "import { http } from '#client/http';",
        'client/engine/http-browser.ts': '',
        'client/engine/http-node.ts': '',
      }),
    ).toHaveLength(2);
  });

  it('refuse a ring, however long, and name it', () => {
    expect(
      check({
        'shared/a.ts': "import { b } from './b.ts';",
        'shared/b.ts': "export { c } from './c.ts';",
        'shared/c.ts': "import './a.ts';",
      }),
    ).toEqual(['shared/a.ts → shared/b.ts → shared/c.ts → shared/a.ts is a ring of imports']);
  });

  it('do not take a member or a local name for a global', () => {
    expect(
      check({
        'shared/a.ts': `export class Wire {
          setTimeout(fetch: number) { return fetch + this.crypto; }
          private crypto = 1;
        }
        export const open = ({ performance, as: [WebSocket = 1] }) => performance + WebSocket;`,
      }),
    ).toEqual([]);
  });
});
