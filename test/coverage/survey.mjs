/** Every public member, whether the built package has it, and the test that shows its meaning. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { propertyNames, readDeclarations } from './declarations.mjs';
import { findTest } from './evidence.mjs';
import { emitterTests, notToBeHad, testedBy } from './exceptions.mjs';
import { makeInstances } from './instances.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What each official package is called in ours: `role` in `instances.mjs`, `entry` in dist, `folders` of dist/types in which its
 * options are declared.
 */
const packages = [
  {
    name: 'socket.io',
    role: 'server',
    entry: 'index',
    declarations: 'dist/index.d.ts',
    folders: ['server', 'shared'],
    // Handed out as `socket.client`.
    hidden: { Client: 'client.d.ts' },
  },
  {
    name: 'socket.io-client',
    role: 'client',
    entry: 'client',
    declarations: 'build/esm/index.d.ts',
    folders: ['client', 'shared'],
  },
  {
    name: 'engine.io',
    role: 'engine',
    entry: 'engine',
    declarations: 'build/engine.io.d.ts',
    folders: ['server', 'shared'],
  },
  {
    name: 'engine.io-client',
    role: 'engineClient',
    entry: 'engine-client',
    declarations: 'build/esm/index.d.ts',
    folders: ['client', 'shared'],
  },
  {
    name: 'socket.io-adapter',
    role: 'adapter',
    entry: 'adapter',
    declarations: 'dist/index.d.ts',
    folders: ['server/events'],
  },
];

/**
 * @typedef {object} Finding
 * @property {import('./declarations.mjs').Member} member
 * @property {string} key
 * @property {'ours' | 'missing' | 'not to be had'} state
 * @property {string} [reason] why it can't be had
 * @property {string} [test] `file:line › title`
 */

/** @returns {Promise<Finding[]>} */
export async function survey() {
  const modules = {};
  for (const { role, entry } of packages) {
    const file = path.join(root, 'dist/node', `${entry}.mjs`);
    if (!existsSync(file)) throw new Error(`${file} is not there: npm run build`);
    modules[role] = await import(file);
  }
  const { instances, close } = await makeInstances(modules);
  try {
    return packages.flatMap(({ name, role, declarations, folders, hidden }) => {
      const home = path.dirname(packageFile(name));
      const options = propertyNames(folders.flatMap((folder) => filesUnder(path.join(root, 'dist/types/esm', folder))));
      return readDeclarations(name, path.join(home, declarations), hidden).map((member) =>
        judge(member, isThere(member, modules[role], instances, options)),
      );
    });
  } finally {
    await close();
  }
}

/** @returns {Finding} */
function judge(member, isOurs) {
  const key =
    member.owner === '' ? `${member.package}:${member.name}` : `${member.package}:${member.owner}.${member.name}`;
  const reason = notToBeHad[key] ?? notToBeHad[`${member.package}:${member.owner}.*`];
  if (reason !== undefined) {
    if (isOurs) throw new Error(`${key} is said to be missing (exceptions.mjs), and is there`);
    return { member, key, state: 'not to be had', reason };
  }
  const named = testedBy[key] ?? (member.kind === 'method' ? emitterTests[member.name] : undefined);
  if (named !== undefined) checkNamed(key, named);
  const found = named === undefined ? findTest(member) : undefined;
  const test = named ?? (found && `${found.file}:${found.line} › ${found.title}`);
  return { member, key, state: isOurs ? 'ours' : 'missing', ...(test !== undefined && { test }) };
}

/** Whether ours has it: on a live object, or on the class where none is made in Node. */
function isThere({ package: packageName, owner, name, kind }, module, instances, options) {
  if (kind === 'option' || kind === 'event') return options.has(name);
  if (kind === 'export') return name in module;
  if (kind === 'static') return module[owner] !== undefined && name in module[owner];
  const object = instances.get(`${packageName}:${owner}`) ?? module[owner]?.prototype;
  if (object === undefined || !(name in object)) return false;
  return kind !== 'method' || typeof object[name] === 'function';
}

function checkNamed(key, named) {
  const [file, title] = named.split(' › ');
  const where = path.join(root, file);
  if (!existsSync(where) || !readFileSync(where, 'utf8').includes(title))
    throw new Error(`${key} is said to be tested by ${named} (exceptions.mjs), which is not there`);
}

function packageFile(name) {
  return path.join(root, 'node_modules', name, 'package.json');
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true })
    .map((file) => path.join(folder, String(file)))
    .filter((file) => file.endsWith('.d.ts'));
}
