import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, validateConfig } from '@crm-mesh/config';
import { findDropIns, loadPlugin, loadSource } from '@crm-mesh/drop-ins';
import type { Source } from '@crm-mesh/sdk';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import { ROOT } from '../house/repository.js';
import { listFences, type Fence } from './markdown.js';

const TEST_TIMEOUT_MS = 120_000;

// Inside the repository, so that packages are found as they are from plugins/.
mkdirSync(join(ROOT, '.cache'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.cache/docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each block begins with the name of its file. */
const nameOf = ({ file, line, text }: Fence): string => {
  const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1];
  if (!name) throw new Error(`${file}:${line}: a block of TypeScript begins with a comment that names its file`);
  return basename(name);
};

describe('TypeScript in the documents', () => {
  const fences = listFences('ts');

  beforeAll(() => {
    for (const fence of fences) writeFileSync(join(folder, nameOf(fence)), fence.text);
  });

  it('compiles as strictly as ours', { timeout: TEST_TIMEOUT_MS }, () => {
    const base = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile).config as object;
    const { options } = ts.parseJsonConfigFileContent(base, ts.sys, ROOT);
    Object.assign(options, {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      customConditions: ['@crm-mesh/source'],
    });
    const files = fences.map((fence) => join(folder, nameOf(fence)));
    const problems = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
    const told = problems.filter(({ file }) => file?.fileName.startsWith(folder));
    expect(
      told.map(
        ({ file, messageText }) =>
          `${basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      ),
    ).toEqual([]);
  });

  it('loads as sources', async () => {
    const names = fences.map(nameOf).filter((name) => name.endsWith('.source.ts'));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect((await findSource(name.replace('.source.ts', '')))?.name).toBeDefined();
  });

  it('loads as plugins', async () => {
    const dropIns = await findDropIns([folder]);
    expect(dropIns.map(({ name }) => `${name}.plugin.ts`).toSorted()).toEqual(
      fences
        .map(nameOf)
        .filter((name) => name.endsWith('.plugin.ts'))
        .toSorted(),
    );
    for (const dropIn of dropIns) {
      const loaded = await loadPlugin(dropIn, { cacheFolder: join(folder, 'cache') });
      expect(loaded.ok ? loaded.plugin.name : loaded.error.message).toBe(dropIn.name);
    }
  });
});

/** One that comes with the mesh, of a document, or of an example. */
async function findSource(name: string): Promise<Source | undefined> {
  const own = await findDropIns([folder, join(ROOT, 'examples/close-source')], 'source');
  const dropIn = own.find((each) => each.name === name);
  const loaded = dropIn && (await loadSource(dropIn, { cacheFolder: join(folder, 'cache') }));
  return SHIPPED_SOURCES.get(name) ?? (loaded?.ok ? loaded.source : undefined);
}

describe('mesh.yaml in the documents', () => {
  const fences = listFences('yaml');

  it.each(fences.map((fence) => [`${fence.file}:${fence.line}`, fence] as const))('%s is right', async (_, fence) => {
    const file = join(folder, 'mesh.yaml');
    const isMapping = fence.text.startsWith('mapping:');
    const indented = fence.text.replaceAll(/^/gm, '      ');
    const text = isMapping
      ? `connections:\n  - tenant: acme\n    source: cloudevents\n    config:\n      tokens: [a]\n${indented}`
      : fence.text;
    writeFileSync(file, text);
    const names = [...text.matchAll(/\$\{env:(\w+)/g)].map((match) => match[1] ?? '');
    const env = Object.fromEntries(names.map((name) => [name, valueOf(name)]));
    const config = loadConfig({ file, env, cwd: folder });
    for (const [index, connection] of config.connections.entries()) {
      const source = await findSource(connection.source);
      expect(source?.name).toBe(connection.source);
      if (source) await validateConfig(source.config, connection.config, `connections[${index}].config`);
    }
  });
});

/** What passes for a secret of its kind. */
function valueOf(name: string): string {
  if (name.endsWith('_SIGNATURE_KEY')) return 'ab'.repeat(32);
  return `whsec_${Buffer.from(`the value of ${name}`).toString('base64')}`;
}

describe('JSON in the documents', () => {
  it.each(listFences('json').map((fence) => [`${fence.file}:${fence.line}`, fence] as const))(
    '%s can be read',
    (_, fence) => {
      expect(() => JSON.parse(fence.text) as unknown).not.toThrow();
    },
  );
});
