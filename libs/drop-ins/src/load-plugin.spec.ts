import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTempDir } from '@crm-mesh/testing';
import { PLUGIN_MARK } from '@crm-mesh/sdk';
import { findDropIns } from './find-drop-ins.js';
import { loadPlugin, type LoadedPlugin } from './load-plugin.js';

const temp = makeTempDir('load-plugin');
afterAll(() => temp.remove());

let folder: string;
let tests = 0;
beforeEach(() => {
  folder = join(temp.path, String(++tests), 'plugins');
  mkdirSync(folder, { recursive: true });
});

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function load(): Promise<LoadedPlugin> {
  const [dropIn] = await findDropIns([folder]);
  if (!dropIn) throw new Error('nothing was found');
  return loadPlugin(dropIn, { cacheFolder: join(folder, '../cache') });
}

async function loadWell() {
  const loaded = await load();
  if (!loaded.ok) throw loaded.error;
  return loaded;
}

function pluginText(name: string, handle = '', more = ''): string {
  return `import { definePlugin } from '@crm-mesh/sdk';\nexport default definePlugin({ name: '${name}', events: ['deal.won'], ${more} handle() { ${handle} } });\n`;
}

describe('loadPlugin', () => {
  it("loads a file outside the repository with the host's own sdk", async () => {
    write('greeter.plugin.ts', pluginText('greeter'));
    const { plugin, version } = await loadWell();
    expect(plugin).toMatchObject({ name: 'greeter', kind: PLUGIN_MARK });
    expect(version).toMatch(/^[0-9a-f]{12}$/);
  });

  it('runs decorated properties with initialisers', async () => {
    write(
      'decorated.plugin.ts',
      `
      import { IsInt, IsUrl, validateSync } from 'class-validator';
      import { Type } from 'class-transformer';
      import { definePlugin } from '@crm-mesh/sdk';
      class Part { @IsInt() size = 3; }
      class Config { @IsUrl() url!: string; @IsInt() retries = 2; @Type(() => Part) part = new Part(); }
      export default definePlugin({ name: 'decorated', events: ['deal.*'], config: Config,
        handle() { return { receipt: [new Config().retries, validateSync(Object.assign(new Config(), { url: 'x', retries: 'y' })).map((e) => e.property)] }; } });
    `,
    );
    const { plugin } = await loadWell();
    expect(await plugin.handle!({} as never, {} as never)).toEqual({ receipt: [2, ['url', 'retries']] });
  });

  it("throws errors that are of the host's classes", async () => {
    write(
      'thrower.plugin.ts',
      `
      import { definePlugin, PermanentError } from '@crm-mesh/sdk';
      export default definePlugin({ name: 'thrower', events: ['*'], handle() { throw new PermanentError('no'); } });
    `,
    );
    const { plugin } = await loadWell();
    const { PermanentError } = await import('@crm-mesh/sdk');
    expect(() => plugin.handle!({} as never, {} as never)).toThrow(PermanentError);
  });

  it('bundles nested imports, and takes them into the version', async () => {
    write(
      'nested.plugin.ts',
      `
      import { definePlugin } from '@crm-mesh/sdk';
      import { greet } from './shared/greet.js';
      export default definePlugin({ name: 'nested', events: ['*'], handle: () => ({ receipt: greet() }) });
    `,
    );
    const shared = write(
      'shared/greet.ts',
      `import words from './words.json' with { type: 'json' };\nexport const greet = (): string => words.hello;`,
    );
    const words = write('shared/words.json', '{"hello":"hallo"}');
    const before = await loadWell();
    expect(before.inputs).toEqual(expect.arrayContaining([shared, words]));
    write('shared/words.json', '{"hello":"ahoi"}');
    const after = await loadWell();
    expect(after.version).not.toBe(before.version);
    expect(await after.plugin.handle!({} as never, {} as never)).toEqual({ receipt: 'ahoi' });
    expect(await before.plugin.handle!({} as never, {} as never)).toEqual({ receipt: 'hallo' });
  });

  it('gives the same version to the same files elsewhere', async () => {
    write('same.plugin.ts', pluginText('same'));
    const { version } = await loadWell();
    folder = join(temp.path, 'elsewhere', 'other-plugins');
    write('same.plugin.ts', pluginText('same'));
    expect((await loadWell()).version).toBe(version);
  });

  it('loads a folder with packages of its own, by package.json or index.plugin.ts', async () => {
    write('own-package/package.json', '{"name":"x","type":"module","main":"./src/entry.ts"}');
    write(
      'own-package/src/entry.ts',
      `
      import { definePlugin } from '@crm-mesh/sdk';
      import shout, { mood } from 'shouting';
      import quiet from '@team/quiet/sub';
      export default definePlugin({ name: 'own-package', events: ['*'], handle: () => ({ receipt: [shout('a'), mood, quiet] }) });
    `,
    );
    write('own-package/node_modules/shouting/package.json', '{"name":"shouting","main":"lib.js"}');
    write(
      'own-package/node_modules/shouting/lib.js',
      'module.exports = (t) => t.toUpperCase() + "!"; module.exports.mood = "loud";',
    );
    write(
      'own-package/node_modules/@team/quiet/package.json',
      '{"name":"@team/quiet","type":"module","exports":{"./sub":{"import":"./quiet.js"}}}',
    );
    write('own-package/node_modules/@team/quiet/quiet.js', 'export default "shh";');
    const { plugin, inputs } = await loadWell();
    expect(await plugin.handle!({} as never, {} as never)).toEqual({ receipt: ['A!', 'loud', 'shh'] });
    expect(inputs).toEqual([join(folder, 'own-package/src/entry.ts')]);
  });

  it('takes a folder that is named itself, with an index.plugin.ts', async () => {
    write('index.plugin.ts', pluginText('plugins'));
    expect((await loadWell()).dropIn).toEqual({
      kind: 'plugin',
      name: 'plugins',
      file: join(folder, 'index.plugin.ts'),
      folder,
    });
  });

  it('takes a folder that is named itself, with a plugin as its main; one with another main holds plugins', async () => {
    const main = write('src/x.plugin.ts', pluginText('plugins'));
    write('package.json', '{"main":"./src/x.plugin.ts"}');
    expect((await loadWell()).dropIn).toEqual({ kind: 'plugin', name: 'plugins', file: main, folder });
    write('package.json', '{"main":"index.js"}');
    write('a.plugin.ts', pluginText('a'));
    expect((await findDropIns([folder])).map(({ name }) => name)).toEqual(['a']);
  });

  it('finds what stands beside the plugin', async () => {
    write(
      'beside.plugin.ts',
      `
      import { readFileSync } from 'node:fs';
      import { definePlugin } from '@crm-mesh/sdk';
      const text = readFileSync(new URL('./text.txt', import.meta.url), 'utf8') + import.meta.dirname;
      export default definePlugin({ name: 'beside', events: ['*'], handle: () => ({ receipt: text }) });
    `,
    );
    write('text.txt', 'in ');
    expect(await (await loadWell()).plugin.handle!({} as never, {} as never)).toEqual({ receipt: `in ${folder}` });
  });

  it('loads plain JavaScript', async () => {
    write('plain.plugin.mjs', pluginText('plain'));
    expect((await loadWell()).plugin.name).toBe('plain');
  });

  it('is a module of its own each time', async () => {
    write(
      'counter.plugin.ts',
      `import { definePlugin } from '@crm-mesh/sdk';\nlet runs = 0;
      export default definePlugin({ name: 'counter', events: ['*'], handle: () => ({ receipt: ++runs }) });`,
    );
    const first = await loadWell();
    await first.plugin.handle!({} as never, {} as never);
    expect(await (await loadWell()).plugin.handle!({} as never, {} as never)).toEqual({ receipt: 1 });
  });
});

