import type { Mismatch } from '@crm-mesh/reconciliation';
import { PermanentError, RetryLater, type ScanPage, type Source } from '@crm-mesh/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { CRM_FACES, type CrmFace } from './crm-faces.js';
import { foundIn, startReconciledMesh, summarise, type MeshOptions, type ReconciledMesh } from './reconciled-mesh.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Opened {
  crm: CrmFace;
  mesh: ReconciledMesh;
  ids: string[];
}

/** Some records that the ledger knows, through a source that is changed a little. */
async function open(
  name: string,
  change: (source: Source) => Partial<Source>,
  options: Partial<MeshOptions> = {},
): Promise<Opened> {
  const crm = await CRM_FACES.find((face) => face.name === name)!.open();
  closers.push(() => crm.stop());
  const mesh = await startReconciledMesh({ ...crm, ...options, source: { ...crm.source, ...change(crm.source) } });
  closers.push(() => mesh.stop());
  const ids = Array.from({ length: 8 }, (_, index) => crm.create(`Record ${index}`));
  await mesh.load(crm.entity);
  await mesh.settled();
  return { crm, mesh, ids };
}

/** The pages of the scan, as `change` would have them. */
function changePages(change: (page: ScanPage, asked: number) => ScanPage): (source: Source) => Partial<Source> {
  let asked = 0;
  return ({ scan }) => ({
    scan: { ...scan!, page: async (...request) => change(await scan!.page(...request), (asked += 1)) },
  });
}

describe('a scan that shows less than there is makes nothing extra', () => {
  it.each(['hubspot', 'salesforce', 'pipedrive', 'a drop-in'])('%s: a hole in its index', async (name) => {
    let hidden: string | undefined;
    const hide = changePages((page) => ({ ...page, drafts: page.drafts.filter(({ id }) => id !== hidden) }));
    const { crm, mesh, ids } = await open(name, hide);
    hidden = ids[2];
    crm.remove(ids[3]!);
    const steps = await mesh.run({ entity: crm.entity });
    expect(summarise(foundIn(steps))).toEqual([`${ids[3]} extra`]);
  });

  it.each(['hubspot', 'a drop-in'])('%s: a scan that says too early that it is over', async (name) => {
    let isShort = false;
    const cut = changePages((page) => (isShort ? { drafts: page.drafts.slice(0, 2) } : page));
    const { crm, mesh } = await open(name, cut);
    isShort = true;
    expect(foundIn(await mesh.run({ entity: crm.entity }))).toEqual([]);
  });

  it('json-poller: a row that comes and goes', async () => {
    let hidden: string | undefined;
    let scans = 0;
    const hide = changePages((page) => {
      const isHidden = hidden !== undefined && scans === 0;
      if (hidden !== undefined && page.cursor === undefined) scans += 1;
      return isHidden ? { ...page, drafts: page.drafts.filter(({ id }) => id !== hidden) } : page;
    });
    const { crm, mesh, ids } = await open('json-poller', hide);
    hidden = ids[7];
    expect(foundIn(await mesh.run({ entity: crm.entity }))).toEqual([]);
    expect(scans).toBe(2);
  });

  it('one that fails is no end: whoever goes on, goes on there', async () => {
    let failAt = Infinity;
    let asked = 0;
    const fail = changePages((page) => {
      if ((asked += 1) !== failAt) return page;
      throw new Error('the CRM is down');
    });
    const { crm, mesh, ids } = await open('a drop-in', fail);
    failAt = asked + 2;
    crm.remove(ids[7]!);
    const { signal } = new AbortController();
    const found: Mismatch[] = [];
    const comparison = mesh.compare({ entity: crm.entity });
    let cursor: string | undefined;
    const walk = async (): Promise<void> => {
      for await (const step of comparison.steps(cursor, signal)) {
        cursor = step.cursor;
        found.push(...step.found);
      }
    };
    await expect(walk()).rejects.toThrow('the CRM is down');
    expect(found).toEqual([]);
    await walk();
    expect(summarise(found)).toEqual([`${ids[7]} extra`]);
  });
});

