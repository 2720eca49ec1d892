import { Client } from '@hubspot/api-client';
import { AssociationSpecAssociationCategoryEnum } from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/AssociationSpec.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '@crm-mesh/telemetry';
import { startSandbox, UI_ACTOR, type RunningSandbox } from './start-sandbox.js';

const associationCategory = AssociationSpecAssociationCategoryEnum.HubspotDefined;
let sandbox: RunningSandbox;
let client: Client;

beforeEach(async () => {
  sandbox = await startSandbox({ log: createLogger({ app: 'test', level: 'silent' }) });
  // Only the client's own pace is lifted: it waits 0.1 s before each call otherwise.
  const limiterOptions = { minTime: 0, maxConcurrent: 20 };
  client = new Client({
    basePath: sandbox.url,
    accessToken: sandbox.accessToken,
    numberOfApiCallRetries: 0,
    limiterOptions,
    limiterJobOptions: {},
  });
});
afterEach(() => sandbox.stop());

type Kind = 'contacts' | 'companies' | 'deals';
const make = (type: Kind, properties: Record<string, string>): string =>
  sandbox.crm.create(type, properties, { actor: UI_ACTOR }).id;
const linksOf = (type: Kind, id: string, to: Kind): string[] =>
  sandbox.crm.listLinks({ type, id }, to).map((link) => link.id);

describe('associations in batches', () => {
  it('v4: creates labelled ones, each by itself', async () => {
    const [deal, company] = [make('deals', {}), make('companies', {})];
    const types = [{ associationCategory, associationTypeId: 5 }];
    const pair = (id: string, to: string) => ({ _from: { id }, to: { id: to }, types });
    const made = await client.crm.associations.v4.batchApi.create('deals', 'companies', {
      inputs: [pair(deal, company), pair(deal, '7')],
    });
    expect(made).toMatchObject({
      results: [
        {
          fromObjectTypeId: '0-3',
          fromObjectId: deal,
          toObjectTypeId: '0-2',
          toObjectId: company,
          labels: ['Primary'],
        },
      ],
      numErrors: 1,
      errors: [{ category: 'OBJECT_NOT_FOUND' }],
    });
    expect(linksOf('deals', deal, 'companies')).toEqual([company]);
  });

  it('v4: creates default ones, and archives one to many', async () => {
    const [deal, ...contacts] = [make('deals', {}), make('contacts', {}), make('contacts', {}), make('contacts', {})];
    const made = await client.crm.associations.v4.batchApi.createDefault('deals', 'contacts', {
      inputs: contacts.map((id) => ({ _from: { id: deal }, to: { id } })),
    });
    expect(made.status).toBe('COMPLETE');
    expect(made.results[0]).toMatchObject({ _from: { id: deal }, associationSpec: { associationTypeId: 3 } });
    expect(linksOf('deals', deal, 'contacts')).toEqual(contacts);
    await client.crm.associations.v4.batchApi.archive('deals', 'contacts', {
      inputs: [{ _from: { id: deal }, to: contacts.slice(1).map((id) => ({ id })) }],
    });
    expect(linksOf('deals', deal, 'contacts')).toEqual(contacts.slice(0, 1));
  });

  it('v3: reads them by the names of their types', async () => {
    const [deal, company] = [make('deals', {}), make('companies', {})];
    await client.crm.associations.v4.basicApi.createDefault('deals', deal, 'companies', company);
    const read = await client.crm.associations.batchApi.read('deals', 'companies', {
      inputs: [{ id: deal }, { id: '7' }],
    });
    expect(read).toMatchObject({
      status: 'COMPLETE',
      results: [
        {
          _from: { id: deal },
          to: [
            { id: company, type: 'deal_to_company' },
            { id: company, type: 'deal_to_company_unlabeled' },
          ],
        },
      ],
      numErrors: 1,
      errors: [{ subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND' }],
    });
  });

  it('v4: tells which types there are between two kinds', async () => {
    const { definitionsApi } = client.crm.associations.v4.schema;
    expect((await definitionsApi.getAll('deals', 'companies')).results).toEqual([
      expect.objectContaining({ category: 'HUBSPOT_DEFINED', typeId: 5, label: 'Primary' }),
      expect.objectContaining({ category: 'HUBSPOT_DEFINED', typeId: 341, label: null }),
    ]);
    expect((await definitionsApi.getAll('deal', 'contact')).results.map(({ typeId }) => typeId)).toEqual([3]);
    await expect(definitionsApi.getAll('products', 'contacts')).rejects.toMatchObject({ code: 400 });
  });
});

describe('stages of a pipeline', () => {
  it('are told together and one by one', async () => {
    const { pipelineStagesApi } = client.crm.pipelines;
    const { results } = await pipelineStagesApi.getAll('deals', '74021856');
    expect(results.map(({ label }) => label)).toEqual([
      'Renewal due',
      'Offer sent',
      'Verbal agreement',
      'Renewed',
      'Cancelled',
    ]);
    const won = await pipelineStagesApi.getById('deals', 'default', 'closedwon');
    expect(won).toMatchObject({ label: 'Closed won', displayOrder: 5, metadata: { isClosed: 'true' } });
    await expect(pipelineStagesApi.getById('deals', 'default', 'gone')).rejects.toMatchObject({ code: 404 });
    await expect(pipelineStagesApi.getAll('deals', 'gone')).rejects.toMatchObject({ code: 404 });
  });
});

describe('objects in batches', () => {
  it('archived ones are read where they are asked for', async () => {
    const [kept, archived] = [make('companies', { name: 'A' }), make('companies', { name: 'B' })];
    sandbox.crm.archive({ type: 'companies', id: archived }, UI_ACTOR);
    const wanted = { inputs: [{ id: kept }, { id: archived }], properties: ['name'], propertiesWithHistory: [] };
    const present = await client.crm.companies.batchApi.read(wanted);
    expect(present.results.map(({ id }) => id)).toEqual([kept]);
    const gone = await client.crm.companies.batchApi.read(wanted, true);
    expect(gone.results).toMatchObject([{ id: archived, archived: true, properties: { name: 'B' } }]);
  });

  it('are updated or created by a key', async () => {
    const known = make('contacts', { email: 'a@x.example' });
    const upsert = (id: string, phone: string) => ({ idProperty: 'email', id, properties: { email: id, phone } });
    const { results } = await client.crm.contacts.batchApi.upsert({
      inputs: [upsert('A@x.example', '1'), upsert('b@x.example', '2')],
    });
    expect(results).toMatchObject([
      { id: known, _new: false, properties: { phone: '1' } },
      { _new: true, properties: { phone: '2', email: 'b@x.example' } },
    ]);
    expect(sandbox.crm.list('contacts')).toHaveLength(2);
  });
});