/** file name, its text, and what the refusal must name: the place and the cure. */
const WRONG: [label: string, file: string, text: string, what: string, cure: string][] = [
  ['a syntax error', 'a.plugin.ts', 'const x = {\nexport default 1;', 'a.plugin.ts:2:8: ', 'Mend line 2'],
  [
    'a syntax error in a nested file',
    'a.plugin.ts',
    `import './b.js'; import './broken.js';`,
    'a.plugin.ts:1:8: Could not resolve "./b.js"',
    'Mend line 1',
  ],
  [
    'a missing package',
    'a.plugin.ts',
    `import x from 'left-pad-of-mine/sub'; x();`,
    'Cannot find the package "left-pad-of-mine/sub"',
    'npm install --prefix',
  ],
  [
    'an inner package of the mesh',
    'a.plugin.ts',
    `import x from '@crm-mesh/delivery'; x();`,
    'Plugins import "@crm-mesh/sdk" only, not "@crm-mesh/delivery"',
    'Mend line 1',
  ],
  [
    'a throw at load',
    'a.plugin.ts',
    `throw new TypeError('no database');`,
    'throws while it is loaded: TypeError: no database',
    'setup()',
  ],
  [
    'no default export',
    'a.plugin.ts',
    'export const x = 1;',
    'default export: is missing',
    'export default definePlugin',
  ],
  [
    'no plugin',
    'a.plugin.ts',
    `export default { name: 'a', events: ['deal.won'], handle() {} };`,
    'default export: was not made by definePlugin',
    'export default definePlugin',
  ],
  [
    "a name that is not the file's",
    'a.plugin.ts',
    pluginText('b'),
    'name: is "b", but the file is "a.plugin.ts"',
    `name: 'a'`,
  ],
  [
    "a name that is not the folder's",
    'a/index.plugin.ts',
    pluginText('b'),
    'name: is "b", but the folder is "a"',
    `rename the folder`,
  ],
  [
    'a name that is not allowed',
    'Deal_Won.plugin.ts',
    pluginText('Deal_Won'),
    'name: "Deal_Won" is not allowed',
    'lower-case letters',
  ],
  ['a name that is too long', `${'a'.repeat(33)}.plugin.ts`, pluginText('a'.repeat(33)), 'is not allowed', '1 to 32'],
  [
    'a reserved name',
    'normaliser.plugin.ts',
    pluginText('normaliser'),
    `one of the mesh's own consumers`,
    'Choose another name',
  ],
  [
    'a wrong event',
    'a.plugin.ts',
    pluginText('a').replace('deal.won', 'deal.wonn'),
    'events[0]: "deal.wonn" is no event',
    'Did you mean "deal.won"?',
  ],
  [
    "another CRM's entity",
    'a.plugin.ts',
    pluginText('a').replace('deal.won', 'opportunity.won'),
    'events[0]',
    'Did you mean "deal.won"?',
  ],
  [
    'no events',
    'a.plugin.ts',
    pluginText('a').replace(`'deal.won'`, ''),
    'events: names no event',
    `events: ['deal.won']`,
  ],
  [
    'no handle',
    'a.plugin.ts',
    `import { definePlugin } from '@crm-mesh/sdk'; export default definePlugin({ name: 'a', events: ['*'] });`,
    'handle: is missing',
    'async handle(event, context)',
  ],
  [
    'handle is no function',
    'a.plugin.ts',
    `import { definePlugin } from '@crm-mesh/sdk'; export default definePlugin({ name: 'a', events: ['*'], handle: 5 });`,
    'handle: is no function',
    'async handle',
  ],
  [
    'a wrong delivery option',
    'a.plugin.ts',
    pluginText('a', '', 'delivery: { timeoutMs: 0 },'),
    'delivery.timeoutMs: is 0',
    'from 1 to',
  ],
  [
    'an unknown delivery option',
    'a.plugin.ts',
    pluginText('a', '', 'delivery: { maxAttemps: 2 },'),
    'delivery.maxAttemps: is not known',
    'Did you mean "maxAttempts"?',
  ],
  [
    'configuration values for a schema',
    'a.plugin.ts',
    pluginText('a', '', `config: { url: 'x' },`),
    'config: describes no configuration',
    'mesh.yaml',
  ],
  ['an unknown key', 'a.plugin.ts', pluginText('a', '', 'setUp() {},'), 'setUp: is not known', 'Did you mean "setup"?'],
  [
    'a setup that is no function',
    'a.plugin.ts',
    pluginText('a', '', 'setup: true,'),
    'setup: is no function',
    'leave it out',
  ],
  ['a folder without a plugin', 'a/package.json', '{}', 'index.plugin.ts does not exist', 'Add an index.plugin.ts'],
  [
    'a folder whose main is missing',
    'a/package.json',
    '{"main":"x.ts"}',
    'x.ts does not exist',
    '"main" in its package.json',
  ],
];

describe('a wrong plugin', () => {
  it.each(WRONG)('%s is refused', async (_, ...[file, text, what, cure]) => {
    write(file, text);
    write('broken.ts', 'export const = 5;');
    const loaded = await load();
    if (loaded.ok) throw new Error('it was taken');
    expect(loaded.error).toMatchObject({
      code: 'MESH_PLUGIN_INVALID',
      what: expect.stringContaining(what),
      cure: expect.stringContaining(cure),
    });
    expect(loaded.error.what).toContain(folder);
    expect(loaded.inputs).toContain(loaded.dropIn.file);
  });

  it('is told everything at once', async () => {
    write('a.plugin.ts', pluginText('b', '', 'delivery: { concurrency: 0 },').replace('deal.won', 'deals.won'));
    const loaded = await load();
    expect(loaded.ok ? '' : loaded.error.what).toMatch(/name: .*; events\[0\]: .*; delivery.concurrency: /);
  });
});