describe('a mapping that was changed', () => {
  it.each(['hubspot', 'salesforce', 'pipedrive', 'json-poller', 'a drop-in'])(
    '%s: is found by whole records, and told as updated',
    async (name) => {
      let isNew = false;
      const { crm, mesh, ids } = await open(name, (source) => ({
        map: async (...input) => {
          const mapped = await source.map(...input);
          if (!isNew || mapped.state !== 'present' || mapped.record.id !== ids[1]) return mapped;
          return { ...mapped, record: { ...mapped.record, custom: { ...mapped.record.custom, added: 'yes' } } };
        },
      }));
      isNew = true;
      if (crm.source.fetch) expect(foundIn(await mesh.run({ entity: crm.entity }))).toEqual([]);
      const found = foundIn(await mesh.run({ entity: crm.entity, fields: 'records', run: 'mapped' }));
      expect(summarise(found)).toEqual([`${ids[1]} edited`]);
      expect(await mesh.repair(found, 'mapped')).toEqual(['sent']);
      await mesh.settled();
      const event = (await mesh.events(ids[1]!)).at(-1)!;
      expect(event).toMatchObject({ origin: 'repair', data: { changes: { 'custom.added': { to: 'yes' } } } });
      expect(event.type).toContain('updated');
      expect(foundIn(await mesh.run({ entity: crm.entity, fields: 'records', run: 'again' }))).toEqual([]);
    },
  );
});

describe('a record that its mapping refuses', () => {
  it.each([
    ['for now', new RetryLater(60_000, 'the rates are not there yet')],
    ['for ever', new PermanentError('no such currency')],
    ['by a mistake', new Error('cannot read undefined')],
  ])('%s: is compared by its time alone, and the others as ever', async (_when, refusal) => {
    let refused: string | undefined;
    const { crm, mesh, ids } = await open('a drop-in', (source) => ({
      map: (input, context) => {
        if (input.notification.id === refused) throw refusal;
        return source.map(input, context);
      },
    }));
    refused = ids[1];
    crm.update(ids[1]!, 'Changed');
    crm.update(ids[2]!, 'Changed');
    for (const fields of ['versions', 'records'] as const) {
      const found = foundIn(await mesh.run({ entity: crm.entity, fields, run: fields }));
      expect(summarise(found)).toEqual([`${ids[1]} stale`, `${ids[2]} stale`]);
    }
  });
});

describe('a repair', () => {
  it('sends nothing twice, however often it is asked for before it has arrived', async () => {
    const { crm, mesh, ids } = await open('hubspot', () => ({}));
    crm.update(ids[0]!, 'Changed');
    const found = foundIn(await mesh.run({ entity: crm.entity, run: 'twice' }));
    const before = (await mesh.nats.streamState('CRM_RAW')).lastSequence;
    await Promise.all([mesh.repair(found, 'twice'), mesh.repair(found, 'twice')]);
    await mesh.repair(found, 'twice');
    expect((await mesh.nats.streamState('CRM_RAW')).lastSequence).toBe(before + 1);
  });

  it('is impossible without the row that only the comparison had, and sends nothing', async () => {
    const { crm, mesh } = await open('json-poller', () => ({}));
    crm.create('Never told');
    const found = foundIn(await mesh.run({ entity: crm.entity, run: 'forgotten' }));
    await mesh.run({ entity: crm.entity, run: 'another' });
    expect(await mesh.repair(found, 'forgotten')).toEqual(['impossible']);
    expect(await mesh.repair(found, 'another')).toEqual(['sent']);
  });

  it('of what was touched for nothing there is none', async () => {
    const { crm, mesh, ids } = await open('hubspot', () => ({}));
    crm.update(ids[0]!, 'Changed');
    crm.update(ids[0]!, 'Record 0');
    const steps = await mesh.run({ entity: crm.entity });
    expect(foundIn(steps)).toEqual([]);
  });
});
