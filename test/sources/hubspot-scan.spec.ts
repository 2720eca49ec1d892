import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubspotSource } from '../../libs/sources/src/index.js';
import { actor, openPortal, START_MS, type Portal } from './hubspot-portal.js';

let portal: Portal;
beforeEach(async () => void (portal = await openPortal({ entities: ['contact', 'deal', 'lead'] })));
afterEach(() => portal.sandbox.stop());

describe('scan', () => {
  it('goes through all records, whole, and says how many there are', async () => {
    const { crm } = portal.sandbox;
    const contacts = Array.from({ length: 3 }, () => crm.create('contacts', {}, { actor }));
    const deals = Array.from({ length: 230 }, (_, index) =>
      crm.create('deals', { dealname: `D${index}` }, { actor, links: [{ to: contacts[index % 3]!, typeIds: [] }] }),
    );
    crm.archive(deals[7]!, actor);
    const pages = await portal.scan({ entity: 'deal', fields: 'records' });
    expect(pages.map((page) => page.length)).toEqual([100, 100, 29]);
    const expected = deals.filter((_, index) => index !== 7).map(({ id }) => id);
    expect(pages.flat().map(({ id }) => id)).toEqual(expected);
    const fetched = await hubspotSource.fetch!('deal', expected.slice(0, 100), portal.context);
    expect(pages[0]!.map((draft) => draft.fetched)).toEqual([...fetched.values()]);
    const first = await hubspotSource.scan!.page({ entity: 'deal', fields: 'records' }, portal.context);
    expect(first.total).toBe(229);
    const second = await hubspotSource.scan!.page(
      { entity: 'deal', fields: 'records', cursor: first.cursor },
      portal.context,
    );
    expect(second).not.toHaveProperty('total');
  });

  it('gives versions alone, which change with the record', async () => {
    const { crm } = portal.sandbox;
    const contact = crm.create('contacts', { firstname: 'Ada' }, { actor });
    const read = async () => (await portal.scan({ fields: 'versions' })).flat();
    const before = await read();
    expect(before).toMatchObject([{ id: contact.id, modifiedAt: new Date(START_MS).toISOString() }]);
    expect(before[0]).not.toHaveProperty('fetched');
    portal.clock.nowMs += 1;
    crm.update(contact, { firstname: 'Eve' }, actor);
    expect((await read())[0]!.modifiedAt).toBe(new Date(START_MS + 1).toISOString());
  });

  it('passes nobody over when records come and go between two pages', async () => {
    const { crm } = portal.sandbox;
    const made = Array.from({ length: 250 }, () => crm.create('contacts', {}, { actor }));
    const { page } = hubspotSource.scan!;
    const request = { entity: 'contact', fields: 'versions' } as const;
    const first = await page(request, portal.context);
    for (const gone of [made[2]!, made[100]!]) crm.archive(gone, actor);
    const late = crm.create('contacts', {}, { actor });
    const second = await page({ ...request, cursor: first.cursor }, portal.context);
    const third = await page({ ...request, cursor: second.cursor }, portal.context);
    const seen = [first, second, third].flatMap(({ drafts }) => drafts.map(({ id }) => id));
    const there = made.filter((_, index) => index !== 100).map(({ id }) => id);
    expect(seen).toEqual([...there, late.id]);
    expect(third.cursor).toBeUndefined();
  });
});

describe('metadata', () => {
  const ask = (method: string, path: string, body?: object) =>
    fetch(`${portal.sandbox.url}/crm/v3/properties/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${portal.sandbox.accessToken}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('names every property that the mapping reads, and the stages with what they mean', async () => {
    const described = await hubspotSource.describe!(portal.context);
    expect(Object.keys(described)).toEqual(['contact', 'deal', 'lead']);
    expect(described['deal']?.fields).toMatchObject({
      amount: { type: 'number' },
      deal_currency_code: { type: 'enumeration', values: ['EUR', 'USD'] },
    });
    expect(described['deal']?.pipelines?.['74021856']).toMatchObject({
      '148203311': { label: 'Renewal due', outcome: 'open' },
      '148203314': { label: 'Renewed', outcome: 'won' },
      '148203315': { label: 'Cancelled', outcome: 'lost' },
    });
    expect(described['contact']).not.toHaveProperty('pipelines');
    const reads = hubspotSource.reads!('deal', portal.context.config);
    expect(reads).toEqual(expect.arrayContaining(['amount', 'dealstage', 'deal_currency_code', 'closedate']));
  });

  it('sees a property that is added, retyped, given an option, or removed', async () => {
    const fields = async () => (await hubspotSource.describe!(portal.context))['deal']!.fields;
    const region = { name: 'region__c', label: 'Region', type: 'enumeration', fieldType: 'select', groupName: 'g' };
    const option = (value: string) => ({ label: value, value, displayOrder: 0, hidden: false });
    expect(await fields()).not.toHaveProperty('region__c');
    await ask('POST', 'deals', { ...region, options: [option('north')] });
    expect(await fields()).toMatchObject({ region__c: { type: 'enumeration', values: ['north'] } });
    await ask('PATCH', 'deals/region__c', { options: [option('north'), option('east')] });
    expect(await fields()).toMatchObject({ region__c: { values: ['east', 'north'] } });
    await ask('PATCH', 'deals/amount', { type: 'string', fieldType: 'text' });
    expect(await fields()).toMatchObject({ amount: { type: 'string' } });
    await ask('DELETE', 'deals/closed_lost_reason');
    expect(await fields()).not.toHaveProperty('closed_lost_reason');
  });

  it('a property that was removed is missing in rows, and the others go on', async () => {
    const { id } = portal.sandbox.crm.create('contacts', { firstname: 'Ada', jobtitle: 'Potter' }, { actor });
    await ask('DELETE', 'contacts/jobtitle');
    const [draft] = (await portal.scan({ fields: 'records' })).flat();
    expect(draft).toMatchObject({ id, fetched: { properties: { firstname: 'Ada' } } });
    expect((draft!.fetched as { properties: object }).properties).not.toHaveProperty('jobtitle');
  });
});
