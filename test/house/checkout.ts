/** This checkout, as its tests see it. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Absolute path of the root, with no slash behind. */
export const root = path.resolve(import.meta.dirname, '../..');

/** As much of package.json as our tests ask about. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly module: string;
  readonly browser: string;
  readonly types: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly publishConfig: Readonly<Record<string, unknown>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

/** All files under `folders`, from the root, with forward slashes, in order. */
export function filesUnder(...folders: readonly string[]): readonly string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')),
    )
    .toSorted();
}

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
