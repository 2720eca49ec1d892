import { afterEach, describe, expect, it } from 'vitest';
import { pipedriveSource } from '../../libs/sources/src/index.js';
import { listRecordErrors, toNotification } from '../../libs/sources/test/context.js';
import { actor, openCompany, START_MS, type Company } from './pipedrive-company.js';

let company: Company;
afterEach(() => company.sandbox.stop());

const idsOf = (drafts: readonly { id: string }[]): string[] => drafts.map(({ id }) => id);

describe('a poll', () => {
  it('gives what a fetch would, with the lines of deals', async () => {
    company = await openCompany({ lineItems: true });
    const { book } = company.sandbox.pipedrive!;
    const org = book.create('companies', { name: 'Brightwater' });
    const person = book.create('contacts', { name: 'Ada Byron', org_id: org['id'] });
    const product = book.create('products', { name: 'Burner', prices: [{ price: 5, currency: 'EUR' }] });
    const call = company.sandbox.pipedrive!.activities.create({ subject: 'Call Ada', type: 'call' });
    const deal = book.create('deals', { title: 'Kiln', person_id: person['id'], org_id: org['id'] });
    book.addLine(String(deal['id']), { product_id: product['id'], item_price: 5, quantity: 2 });
    for (const [entity, row] of [
      ['deal', deal],
      ['contact', person],
      ['company', org],
      ['product', product],
      ['activity', call],
    ] as const) {
      const id = String(row['id']);
      const [draft, ...more] = await company.poll(entity);
      expect(draft).toMatchObject({ entity, id, change: 'unknown', modifiedAt: '2026-03-24T16:00:00.000Z' });
      expect(more).toEqual([]);
      expect(draft!.fetched).toEqual((await pipedriveSource.fetch!(entity, [id], company.context)).get(id));
    }
    const [draft] = await company.poll('deal');
    const input = { notification: { ...toNotification(draft!), origin: 'poll' as const }, fetched: draft!.fetched };
    const mapped = await pipedriveSource.map(input, company.context);
    expect(mapped).toMatchObject({
      state: 'present',
      modifiedAt: '2026-03-24T16:00:00.999Z',
      record: {
        name: 'Kiln',
        stageName: 'Appointment scheduled',
        probability: 0.2,
        amount: { value: '10', currency: 'EUR' },
        companyId: String(org['id']),
        contactIds: [String(person['id'])],
        lines: [{ name: 'Burner', quantity: '2', unitPrice: { value: '5', currency: 'EUR' } }],
      },
    });
    if (mapped.state === 'present') expect(listRecordErrors('deal', mapped.record)).toEqual([]);
  });

  it('asks in whole seconds, and keeps to the window', async () => {
    company = await openCompany();
    for (const offsetMs of [-3_000, 0, 1_000, 3_000]) {
      company.clock.nowMs = START_MS + offsetMs;
      for (const type of ['contacts', 'products', 'leads'] as const)
        company.sandbox.crm.create(type, { firstname: String(offsetMs) }, { actor });
    }
    const window = { fromMs: START_MS + 123, toMs: START_MS + 900 };
    for (const entity of ['contact', 'product', 'lead']) {
      const times = (await company.poll(entity, window)).map(({ modifiedAt }) => Date.parse(modifiedAt!) - START_MS);
      expect(times, entity).toEqual([0, 1_000]);
    }
  });

  it('pages through more than a page at one and the same time', async () => {
    company = await openCompany();
    const made = Array.from({ length: 1_100 }, () => company.sandbox.crm.create('contacts', {}, { actor }).id);
    expect(idsOf(await company.poll('contact')).toSorted()).toEqual(made.toSorted());
    expect(idsOf(await company.scan('contact'))).toEqual(made);
  });

  it('finds deals that were deleted, and those that were archived', async () => {
    company = await openCompany();
    const { book } = company.sandbox.pipedrive!;
    const [kept, archived, deleted] = ['a', 'b', 'c'].map((title) => String(book.create('deals', { title })['id']));
    book.update('deals', archived!, { is_archived: true });
    book.remove('deals', deleted!);
    const drafts = await company.poll('deal');
    expect(drafts.map(({ id, change }) => [id, change])).toEqual([
      [kept, 'unknown'],
      [archived, 'unknown'],
      [deleted, 'deleted'],
    ]);
    expect(idsOf(await company.scan('deal'))).toEqual([kept, archived]);
    const found = await pipedriveSource.fetch!('deal', [kept!, archived!, deleted!, '1', 'x,y'], company.context);
    expect([...found.keys()]).toEqual([kept, archived]);
    const input = { notification: toNotification(drafts[2]!), fetched: drafts[2]!.fetched };
    expect(await pipedriveSource.map(input, company.context)).toMatchObject({ state: 'deleted' });
  });

  it('has the same key for the same row, and another for one that changed or was deleted', async () => {
    company = await openCompany();
    const { book } = company.sandbox.pipedrive!;
    const id = String(book.create('deals', { title: 'a' })['id']);
    const keyOf = async (): Promise<string> => (await company.poll('deal'))[0]!.dedupeKey;
    const first = await keyOf();
    expect(await keyOf()).toBe(first);
    company.clock.nowMs += 1_000;
    book.update('deals', id, { title: 'b' });
    const changed = await keyOf();
    book.remove('deals', id);
    expect(new Set([first, changed, await keyOf()]).size).toBe(3);
  });

  it('goes on at its cursor after a failure', async () => {
    company = await openCompany();
    Array.from({ length: 600 }, () => company.sandbox.crm.create('contacts', {}, { actor }));
    const window = { entity: 'contact', fromMs: START_MS - 1_000, toMs: START_MS + 1_000 };
    const { cursor } = await pipedriveSource.poll!.page(window, company.context);
    company.sandbox.pipedrive!.turnKnobs({ apiFailNext: 1 });
    await expect(pipedriveSource.poll!.page({ ...window, cursor: cursor! }, company.context)).rejects.toThrow('502');
    const rest = await pipedriveSource.poll!.page({ ...window, cursor: cursor! }, company.context);
    expect([rest.drafts.length, rest.cursor]).toEqual([100, undefined]);
    await expect(pipedriveSource.poll!.page({ ...window, cursor: '7:x' }, company.context)).rejects.toThrow('cursor');
  });
});

