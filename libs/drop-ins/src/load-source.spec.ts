import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDropIns } from './find-drop-ins.js';
import { loadSource } from './load-source.js';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'sources-'))));
afterEach(() => rmSync(root, { recursive: true }));

const GOOD = `import { defineSource } from '@crm-mesh/sdk';
import { refuseNotification } from '@crm-mesh/sdk/kit';
import { IsString } from 'class-validator';
class Config { @IsString() token!: string; }
export default defineSource({
  name: 'my-crm',
  config: Config,
  map: () => { throw refuseNotification('no'); },
});
`;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, 'plugins', path)), { recursive: true });
  writeFileSync(join(root, 'plugins', path), text);
}

async function load() {
  const [dropIn] = await findDropIns([join(root, 'plugins')], 'source');
  return dropIn ? loadSource(dropIn, { cacheFolder: join(root, 'cache') }) : undefined;
}

describe('a source file', () => {
  it('loads with what it may import', async () => {
    write('my-crm.source.ts', GOOD);
    expect(await load()).toMatchObject({ ok: true, source: { name: 'my-crm' }, version: expect.any(String) });
  });

  it.each([
    ['a folder with an index', { 'my-crm/index.source.ts': GOOD }],
    [
      'a folder whose main it is',
      { 'my-crm/package.json': '{"main":"./src/a.source.ts"}', 'my-crm/src/a.source.ts': GOOD },
    ],
  ])('may be %s, which is no plugin', async (_, files) => {
    for (const [path, text] of Object.entries(files)) write(path, text);
    expect(await load()).toMatchObject({ ok: true, source: { name: 'my-crm' } });
    expect(await findDropIns([join(root, 'plugins')])).toEqual([]);
  });

  it('is not looked for in a plugin’s folder', async () => {
    write('a/package.json', '{}');
    write('b/index.plugin.ts', '');
    write('b/package.json', '{}');
    expect(await findDropIns([join(root, 'plugins')], 'source')).toEqual([]);
  });

  it.each([
    ['a typing error', GOOD.replace('map:', 'mapp:'), 'map: is missing; mapp: is not known.', 'Did you mean "map"?'],
    ['another name', GOOD.replace("'my-crm'", "'other'"), 'name: is "other", but the file is', "Write name: 'my-crm'"],
    ['no export', `export const a = 1;`, 'default export: is missing', 'export default defineSource'],
    ['broken syntax', `${GOOD}\n}`, 'my-crm.source.ts:11:', 'Mend line 11'],
    [
      'a throw',
      `throw new Error('early'); ${GOOD}`,
      'throws while it is loaded: Error: early',
      'functions of the source',
    ],
    ['an inner package', `import '@crm-mesh/sources'; ${GOOD}`, 'Sources import "@crm-mesh/sdk" only', ''],
  ])('with %s is refused by file, field and cure', async (_, text, what, cure) => {
    write('my-crm.source.ts', text);
    const loaded = await load();
    expect(loaded).toMatchObject({ ok: false, error: { code: 'MESH_SOURCE_INVALID' } });
    if (!loaded || loaded.ok) throw new Error('it was taken');
    expect(loaded.error.what).toContain(join(root, 'plugins/my-crm.source.ts'));
    expect(loaded.error.what).toContain(what);
    expect(loaded.error.cure).toContain(cure);
  });
});
