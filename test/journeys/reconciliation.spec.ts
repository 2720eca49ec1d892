import type { MeshEvent } from '@crm-mesh/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestControl } from '@crm-mesh/jetstream';
import { UI_ACTOR } from '@crm-mesh/sandbox/start';
import { ENTITIES, keyOf, listCrmDifferences, listTableDifferences } from './reconcile-oracle.js';
import {
  clearTable,
  createContact,
  editTable,
  listMerges,
  listRestored,
  live,
  plantPluginFaults,
  plantRefusals,
  slice,
  type Company,
  type Expected,
} from './reconcile-plants.js';
import { CONNECTION, startScene, type Scene, type Table } from './reconcile-scene.js';

// Faults of every kind are planted between a CRM, the mesh and two tables. What differs is found by brute force, and what
// each difference is to be called comes from what was planted: a run must say the same of each, and of nothing else.

let scene: Scene;
let company: Company;
const EDITED = ['contact-table', 'faulty-table'] as const;
const planted = new Map<Table, Expected>();
/** Of what the mapping refuses. */
let refused: Expected;

beforeAll(async () => {
  scene = await startScene(7);
  company = await live(scene);
  const faults = await plantPluginFaults(scene, company);
  refused = await plantRefusals(scene, company);
  for (const table of EDITED) {
    const edits = editTable(scene, table, company);
    planted.set(table, table === 'faulty-table' ? new Map([...faults, ...edits]) : edits);
  }
}, 120_000);
afterAll(() => scene?.stop());

const sorted = (labels: ReadonlyMap<string, string>): [string, string][] => [...labels].toSorted();

async function listUntold(without: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const entity of ENTITIES)
    found.push(...listCrmDifferences(scene.sandbox.crm, entity, { ledger: await scene.ledgerOf(entity), without }));
  return found;
}

async function listUnequal(table: Table): Promise<string[]> {
  return listTableDifferences(await scene.ledgerOf('contact'), scene.rowsOf(table));
}

/** Of records of which CRM and ledger differ. */
const labelUntold = (untold: readonly string[]): [string, string][] =>
  untold.map((record) => [record, refused.get(record) ?? 'never-delivered']);

/** Mapped otherwise since they were told. */
const listRemapped = (): string[] => slice(company.contacts, 281, 293).map((id) => keyOf('contact', id));

describe('faults of every kind', { timeout: 180_000 }, () => {
  it.each(EDITED)('the ledger and %s: each is named, and nothing else', async (table) => {
    const expected = planted.get(table)!;
    expect(await listUnequal(table)).toEqual([...expected.keys()].toSorted());
    const { how, labels } = await scene.reconcile(table);
    expect({ how, labels: sorted(labels) }).toEqual({ how: 'over', labels: sorted(expected) });
  });

  it('the ledger and a plugin that listens to little: what it never wanted is named so', async () => {
    const unwanted = await listUnequal('picky-table');
    expect(unwanted.length).toBeGreaterThan(10);
    const { how, labels } = await scene.reconcile('picky-table');
    expect({ how, labels: sorted(labels) }).toEqual({
      how: 'over',
      labels: unwanted.map((record) => [record, 'filtered-out']),
    });
  });

  it('HubSpot and the ledger: what was never told, and what was refused, is named, and nothing else', async () => {
    const untold = await listUntold();
    expect(untold).toEqual(expect.arrayContaining([...company.unheard, ...refused.keys()]));
    const { how, labels } = await scene.reconcile(CONNECTION);
    expect({ how, labels: sorted(labels) }).toEqual({ how: 'over', labels: labelUntold(untold).toSorted() });
  });

  it('a mapping that was changed is named as such, where contents are compared', async () => {
    const untold = await listUntold();
    await scene.remap({ entities: { contact: { without: ['jobTitle'] } } });
    const expected = [...labelUntold(untold), ...listRemapped().map((record) => [record, 'mapping-changed'])];
    expect((await listUntold(['jobTitle'])).toSorted()).toEqual(expected.map(([record]) => record).toSorted());
    const { how, labels } = await scene.reconcile(CONNECTION, { content: true });
    expect({ how, labels: sorted(labels) }).toEqual({ how: 'over', labels: expected.toSorted() });
  });

  it('live traffic meanwhile is no difference', async () => {
    const known = sorted(new Map([...(await listUntold(['jobTitle']))].map((record) => [record, ''])));
    const stop = keepBusy();
    const runs = [scene.reconcile(CONNECTION, { content: true }), ...EDITED.map((table) => scene.reconcile(table))];
    const [crm, ...tables] = await Promise.all(runs).finally(stop);
    const ofCrm = [...crm!.labels].filter(([, label]) => label !== 'in-flight');
    expect(ofCrm.map(([record]) => record).toSorted()).toEqual(known.map(([record]) => record));
    for (const [at, table] of EDITED.entries()) {
      const labels = [...tables[at]!.labels].filter(([, label]) => label !== 'in-flight');
      expect(labels.toSorted()).toEqual(sorted(planted.get(table)!));
    }
    await scene.sandbox.webhooks.whenSettled();
    await scene.settled();
  });

  it('one repair run of each pair makes all sides equal', async () => {
    const untold = await listUntold(['jobTitle']);
    const mended = await scene.reconcile(CONNECTION, { content: true, repair: true });
    expect(mended).toMatchObject({ how: 'over', repaired: untold.length - refused.size });
    await scene.settled();
    expect((await listUntold(['jobTitle'])).toSorted()).toEqual([...refused.keys()].toSorted());
    await expectToldAsTheyWere();

    scene.plantFaults({});
    for (const table of EDITED) {
      const expected = planted.get(table)!;
      const left = [...expected].filter(([record, label]) => isLeft(record, label));
      const { how, repaired } = await scene.reconcile(table, { repair: true });
      expect({ how, repaired }).toEqual({ how: 'over', repaired: expected.size - left.length });
      await scene.settled();
      expect(await listUnequal(table)).toEqual(left.map(([record]) => record).toSorted());
    }
  });

  it('a second run finds nothing but what waits for people', async () => {
    for (const table of EDITED) clearTable(scene, table, company);
    expect(sorted((await scene.reconcile(CONNECTION, { content: true })).labels)).toEqual(sorted(refused));
    expect((await scene.reconcile('contact-table')).labels).toEqual(new Map());
    const waiting = [...planted.get('faulty-table')!].filter(([, label]) => isWaiting(label));
    const { labels } = await scene.reconcile('faulty-table');
    expect(sorted(labels)).toEqual(waiting.toSorted());
  });

  it('what was redriven is equal, too', async () => {
    const { mesh } = scene;
    const sequences = (await mesh.deadLetters('faulty-table')).map(({ sequence }) => sequence);
    await requestControl(mesh.nats, 'host', 'redrive', { consumer: 'faulty-table', sequences, by: 'ann' });
    await scene.settled();
    const parked = [...planted.get('faulty-table')!].filter(([, label]) => label === 'parked');
    expect(await listUnequal('faulty-table')).toEqual(parked.map(([record]) => record).toSorted());
    expect(sorted((await scene.reconcile('faulty-table')).labels)).toEqual(parked.toSorted());
  });

  it('what was refused is equal once the mapping is mended and it was redriven', async () => {
    const { mesh } = scene;
    scene.plantRefusals({});
    const sequences = (await mesh.deadLetters('normaliser')).map(({ sequence }) => sequence);
    await requestControl(mesh.nats, 'publisher', 'redrive', { consumer: 'normaliser', sequences, by: 'ann' });
    await scene.settled();
    const parked = [...refused].filter(([, label]) => label === 'parked').toSorted();
    expect((await listUntold(['jobTitle'])).toSorted()).toEqual(parked.map(([record]) => record));
    expect(sorted((await scene.reconcile(CONNECTION)).labels)).toEqual(parked);
  });
});