describe('a scan', () => {
  it('gives versions alone, where that is enough', async () => {
    company = await openCompany();
    const { id } = company.sandbox.crm.create('companies', { name: 'a' }, { actor });
    const [draft] = await company.scan('company', 'versions');
    expect(draft).toMatchObject({ id, modifiedAt: '2026-03-24T16:00:00.000Z' });
    expect(draft).not.toHaveProperty('fetched');
  });

  it('goes through leads by their pages of version 1, archived ones too', async () => {
    company = await openCompany();
    const { book } = company.sandbox.pipedrive!;
    const ids = Array.from({ length: 501 }, (_, index) => book.create('leads', { title: String(index) })['id']);
    book.update('leads', String(ids[3]), { is_archived: true });
    const drafts = await company.scan('lead');
    expect(new Set(idsOf(drafts))).toEqual(new Set(ids));
    const found = await pipedriveSource.fetch!('lead', [String(ids[0]), 'gone'], company.context);
    expect([...found.keys()]).toEqual([ids[0]]);
  });
});

describe('a merge', () => {
  it('leaves the winner, whose webhook and poll are one and the same record', async () => {
    company = await openCompany();
    const { book } = company.sandbox.pipedrive!;
    const [winner, loser] = ['Ada', 'Ida'].map((name) => String(book.create('contacts', { name })['id']));
    book.merge('contacts', loser!, winner!);
    expect(idsOf(await company.poll('contact'))).toEqual([winner]);
    expect((await pipedriveSource.fetch!('contact', [loser!], company.context)).size).toBe(0);
  });
});

it('describes fields, options and stages, which never say that a deal is won', async () => {
  company = await openCompany();
  const { deal, contact, lead } = await pipedriveSource.describe!(company.context);
  expect(deal!.fields).toMatchObject({
    title: { type: 'varchar' },
    '1b7de0925f3c4a6881e9d2c7b60f43a5cc19e78d': { type: 'enum', values: ['41', '42'] },
  });
  expect(deal!.pipelines!['1']!['11']).toEqual({ label: 'Appointment scheduled', outcome: 'open' });
  expect(contact!.fields).toHaveProperty('emails');
  expect(lead!.fields).toHaveProperty('title');
});
