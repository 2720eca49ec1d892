import { Client } from '@hubspot/api-client';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/companies/models/Filter.js';
import {
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
} from '@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js';
import { PropertyUpdateTypeEnum } from '@hubspot/api-client/lib/codegen/crm/properties/models/PropertyUpdate.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '@crm-mesh/telemetry';
import { startSandbox, UI_ACTOR, type RunningSandbox } from './start-sandbox.js';

const actor = UI_ACTOR;
const NOW_MS = 1_774_368_000_000;
let sandbox: RunningSandbox;
let client: Client;

beforeEach(async () => {
  const rateLimits = { maxPerInterval: 100_000, searchPerSecond: 100_000 };
  const log = createLogger({ app: 'test', level: 'silent' });
  sandbox = await startSandbox({ log, rateLimits, now: () => NOW_MS });
  const limiterOptions = { minTime: 0, maxConcurrent: 20 };
  const { url: basePath, accessToken } = sandbox;
  client = new Client({ basePath, accessToken, numberOfApiCallRetries: 0, limiterOptions, limiterJobOptions: {} });
});
afterEach(() => sandbox.stop());

describe('more than one page, by the official client', () => {
  it('the archived ones, with the time when they were', async () => {
    const made = Array.from({ length: 25 }, () => sandbox.crm.create('companies', {}, { actor }));
    for (const company of made.slice(5)) sandbox.crm.archive(company, actor);
    const archived = await client.crm.companies.getAll(10, undefined, ['name'], undefined, undefined, true);
    expect(archived.map(({ id }) => id)).toEqual(made.slice(5).map(({ id }) => id));
    expect(archived[0]).toMatchObject({ archived: true, archivedAt: new Date(NOW_MS) });
  });

  it('more than 10,000 found: refused beyond, and had whole by ids behind the last', { timeout: 120_000 }, async () => {
    const made = Array.from({ length: 10_300 }, () => sandbox.crm.create('companies', {}, { actor }).id);
    const search = (lastId: string, after?: string) =>
      client.crm.companies.searchApi.doSearch({
        filterGroups: [
          {
            filters: [
              { propertyName: 'hs_lastmodifieddate', operator: FilterOperatorEnum.Gte, value: String(NOW_MS) },
              { propertyName: 'hs_object_id', operator: FilterOperatorEnum.Gt, value: lastId },
            ],
          },
        ],
        sorts: ['hs_object_id'],
        properties: [],
        limit: 200,
        ...(after !== undefined && { after }),
      });
    await expect(search('0', '10000')).rejects.toMatchObject({ code: 400 });
    expect((await search('0')).total).toBe(10_300);
    const found: string[] = [];
    for (;;) {
      const { results, paging } = await search(found.at(-1) ?? '0');
      found.push(...results.map(({ id }) => id));
      if (!paging) break;
    }
    expect(found).toEqual(made);
  });
});

describe('properties, by the official client', () => {
  it('are listed with their options, and read one by one', async () => {
    const { coreApi } = client.crm.properties;
    const { results } = await coreApi.getAll('deals');
    expect(results.map(({ name }) => name)).toEqual(expect.arrayContaining(['amount', 'dealstage', 'hs_object_id']));
    const stage = await coreApi.getByName('deals', 'dealstage');
    expect(stage).toMatchObject({ type: 'enumeration', fieldType: 'select', archived: false, hubspotDefined: true });
    expect(stage.options).toEqual(expect.arrayContaining([expect.objectContaining({ value: 'closedwon' })]));
    await expect(coreApi.getByName('deals', 'gone')).rejects.toMatchObject({ code: 404 });
  });

  it('are made, changed and archived', async () => {
    const { coreApi } = client.crm.properties;
    const made = await coreApi.create('contacts', {
      name: 'glaze',
      label: 'Glaze',
      type: PropertyCreateTypeEnum.Enumeration,
      fieldType: PropertyCreateFieldTypeEnum.Select,
      groupName: 'contactinformation',
      options: [{ label: 'Blue', value: 'blue', displayOrder: 0, hidden: false }],
    });
    expect(made).toMatchObject({ name: 'glaze', hubspotDefined: false, options: [{ value: 'blue' }] });
    const changed = await coreApi.update('contacts', 'glaze', { type: PropertyUpdateTypeEnum.String });
    expect(changed).toMatchObject({ label: 'Glaze', type: 'string' });
    await coreApi.archive('contacts', 'glaze');
    const names = async (archived: boolean) =>
      (await coreApi.getAll('contacts', archived)).results.map(({ name }) => name);
    expect(await names(false)).not.toContain('glaze');
    expect(await names(true)).toEqual(['glaze']);
  });
});
