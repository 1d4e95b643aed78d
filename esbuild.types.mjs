/**
 * The declarations, twice: TypeScript takes a file's module system from the nearest package.json, so that what `import`
 * gets and what `require` gets can't be the same file. The text is the same.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * @param {string} outdir
 * @param {readonly import('./esbuild.entries.mjs').Entry[]} entries
 */
export async function buildTypes(outdir, entries) {
  const esm = `${outdir}/esm`;
  const cjs = `${outdir}/cjs`;
  // Declarations are written whether or not the compiler complains. Whether it may is `npm run check`'s question.
  await promisify(execFile)('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json', '--outDir', esm]).catch((error) =>
    console.warn(`tsc complains: ${error.stdout}`),
  );
  const { imports } = JSON.parse(await readFile('package.json', 'utf8'));
  for (const file of await readdir(esm, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue;
    const text = await readFile(`${esm}/${file}`, 'utf8');
    await writeFile(`${esm}/${file}`, withResolvableSpecifiers(text, file, imports));
  }
  await mkdir(`${esm}/entries`, { recursive: true });
  await Promise.all(entries.map((entry) => writeFile(`${esm}/entries/${entry.name}.d.ts`, entryOf(entry))));
  await cp(esm, cjs, { recursive: true });
  await writeFile(`${cjs}/package.json`, '{ "type": "commonjs" }\n');
}

/** Every TypeScript understands `./x.js` and none of our `#…` outside of our package. */
function withResolvableSpecifiers(text, file, imports) {
  return text.replace(/(\bfrom |\bimport\(|^import )(['"])([.#][^'"]+)\2/gm, (_whole, before, quote, specifier) => {
    const target = specifier.startsWith('#')
      ? path.posix.relative(path.posix.dirname(file), path.posix.normalize(imports[specifier].default))
      : specifier;
    const relative = target.startsWith('.') ? target : `./${target}`;
    return `${before}${quote}${relative.replace(/\.ts$/, '.js')}${quote}`;
  });
}

/** @param {import('./esbuild.entries.mjs').Entry} entry */
function entryOf({ source, faceType, faceInstance }) {
  const module = `../${source.replace(/\.ts$/, '.js')}`;
  const lines = [`export * from '${module}';`];
  if (faceType) {
    lines.push(`import * as entry from '${module}';`, `declare const face: ${faceType};`);
    if (faceInstance) lines.push(`type face = ${faceInstance};`);
    lines.push('export { face as default };');
  }
  return `${lines.join('\n')}\n`;
}
