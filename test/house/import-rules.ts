/**
 * The rules on imports (CONTRIBUTING.md), as a function from sources to complaints.
 *
 * Wings stand side by side (`server`, `client`), each with three floors (`websocket`, `engine`, `events`); `shared` lies
 * under both. What stands directly in a wing (`client/index.ts`) is its roof and may reach all of it; what stands directly in `shared` its ground.
 */
import path from 'node:path';
import type { SourceFile } from './source-file.ts';

/** package.json's `imports`: for each `#name` the files that it may lead to. */
export type Variants = Readonly<Record<string, readonly string[]>>;

const floors = ['ground', 'websocket', 'engine', 'events', 'roof'] as const;

interface Place {
  readonly wing: string;
  readonly height: number;
}

/** Undefined for what is no part of the library: the entries at the root, tests, the demo. */
function placeOf(file: string): Place | undefined {
  const [wing = '', floor = ''] = file.split('/');
  if (!['server', 'client', 'shared'].includes(wing)) return undefined;
  const named = floors.indexOf(floor as (typeof floors)[number]);
  if (named >= 0) return { wing, height: named };
  return { wing, height: wing === 'shared' ? floors.indexOf('ground') : floors.indexOf('roof') };
}

/** The variants for Node, and all of the client's WebSocket: browsers have their own. */
function isForNodeAlone(file: string): boolean {
  return /^(server|client\/websocket|shared\/websocket)\//.test(file) || /^client\/.*-node\.ts$/.test(file);
}

/** What computes and touches nothing: all that a protocol needs of Node. */
const nodeForProtocols = ['node:buffer', 'node:crypto', 'node:events', 'node:util', 'node:zlib'];

/**
 * The only files of `shared` that may touch a socket or a timer: the thin shell around a WebSocket, which both wings need
 * and which hence can live in neither, and the emitter, which rethrows what a listener threw in a turn of its own.
 */
const shells = [
  'shared/emitter.ts',
  ...['backlog', 'connection', 'duplex-stream', 'linger', 'live-contexts', 'outlet', 'owned-stream', 'turn'].map(
    (name) => `shared/websocket/${name}.ts`,
  ),
];

/** Packages that run in browsers too. */
const packagesForBrowsers = ['debug', 'engine.io-parser'];

/** Rule 4: clocks, timers, randomness and sockets are handed in. */
const forbiddenInShared = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestAnimationFrame',
  'performance',
  'Date.now',
  'Math.random',
  'crypto',
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
];

const globalsOfNode = ['process', 'Buffer', 'require', '__dirname', '__filename', 'setImmediate', 'global'];

/** One sentence for each breach, in the order of the files. */
export function breachesOf(
  files: readonly SourceFile[],
  variants: Variants,
  dependencies: readonly string[],
): readonly string[] {
  const breaches: string[] = [];
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const say = (what: string) => breaches.push(`${file.path} ${what}`);
    if (file.hasDefaultExport) say('has a default export');
    if (file.hasStarExport) say('has an export *');
    if (isProtocol(file.path)) {
      for (const name of forbiddenInShared) if (file.globals.has(name)) say(`uses ${name}: have it handed in`);
    }
    if (!isForNodeAlone(file.path)) {
      for (const name of globalsOfNode) if (file.globals.has(name)) say(`uses ${name}: browsers have none`);
    }
    const next: string[] = [];
    graph.set(file.path, next);
    for (const { specifier, isType } of file.imports) {
      if (!specifier.startsWith('.') && !specifier.startsWith('#')) {
        const breach = outside(file.path, specifier, isType, dependencies);
        if (breach) say(breach);
        continue;
      }
      const targets = variants[specifier] ?? [path.posix.join(path.posix.dirname(file.path), specifier)];
      for (const target of targets) {
        if (!specifier.startsWith('#') && !files.some((other) => other.path === target)) {
          say(`imports ${specifier}, which is no source file`);
        }
        const breach = inside(file.path, target, specifier.startsWith('#'));
        if (breach) say(breach);
        if (!isType) next.push(target);
      }
    }
  }
  return [...breaches, ...cyclesOf(graph)];
}

function isProtocol(file: string): boolean {
  return file.startsWith('shared/') && !shells.includes(file);
}

/** What is wrong with a file of the library that imports something that isn't. */
function outside(
  from: string,
  specifier: string,
  isType: boolean,
  dependencies: readonly string[],
): string | undefined {
  const breach = `imports ${specifier}`;
  if (specifier.startsWith('node:')) {
    if (!isForNodeAlone(from)) return `${breach}: browsers load this file`;
    // A type is no I/O.
    if (isProtocol(from) && !isType && !nodeForProtocols.includes(specifier))
      return `${breach}: protocol code does no I/O`;
    return undefined;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (!dependencies.includes(name)) return `${breach}, which is no dependency`;
  if (!isForNodeAlone(from) && !packagesForBrowsers.includes(name)) return `${breach}: browsers load this file`;
  return undefined;
}

/** What is wrong with a file of the library that imports another one. */
function inside(from: string, to: string, isVariant: boolean): string | undefined {
  const [here, there] = [placeOf(from), placeOf(to)];
  const breach = `imports ${to}`;
  // An entry at the root, and what stands beside it.
  if (!here && !to.includes('/')) return undefined;
  if (!there) return `${breach}, which is no part of the library`;
  if (!here) return undefined;
  if (there.wing === 'shared') {
    if (there.height > here.height) return `${breach}: upwards`;
  } else if (here.wing !== there.wing) {
    return `${breach}: from another wing`;
  } else if (there.height > here.height) {
    return `${breach}: upwards`;
  } else if (here.height - there.height > 1 && here.height !== floors.indexOf('roof')) {
    return `${breach}: past the floor below`;
  }
  if (!isVariant && !isForNodeAlone(from) && isForNodeAlone(to)) return `${breach}: browsers load this file`;
  return undefined;
}

/** Rings of imports that are there when the program runs. Types are gone by then and may refer to each other. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) cycles.push(`${[...trail.slice(at), file].join(' → ')} is a ring of imports`);
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}
