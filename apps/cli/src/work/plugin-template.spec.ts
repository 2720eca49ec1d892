import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findDropIns, loadPlugin } from '@crm-mesh/drop-ins';
import { expect, it } from 'vitest';
import { findWarnings } from './check-drop-in.js';
import { buildPluginTemplate, chooseSampleType } from './plugin-template.js';

it('is a plugin that loads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-template-'));
  symlinkSync(fileURLToPath(new URL('../../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'my-plugin.plugin.ts'), buildPluginTemplate('my-plugin', ['deal.won', 'contact.*']));
  const [dropIn] = await findDropIns([folder]);
  const loaded = await loadPlugin(dropIn!, { cacheFolder: join(folder, '.cache') });
  expect(loaded).toMatchObject({ ok: true, plugin: { name: 'my-plugin', events: ['deal.won', 'contact.*'] } });
  rmSync(folder, { recursive: true });
});

it.each([
  [['deal.won'], 'deal.won'],
  [['deal.*', 'deal.won'], 'deal.created'],
  [['*'], 'contact.created'],
  [['custom-tree.*'], 'custom-tree.created'],
] as const)('%j is tested with %s', (events, type) => expect(chooseSampleType(events)).toBe(type));

it.each([
  [['deal.updated'], 1],
  [['deal.updated', 'deal.*'], 0],
  [['deal.updated', 'deal.won'], 0],
  [['contact.updated'], 0],
])('warnings for %j', (events, count) => expect(findWarnings(events)).toHaveLength(count));