const isWaiting = (label: string): boolean => label === 'parked' || label === 'dead-lettered';
/** Of a row that somebody has added the mesh knows nothing, and of two it does not know which one is to stay. */
const isLeft = (record: string, label: string): boolean =>
  isWaiting(label) || label === 'duplicate-downstream' || record.endsWith('/by-hand');

/** Merges and restores that no webhook told are no mere updates and deletions. */
async function expectToldAsTheyWere(): Promise<void> {
  const repairs = await listRepairs();
  const rows = new Map(scene.rowsOf('contact-table').map((row) => [row.id, row]));
  for (const { winner, loser } of listMerges(company)) {
    expect(repairs.get(winner)).toMatchObject([{ type: 'crm.contact.merged', data: { mergedIds: [loser] } }]);
    expect(repairs.get(loser)).toMatchObject([{ type: 'crm.contact.deleted', data: { mergedInto: winner } }]);
    expect(rows.get(loser)).toMatchObject({ state: 'merged', merged_into: winner });
  }
  for (const id of listRestored(company)) expect(repairs.get(id)).toMatchObject([{ type: 'crm.contact.restored' }]);
}

/** Events about contacts that repairs came to, by id. */
async function listRepairs(): Promise<Map<string, MeshEvent[]>> {
  const repairs = new Map<string, MeshEvent[]>();
  const all = { fromSequence: 1, filterSubject: 'crm.acme.hubspot.contact.>' };
  for await (const { data } of scene.mesh.nats.readStream('CRM_EVENTS', all)) {
    const event = JSON.parse(Buffer.from(data).toString()) as MeshEvent;
    if (event.origin === 'repair') repairs.set(event.data.id, [...(repairs.get(event.data.id) ?? []), event]);
  }
  return repairs;
}

/** People at work: they edit, make and delete contacts, and HubSpot tells it. */
function keepBusy(): () => void {
  const { crm } = scene.sandbox;
  const edited = slice(company.contacts, 293, 300);
  const made: string[] = [];
  let turn = 0;
  const timer = setInterval(() => {
    const id = edited[turn % edited.length]!;
    crm.update({ type: 'contacts', id }, { firstname: `busy ${turn}` }, UI_ACTOR);
    if (turn % 5 === 0) made.push(createContact(crm, `live${turn}`));
    if (turn % 10 === 9) crm.archive({ type: 'contacts', id: made.shift()! }, UI_ACTOR);
    turn += 1;
  }, 50);
  return () => clearInterval(timer);
}
