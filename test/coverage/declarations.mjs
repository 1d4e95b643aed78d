/**
 * What a package offers, as its published declarations say it: every export that is not a mere type, every public member
 * of the classes and enums among them, and every option and event of its interfaces.
 *
 * Public is what is neither private nor protected nor marked `@private`, `@internal` or `@package`. Inherited members count
 * for each class that has them; those of Node's emitter are read off Node.
 */
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseAst } from 'vitest/node';

const require = createRequire(import.meta.url);

/**
 * @typedef {'export' | 'method' | 'property' | 'static' | 'option' | 'event'} Kind
 *
 * @typedef {object} Member
 * @property {string} package whose declarations name it
 * @property {string} owner the class, enum or interface; empty for an export
 * @property {string} name
 * @property {Kind} kind
 *
 * @typedef {{ file: string, node: any }} Declared a declaration and where it stands
 */

/** Reads one package: `file` is where its declarations start, `hidden` names classes that it hands out but doesn't export. */
export function readDeclarations(packageName, file, hidden = {}) {
  /** @type {Member[]} */
  const members = [];
  const add = (owner, name, kind) => {
    if (!members.some((known) => known.owner === owner && known.name === name))
      members.push({ package: packageName, owner, name, kind });
  };
  for (const [name, declared] of exportsOf(file)) {
    if (declared.node.type === 'TSInterfaceDeclaration') {
      const kind = name.endsWith('Events') ? 'event' : 'option';
      for (const member of interfaceMembers(declared)) add(name, member, kind);
    } else if (declared.node.type !== 'TSTypeAliasDeclaration') {
      if (declared.isType) continue;
      add('', name, 'export');
      addMembers(name, declared, add);
    }
  }
  for (const [name, where] of Object.entries(hidden))
    addMembers(name, lookUp(path.join(path.dirname(file), where), name), add);
  return members;
}

/** All names of options that a tree of declarations knows, whatever interface they stand in. */
export function propertyNames(files) {
  const names = new Set();
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (node.type === 'TSPropertySignature' || node.type === 'TSMethodSignature') names.add(keyOf(node));
    for (const child of Object.values(node)) visit(child);
  };
  for (const file of files) visit(parse(file).program);
  return names;
}

function addMembers(owner, declared, add) {
  if (declared.node.type === 'TSEnumDeclaration') {
    for (const member of declared.node.body.members) add(owner, member.id.name, 'static');
    return;
  }
  for (const { name, kind } of classMembers(declared)) add(owner, name, kind);
}

/** @returns {Generator<{ name: string, kind: Kind }>} */
function* classMembers(declared) {
  const { file, node } = declared;
  if (node.type !== 'ClassDeclaration') return;
  for (const member of node.body.body) {
    const name = keyOf(member);
    if (name === undefined || member.kind === 'constructor' || !isPublic(member, parse(file).text)) continue;
    const isMethod = member.type.endsWith('MethodDefinition') && member.kind === 'method';
    yield { name, kind: member.static ? 'static' : isMethod ? 'method' : 'property' };
  }
  const base = node.superClass?.name;
  if (base === undefined) return;
  if (importedFrom(file, base) === 'events') {
    for (const name of Object.getOwnPropertyNames(EventEmitter.prototype))
      if (name !== 'constructor' && !name.startsWith('_')) yield { name, kind: 'method' };
  } else if (base !== 'Error') yield* classMembers(lookUp(file, base));
}

function* interfaceMembers({ file, node }) {
  for (const member of node.body.body) {
    const name = keyOf(member);
    if (name !== undefined) yield name;
  }
  for (const { expression } of node.extends ?? []) {
    const base = expression.name === 'Error' ? undefined : find(file, expression.name);
    if (base?.node.type === 'TSInterfaceDeclaration') yield* interfaceMembers(base);
  }
}

function isPublic(member, text) {
  if (member.accessibility === 'private' || member.accessibility === 'protected') return false;
  const comment = /\/\*\*(?:(?!\*\/)[^])*\*\/\s*$/.exec(text.slice(0, member.start))?.[0] ?? '';
  return !/@(private|protected|internal|package)\b/.test(comment);
}

const keyOf = (member) => (member.computed ? undefined : (member.key?.name ?? member.key?.value));

const parsed = new Map();

function parse(file) {
  let known = parsed.get(file);
  if (known === undefined) {
    const text = readFileSync(file, 'utf8');
    parsed.set(file, (known = { text, program: parseAst(text, { lang: 'dts' }, file) }));
  }
  return known;
}

/** A declaration by its name in a file, or in the file that it was imported from. */
function find(file, name) {
  for (const statement of parse(file).program.body) {
    const node = statement.declaration ?? statement;
    if (node.id?.name === name) return { file, node };
    if (node.type === 'VariableDeclaration' && node.declarations.some((each) => each.id.name === name))
      return { file, node };
    for (const specifier of statement.specifiers ?? []) {
      if (statement.type === 'ImportDeclaration' && specifier.local.name === name) {
        if (specifier.type === 'ImportNamespaceSpecifier') return { file, node: specifier };
        return find(resolve(file, statement.source.value), specifier.imported?.name ?? 'default');
      }
      if (statement.type === 'ExportNamedDeclaration' && statement.source && specifier.exported.name === name)
        return find(resolve(file, statement.source.value), specifier.local.name);
    }
    // `declare const _default: …; export default _default`
    if (name === 'default' && statement.type === 'ExportDefaultDeclaration') return { file, node };
  }
  return undefined;
}

function lookUp(file, name) {
  const declared = find(file, name);
  if (declared === undefined) throw new Error(`${name} is declared neither in ${file} nor where that imports it from`);
  return declared;
}

/** @returns {Generator<[string, Declared & { isType: boolean }]>} */
function* exportsOf(file) {
  for (const statement of parse(file).program.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const isType = statement.exportKind === 'type' && statement.declaration == null;
    const declaration = statement.declaration;
    const own = declaration?.id ?? declaration?.declarations?.[0].id;
    if (own) yield [own.name, { file, node: declaration, isType }];
    for (const specifier of statement.specifiers) {
      const from = statement.source ? resolve(file, statement.source.value) : file;
      yield [specifier.exported.name, { ...lookUp(from, specifier.local.name), isType }];
    }
  }
}

function importedFrom(file, name) {
  const found = parse(file).program.body.find(
    (statement) =>
      statement.type === 'ImportDeclaration' && statement.specifiers.some((specifier) => specifier.local.name === name),
  );
  return found?.source.value;
}

function resolve(from, specifier) {
  if (specifier.startsWith('.')) {
    const base = path.join(path.dirname(from), specifier.replace(/\.[cm]?js$/, ''));
    const file = [`${base}.d.ts`, `${base}/index.d.ts`].find(existsSync);
    if (file === undefined) throw new Error(`${specifier} in ${from} leads nowhere`);
    return file;
  }
  const entry = require.resolve(specifier);
  return entry.replace(/\.[cm]?js$/, '.d.ts');
}
