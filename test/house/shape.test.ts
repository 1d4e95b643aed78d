import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, manifest, read, root } from './checkout.ts';

const wings = ['server', 'client', 'shared', 'test', 'demo'];

describe('the checkout', () => {
  it('has no other folders than its wings', () => {
    const folders = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .filter((name) => name !== 'node_modules' && name !== 'dist');
    expect(folders.toSorted()).toEqual(wings.toSorted());
  });

  it('has a README in each folder that holds source files', () => {
    const folders = new Set(
      filesUnder(...wings)
        .filter((file) => /\.(ts|mjs|c|html|py|conf)$/.test(file))
        .flatMap((file) => file.split('/').map((_name, depth, names) => names.slice(0, depth).join('/')))
        .filter((folder) => folder !== ''),
    );
    expect([...folders].filter((folder) => !existsSync(path.join(root, folder, 'README.md')))).toEqual([]);
  });

  it('names its files for what they hold', () => {
    const files = filesUnder(...wings).filter((file) => file.endsWith('.ts'));
    expect(files.filter((file) => !/^[a-z0-9-]+(\.test|\.test-d)?\.ts$/.test(path.basename(file)))).toEqual([]);
    expect(files.filter((file) => /\b(utils?|helpers?|common|misc)\b/.test(file))).toEqual([]);
  });

  it('keeps its source files short enough to be read', () => {
    const long = filesUnder('server', 'client', 'shared')
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => read(file).split('\n').length > 500);
    expect(long).toEqual([]);
  });

  it('leaves no test out', () => {
    const files = filesUnder('test').filter((file) => /\.test(-d)?\.ts$/.test(file));
    expect(
      files.filter((file) => /\b(it|test|describe)\.(skip|only|todo)\b/.test(read(file)) && !file.includes('/house/')),
    ).toEqual([]);
  });
});

/** What the lockfile says of a package. */
interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

describe('what comes with the package', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
  const others = Object.entries(packages).filter(([name]) => name !== '');

  it('is known by its bytes, and so is what we build and test with', () => {
    expect(others.length).toBeGreaterThan(100);
    expect(others.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([name]) => name)).toEqual([]);
  });

  it('runs nothing where it is installed', () => {
    expect(others.filter(([, { dev, hasInstallScript }]) => !dev && hasInstallScript)).toEqual([]);
  });

  it('writes no cookie that breaks out of its line: that is since cookie 0.7', () => {
    expect(Number.parseInt(packages['node_modules/cookie']!.version, 10)).toBeGreaterThanOrEqual(1);
    expect(manifest.dependencies['cookie']).toMatch(/^\^[1-9]/);
  });

  it('is published with a statement of where it was built', () => {
    expect(manifest.publishConfig).toEqual({ provenance: true });
  });
});

describe('package.json', () => {
  it('asks for nothing at run time but what is named here', () => {
    expect(Object.keys(manifest.dependencies).toSorted()).toEqual(['cookie', 'cors', 'debug', 'engine.io-parser']);
  });

  it('pins no registry, nor does the lockfile', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"');
    expect(read('.npmrc')).not.toContain('registry=');
  });
});
