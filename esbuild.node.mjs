/**
 * Node's build: CommonJS is the real one, and each ESM entry is a thin wrapper that re-exports it by name. So there is
 * never a second copy of a class in one process, however the package is loaded.
 *
 * esbuild splits shared code into chunks only for ESM. Hence two passes: bundle and split as ESM, then turn each file into
 * CommonJS. Source maps go through both.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, transform } from 'esbuild';
import { faceOf } from './esbuild.entries.mjs';

/** Sources may ask `import.meta.url` where they are; CommonJS has another name for it. */
const importMetaUrl = {
  use: 'importMetaUrl',
  declare: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;",
};

/**
 * Two classes of one name in one chunk, and esbuild renames the second; people look at names in logs and debuggers.
 * esbuild's own `keepNames` would cost a call for every closure that is made.
 */
const keepClassNames = {
  name: 'keep-class-names',
  /** @param {import('esbuild').PluginBuild} build */
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const names = [...source.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)].map(([, name]) => name);
      const kept = names.map((name) => `Object.defineProperty(${name}, 'name', { value: '${name}' });`);
      return { loader: 'ts', contents: `${source}\n${kept.join('\n')}` };
    });
  },
};

/**
 * What a chunk takes from another, taken once. esbuild would ask the other's exports at every use, through two getters: a
 * twelfth of what a message costs. Chunks never import each other in a circle, and no source exports a variable that it
 * assigns anew, so what is taken is final.
 *
 * @param {string} code an ESM chunk as esbuild writes it
 */
function takeImports(code) {
  return code.replace(
    /^import \{([^}]*)\} from ("\.\/[^"]*");$/gm,
    (_, names, from) => `const {${names.replaceAll(' as ', ': ')}} = require(${from});`,
  );
}

/**
 * esbuild's way to export names walks up to Object.prototype, and fails at what an application may have put there.
 *
 * @param {string} code a CommonJS file as esbuild writes it
 */
const exportOwnNames = (code) => code.replace('for (var name in all)', 'for (var name of Object.keys(all))');

/**
 * @param {string} outdir
 * @param {readonly import('./esbuild.entries.mjs').Entry[]} entries
 */
export async function buildNode(outdir, entries) {
  const { outputFiles, metafile } = await build({
    entryPoints: entries.map(({ name, source }) => ({ in: source, out: name })),
    outdir,
    outExtension: { '.js': '.cjs' },
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins: [keepClassNames],
    sourcemap: 'inline',
    define: { 'import.meta.url': importMetaUrl.use },
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  await mkdir(outdir, { recursive: true });
  await Promise.all(
    outputFiles.map(async (file) => {
      const entry = entries.find(({ name }) => path.basename(file.path) === `${name}.cjs`);
      const { code, map } = await transform(takeImports(file.text), {
        format: 'cjs',
        platform: 'node',
        target: 'node20',
        sourcemap: 'external',
        sourcefile: path.basename(file.path),
        banner: file.text.includes(importMetaUrl.use) ? importMetaUrl.declare : '',
        footer: entry?.face ? faceOf(entry) : '',
        logLevel: 'warning',
      });
      await Promise.all([
        writeFile(file.path, `${exportOwnNames(code)}//# sourceMappingURL=${path.basename(file.path)}.map\n`),
        writeFile(`${file.path}.map`, map),
      ]);
    }),
  );
  await Promise.all(
    entries.map((entry) => {
      const names = metafile.outputs[`${outdir}/${entry.name}.cjs`].exports;
      return writeFile(`${outdir}/${entry.name}.mjs`, wrapperOf(entry, names));
    }),
  );
}

/**
 * @param {import('./esbuild.entries.mjs').Entry} entry
 * @param {readonly string[]} names
 */
function wrapperOf({ name, face }, names) {
  const lines = [`import all from './${name}.cjs';`, ...names.map((each) => `export const ${each} = all.${each};`)];
  if (face) lines.push('export default all;');
  return `${lines.join('\n')}\n`;
}
