/**
 * Names of properties that a minifier may shorten, because nobody but our own code knows them.
 *
 * A bundler shortens every property that bears a name. So a name is left as it is if anybody else may mean something by it:
 * the platform, an application, the other end of the wire, or our own code by a text. An application knows what our
 * declarations show, and what is tagged `@internal` they don't.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { transform } from 'esbuild';

/** Keys of what is sent and received that no published declaration has, though our own code has them too. */
const wire = [
  'EIO',
  '_placeholder',
  'attach',
  'from',
  'move',
  'num',
  'offset',
  'pid',
  'seen',
  'sse',
  'turn',
  'why',
  'within',
];

/** Of Node: a timer that is there. */
const node = ['unref'];

const comment = /\/\*[\s\S]*?\*\/|^\s*\/\/.*/gm;
const privateMember = /^\s*private .*/gm;
/** A text that is a name, and so may be a key. */
const name = /"([A-Za-z_$][\w$]*)"/g;

const member = /\.([A-Za-z_$][\w$]*)/g;

const words = (code) => code.match(/[A-Za-z_$][\w$]*/g) ?? [];

/**
 * @param {readonly string[]} sources the code of every file in the bundle, as TypeScript
 * @param {readonly string[]} declarations what others may rely on: of the platform, and our own
 * @returns {Promise<readonly string[]>}
 */
export async function internalNames(sources, declarations) {
  const known = new Set([...wire, ...node]);
  const ours = new Set();
  for (const declaration of declarations) {
    for (const word of words(declaration.replace(comment, '').replace(privateMember, ''))) known.add(word);
  }
  for (const source of sources) {
    // Without comments, and with texts between double quotes only.
    const { code } = await transform(source, { loader: 'ts', target: 'esnext' });
    for (const [, quoted] of code.matchAll(name)) known.add(quoted);
    // A key that is written and never asked for is meant for somebody else.
    for (const [, asked] of code.matchAll(member)) ours.add(asked);
  }
  return [...ours].filter((word) => !known.has(word));
}

/** What TypeScript knows of JavaScript and of browsers. */
export async function platformDeclarations() {
  const folder = `node_modules/@typescript/typescript-${process.platform}-${process.arch}/lib`;
  const files = (await readdir(folder)).filter((file) => /^lib\.(es|dom).*\.d\.ts$/.test(file));
  return Promise.all(files.map((file) => readFile(`${folder}/${file}`, 'utf8')));
}

/** A file of declarations, and all those that it takes something from. */
export async function declarationsFrom(entry, seen = new Map()) {
  if (seen.has(entry)) return seen;
  const declaration = await readFile(entry, 'utf8');
  seen.set(entry, declaration);
  for (const [, specifier] of declaration.matchAll(/from '(\.[^']+)'/g)) {
    await declarationsFrom(path.join(path.dirname(entry), specifier.replace(/\.js$/, '.d.ts')), seen);
  }
  return seen;
}
