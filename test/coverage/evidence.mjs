/**
 * Which test shows what a member means: the first that uses it, in the folders that test its package.
 *
 * A use is looked for where the member's own kind of object stands before the dot (`receivers`); failing that, any use by that
 * name. Members that no search finds well have their test named in `exceptions.mjs`.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const testFolder = fileURLToPath(new URL('..', import.meta.url));

/** Where each package's behaviour is tested, the most telling first: a file belongs if the pattern fits its path. */
const places = {
  'socket.io': [
    /^events\/(?!client-)/,
    /^interop\//,
    /^adapters\//,
    /^browser\//,
    /^coverage\//,
    /^engine\/(?!client-)/,
  ],
  'socket.io-client': [/^events\/client-/, /^interop\//, /^events\//, /^coverage\//, /^browser\//, /^engine\/client-/],
  'engine.io': [/^engine\/(?!client-)/, /^interop\/engine/, /^middleboxes\//, /^coverage\//],
  'engine.io-client': [/^engine\/client-/, /^interop\/engine/, /^events\/client-/, /^coverage\//],
  'socket.io-adapter': [
    /^events\/.*(adapter|recovery)/,
    /^adapters\//,
    /^events\/server-/,
    /^interop\/redis/,
    /^coverage\//,
  ],
};

/** What tests call an object of each class, as it stands before the dot. */
const receivers = {
  'socket.io:Server': String.raw`(?:io|server|first|second|a\.io|b\.io)`,
  'socket.io:Namespace': String.raw`(?:\.of\([^)]*\)|namespace|nsp|sockets)`,
  'socket.io:Socket': String.raw`(?:\w*[sS]ocket\w*|accepted)`,
  'socket.io:BroadcastOperator': String.raw`(?:\.(?:to|in|except|timeout|compress)\([^)]*\)|\.(?:volatile|local|broadcast))`,
  'socket.io:RemoteSocket': String.raw`(?:remote|seen|fetched|\w+)!?`,
  'socket.io-client:Manager': String.raw`(?:manager|\.io)`,
  'socket.io-client:Socket': String.raw`(?:client|socket|one|other)`,
  'engine.io:Server': String.raw`(?:engine|server|io)`,
  'engine.io:Socket': String.raw`(?:session|socket|conn)`,
  'engine.io:Transport': String.raw`(?:transport|session\.transport)`,
  'engine.io-client:Socket': String.raw`(?:socket|client|engine)`,
};

const transports = ['Transport', 'Fetch', 'NodeXHR', 'XHR', 'NodeWebSocket', 'WebSocket'];
for (const name of transports) {
  receivers[`engine.io-client:${name}`] = 'transport';
  receivers[`socket.io-client:${name}`] = 'transport';
}
for (const name of ['Adapter', 'SessionAwareAdapter', 'ClusterAdapter', 'ClusterAdapterWithHeartbeat'])
  receivers[`socket.io-adapter:${name}`] = 'adapter';

/** @type {readonly { file: string, lines: readonly string[] }[]} */
const files = readdirSync(testFolder, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.test.ts'))
  .toSorted()
  .map((file) => ({ file, lines: readFileSync(path.join(testFolder, file), 'utf8').split('\n') }));

/**
 * @param {import('./declarations.mjs').Member} member
 * @returns {{ file: string, line: number, title: string } | undefined}
 */
export function findTest(member) {
  for (const pattern of patternsFor(member)) {
    for (const place of places[member.package]) {
      for (const { file, lines } of files) {
        if (!place.test(file)) continue;
        const at = lines.findIndex((line) => !/^\s*(\/\/|\*|\/\*|import\b)/.test(line) && pattern.test(line));
        if (at >= 0) return { file: `test/${file}`, line: at + 1, title: titleAt(lines, at) };
      }
    }
  }
  return undefined;
}

/** @returns {RegExp[]} the best first */
function patternsFor({ package: packageName, owner, name, kind }) {
  const word = name.replaceAll('$', String.raw`\$`);
  if (kind === 'export')
    return [new RegExp(String.raw`(?:\.|new |extends |\{ ?|\()${word}\b`), new RegExp(String.raw`\b${word}\b`)];
  if (kind === 'event') return [new RegExp(`['"]${word}['"]`)];
  if (kind === 'option')
    return [new RegExp(String.raw`\b${word}\??\s*:|[{,] ${word}\b ?[,}]`), new RegExp(String.raw`['"\.]${word}\b`)];
  if (kind === 'static') return [new RegExp(String.raw`\b${owner}\.${word}\b`), new RegExp(String.raw`\b${word}\b`)];
  const end = kind === 'method' ? String.raw`(?:<[^(]*>)?\(` : String.raw`\b`;
  const receiver = receivers[`${packageName}:${owner}`];
  const any = new RegExp(String.raw`\.${word}${end}`);
  return receiver === undefined
    ? [any]
    : [new RegExp(String.raw`(?:\b|(?=\.))${receiver}[!?]?\s*\.${word}${end}`), any];
}

/** The title of the test that a line is in, or of the last one before it. */
function titleAt(lines, at) {
  for (let n = at; n >= 0; n--) {
    const title = /\b(?:it|test|describe)\b.*?\(\s*(['"`])(.+?)\1,/.exec(lines[n])?.[2];
    if (title !== undefined) return title;
    const wrapped = /^\s*\]\)\(\s*(['"`])(.+?)\1,/.exec(lines[n])?.[2];
    if (wrapped !== undefined) return wrapped;
  }
  return '';
}
