import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDropIns, loadSource } from '@crm-mesh/drop-ins';
import { buildSourceSpecTemplate, buildSourceTemplate } from './source-template.js';

const ROOT = join(import.meta.dirname, '../../../..');
// Inside the repository, so that packages are found.
mkdirSync(join(ROOT, '.cache'), { recursive: true });
const root = mkdtempSync(join(ROOT, '.cache/template-'));
const folder = join(root, 'plugins');
beforeAll(() => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'my-crm.source.ts'), buildSourceTemplate('my-crm'));
  writeFileSync(join(folder, 'my-crm.source.spec.ts'), buildSourceSpecTemplate('my-crm'));
});
afterAll(() => rmSync(root, { recursive: true }));

it('is a source that loads', async () => {
  const [dropIn] = await findDropIns([folder], 'source');
  const loaded = await loadSource(dropIn!, { cacheFolder: join(root, 'cache') });
  expect(loaded).toMatchObject({ ok: true, source: { name: 'my-crm' } });
});

it('passes its test, which is the suite', async () => {
  const options = ['run', '--root', root, '--config', join(ROOT, 'vitest.config.ts'), '--reporter=json'];
  const { stdout } = await execa(join(ROOT, 'node_modules/.bin/vitest'), options, { reject: false });
  expect(JSON.parse(stdout)).toMatchObject({ success: true, numFailedTests: 0, numPassedTests: expect.any(Number) });
}, 60_000);
