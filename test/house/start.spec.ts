import { execFileSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { ROOT } from './repository.js';

const OF_CONTRACT = ['@crm-mesh/contract', 'fastest-levenshtein', 'safe-stable-stringify'];
const OF_CHECKING = [...OF_CONTRACT, 'ajv'];
const OF_SDK = [...OF_CONTRACT, '@crm-mesh/sdk'];

/**
 * Every app, command and worker of a plugin loads these at its start; what checks classes alone would take longer than all
 * else of a worker. Before a package is added here: see what it costs each of them, and whether it can be imported where it is
 * first needed.
 */
it.each<[module: string, packages: readonly string[]]>([
  ['libs/contract/dist/index.js', OF_CONTRACT],
  // At the first event of a plugin.
  ['libs/contract/dist/checking.js', OF_CHECKING],
  [
    'libs/plugin-consumer/dist/reading.js',
    [...OF_CHECKING, ...OF_SDK, '@crm-mesh/delivery', '@crm-mesh/plugin-consumer'],
  ],
  ['libs/sdk/dist/index.js', OF_SDK],
  ['libs/sdk/dist/running/index.js', OF_SDK],
  [
    'apps/host/dist/plugins/worker/worker-main.js',
    [
      ...OF_SDK,
      '@crm-mesh/delivery',
      '@crm-mesh/drop-ins',
      '@crm-mesh/host',
      '@crm-mesh/plugin-consumer',
      'reflect-metadata',
    ],
  ],
])('%s loads no more packages than it needs', (module, packages) => {
  const loaded = listLoaded(module);
  expect(loaded.length).toBeGreaterThan(3);
  const crept = loaded
    .map(({ url, importer }) => ({ name: nameOf(url), importer: nameOf(importer), file: importer }))
    .filter(({ name, importer }) => name !== importer && !packages.includes(name));
  expect([...new Set(crept.map(({ name, file }) => `${name}, imported by ${file}`))]).toEqual([]);
});

interface Loaded {
  /** Paths from the root. */
  url: string;
  importer: string;
}

/** Said by node itself, of the compiled module. */
function listLoaded(module: string): Loaded[] {
  const hooks = `
    import { writeSync } from 'node:fs';
    export async function resolve(name, context, next) {
      const found = await next(name, context);
      if (found.url.startsWith('file:')) writeSync(1, found.url + ' ' + context.parentURL + '\\n');
      return found;
    }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(toUrl(hooks))});`;
  // What a worker does at last needs a worker; it has loaded all by then.
  const load = `await import(${JSON.stringify(pathToFileURL(join(ROOT, module)).href)}).catch((error) => {
    if (error.code !== undefined) throw error;
  });`;
  const output = execFileSync(process.execPath, ['--import', toUrl(register), '--input-type=module', '-e', load]);
  return output
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(toPath))
    .map(([url = '', importer = '']) => ({ url, importer }));
}

function toUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

function toPath(url: string): string {
  return url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)).replaceAll('\\', '/') : url;
}

/** `libs/sdk/dist/index.js` → `@crm-mesh/sdk`, `node_modules/ajv/dist/ajv.js` → `ajv`. */
function nameOf(path: string): string {
  const own = /^(?:apps|libs)\/([^/]+)\//.exec(path);
  if (own) return `@crm-mesh/${own[1]}`;
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? path;
}
