import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { testPlugin } from '@crm-mesh/sdk/testing';
import plugin from './outside.plugin.js';

const folder = mkdtempSync(join(tmpdir(), 'outside-plugin-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('writes the deals that are worth enough', async () => {
  const file = join(folder, 'deals.csv');
  const test = testPlugin(plugin, { config: { file, atLeast: 100 } });
  await test.send('deal.won', { id: '1', name: 'Small', amount: { value: '99.00', currency: 'EUR' } });
  await test.send('deal.won', { id: '2', name: 'The "big" one', amount: { value: '250.00', currency: 'EUR' } });
  expect(readFileSync(file, 'utf8')).toBe('"2026-01-15T09:30:00.000Z","2","1","The ""big"" one","250.00","EUR"\n');
});
