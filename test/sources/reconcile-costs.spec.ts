import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { CRM_FACES, type CrmFace } from './crm-faces.js';
import { startReconciledMesh, type ReconciledMesh } from './reconciled-mesh.js';

const MILLION = 1_000_000;

let crm: CrmFace | undefined;
let mesh: ReconciledMesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  await crm?.stop();
});

/** What one comparison asked of a CRM that has so many records, all of which the ledger knows. */
async function countCalls(name: string, records: number): Promise<number> {
  crm = await CRM_FACES.find((face) => face.name === name)!.open();
  mesh = await startReconciledMesh(crm);
  for (let made = 0; made < records; made += 1) crm.create(`Record ${made}`);
  await mesh.load(crm.entity);
  await mesh.settled();
  const steps = await mesh.run({ entity: crm.entity });
  expect(steps.flatMap(({ found }) => found)).toEqual([]);
  expect(steps.reduce((sum, { compared }) => sum + compared, 0)).toBe(records);
  return steps.reduce((sum, { calls }) => sum + calls, 0);
}

/** Records, pages that they fill, calls beside those, and the row of the document. */
it.each([
  { name: 'hubspot', page: 100, fixed: 1 },
  { name: 'salesforce', page: 2_000, fixed: 1 },
  { name: 'pipedrive', page: 500, fixed: 0 },
  { name: 'json-poller', page: 3, fixed: 0 },
])('$name: a call for each page, and what the document says', async ({ name, page, fixed }) => {
  // One record more than a page: two pages of any CRM, and one call for each.
  expect(await countCalls(name, page + 1)).toBe(2 + fixed);
  const perMillion = (MILLION / page + fixed).toLocaleString('en');
  const document = readFileSync(join(import.meta.dirname, '../../docs/reconciliation.md'), 'utf8');
  const row = document.split('\n').find((line) => line.startsWith(`| ${name} `));
  if (name === 'json-poller') expect(row).toContain('1,000,000 / rows of a page');
  else expect(row).toContain(`| ${perMillion} `);
});
