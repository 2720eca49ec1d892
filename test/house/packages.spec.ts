import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listFiles, listPackages, readManifest, readText, ROOT } from './repository.js';

interface Project {
  type: 'library' | 'application';
  root: string;
  entryFile: string;
  sourceRoot: string;
  compilerOptions: { tsConfigPath: string };
}

const packages = listPackages();
const built = packages.filter((folder) => folder !== 'plugins');
const nest = JSON.parse(readText('nest-cli.json')) as { projects: Record<string, Project> };
const projects = Object.values(nest.projects);

describe('nest-cli.json', () => {
  it('lists every app and library', () => {
    expect(projects.map(({ root }) => root).toSorted()).toEqual(built.toSorted());
  });

  it('lists libraries before apps, for `nest build --all` goes by that order', () => {
    const types = projects.map(({ type }) => type);
    expect(types).toEqual([...types].toSorted().toReversed());
  });

  it.each(projects)('$root is where it says', ({ type, root, entryFile, sourceRoot, compilerOptions }) => {
    expect(type).toBe(root.startsWith('apps/') ? 'application' : 'library');
    expect(existsSync(join(ROOT, sourceRoot, `${entryFile}.ts`))).toBe(true);
    expect(existsSync(join(ROOT, compilerOptions.tsConfigPath))).toBe(true);
  });
});

it('tsconfig.json refers to every app and library', () => {
  const { references } = JSON.parse(readText('tsconfig.json')) as { references: { path: string }[] };
  expect(references.map(({ path }) => path).toSorted()).toEqual(built.toSorted());
});

// What specs import need not be built before it: in a fresh clone it is not.
it.each(built)('%s builds neither specs nor their fixtures', (folder) => {
  const { exclude } = JSON.parse(readText(join(folder, 'tsconfig.json'))) as { exclude: string[] };
  expect(exclude).toEqual(['src/**/*.spec.ts', 'src/**/*.fixture.ts']);
});

describe.each(packages)('%s', (folder) => {
  const manifest = readManifest(folder);

  it('has a name, a description and the licence', () => {
    expect(manifest.name).toBe(`@crm-mesh/${folder.replace(/^(apps|libs)\//, '')}`);
    expect(manifest.description).toMatch(/\S/);
    expect(manifest.license).toBe('Apache-2.0');
  });
});

it.each(built)('%s has a door whose source is there', (folder) => {
  const { exports = {}, bin = {} } = readManifest(folder);
  const doors = Object.entries(exports).filter(([, target]) => typeof target === 'object') as [
    string,
    Record<string, string>,
  ][];
  expect(doors.length + Object.keys(bin).length).toBeGreaterThan(0);
  for (const [, door] of doors) {
    const source = door['@crm-mesh/source'] ?? '';
    expect(existsSync(join(ROOT, folder, source))).toBe(true);
    // The compiled file is named as the source is.
    expect(door.default).toBe(source.replace('./src/', './dist/').replace(/\.ts$/, '.js'));
    expect(door.types).toBe(door.default?.replace(/\.js$/, '.d.ts'));
  }
});

it.each(packages.filter((folder) => folder.startsWith('libs/')))('%s is imported by its doors only', (folder) => {
  const { name, exports = {} } = readManifest(folder);
  const doors = Object.keys(exports).map((door) => door.replace(/^\./, name).replace('/*', '/'));
  const imported = listFiles()
    .filter((file) => /^(apps|libs|plugins)\/.*\.ts$/.test(file))
    .flatMap((file) => [...readText(file).matchAll(/ from '(@crm-mesh\/[^']+)'/g)].map((match) => match[1] ?? ''))
    .filter((path) => path === name || path.startsWith(`${name}/`));
  expect(
    [...new Set(imported)].filter((path) => !doors.some((door) => path === door || path.startsWith(`${name}/schema/`))),
  ).toEqual([]);
});
