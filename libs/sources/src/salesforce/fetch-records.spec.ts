import type { ApiRequest } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { readSampleJson } from '../../test/context.js';
import { fetchSalesforce } from './fetch-records.js';
import { connectOrg, DATA, describeOf, queriesOf, refuseWith, rowsOf, type Answers } from './org.fixture.js';

const DEAL = '0068d00000GmYt4AAF';
const LOST_DEAL = '0068d00000GmYt5AAF';
const LINE = '00k8d00000TuVw9AAF';

const opportunities = (part: Answers = {}): Answers => ({
  [`GET ${DATA}/sobjects/Opportunity/describe`]: () =>
    describeOf('Id', 'Name', 'StageName', 'Amount', 'SystemModstamp'),
  [`POST ${DATA}/composite/sobjects/Opportunity`]: () => readSampleJson('salesforce/api-composite-retrieve.json'),
  [`GET ${DATA}/query`]: () => rowsOf([{ Id: LINE, OpportunityId: DEAL, Quantity: 10, UnitPrice: 4850 }]),
  ...part,
});

const bodiesOf = ({ calls }: { calls: ApiRequest[] }) =>
  calls.flatMap(({ json }) => (json === undefined ? [] : [json]));

describe('reading a batch', () => {
  it('asks for what is there, joins the lines, and leaves out what is not found', async () => {
    const context = connectOrg(opportunities());
    const fetched = await fetchSalesforce('deal', [DEAL, LOST_DEAL], context);
    expect([...fetched.keys()]).toEqual([DEAL]);
    expect(fetched.get(DEAL)).toMatchObject({ Name: 'Kiln line refit 2026', OpportunityLineItems: [{ Id: LINE }] });
    // CurrencyIsoCode is only there where there are several currencies.
    expect(bodiesOf(context)).toEqual([
      { ids: [DEAL, LOST_DEAL], fields: ['Id', 'SystemModstamp', 'Name', 'Amount', 'StageName'] },
    ]);
    expect(queriesOf(context)).toEqual([expect.stringContaining(`OpportunityId IN ('${DEAL}')`)]);
  });

  it('asks for the metadata once for many batches', async () => {
    const context = connectOrg(opportunities(), { lineItems: false });
    await Promise.all([
      fetchSalesforce('deal', [DEAL, LOST_DEAL], context),
      fetchSalesforce('deal', [LOST_DEAL, DEAL], context),
    ]);
    await fetchSalesforce('deal', [DEAL, LOST_DEAL], context);
    expect(context.calls.filter(({ path }) => path.endsWith('/describe'))).toHaveLength(1);
    expect(queriesOf(context)).toEqual([]);
  });

  it('goes on without a field that was removed since', async () => {
    const clock = { nowMs: 0 };
    const fields = ['Id', 'Name', 'Amount'];
    const context = connectOrg(
      opportunities({
        [`GET ${DATA}/sobjects/Opportunity/describe`]: () => describeOf(...fields),
        [`POST ${DATA}/composite/sobjects/Opportunity`]: ({ json }) => {
          const asked = (json as { fields: string[] }).fields;
          return asked.every((field) => fields.includes(field)) ? [{ Id: DEAL }] : refuseWith('INVALID_FIELD')();
        },
      }),
      {},
      clock,
    );
    await fetchSalesforce('deal', [DEAL], context);
    fields.pop();
    clock.nowMs = 60_000;
    await expect(fetchSalesforce('deal', [DEAL], context)).resolves.toHaveProperty('size', 1);
    expect(context.calls.filter(({ path }) => path.endsWith('/describe'))).toHaveLength(2);
  });

  it('throws what else is refused', async () => {
    const context = connectOrg(
      opportunities({ [`POST ${DATA}/composite/sobjects/Opportunity`]: refuseWith('MALFORMED_ID') }),
    );
    await expect(fetchSalesforce('deal', [DEAL], context)).rejects.toThrow('MALFORMED_ID');
  });

  it('asks tasks and events apart: they are one entity', async () => {
    const [task, event] = ['00T8d00000AbCdEEAV', '00U8d00000AbCdEEAV'];
    const read = (object: string, id: string): Answers => ({
      [`GET ${DATA}/sobjects/${object}/describe`]: () => describeOf('Id', 'Subject'),
      [`POST ${DATA}/composite/sobjects/${object}`]: () => [{ Id: id, Subject: object }],
    });
    const context = connectOrg({ ...read('Task', task), ...read('Event', event) });
    const fetched = await fetchSalesforce('activity', [task, event], context);
    expect(fetched.get(event)).toMatchObject({ Subject: 'Event' });
    expect(fetched.get(task)).toMatchObject({ Subject: 'Task' });
  });

  it('knows a custom object by its name in mesh.yaml, and asks nothing for what is no id', async () => {
    const context = connectOrg({}, { objects: ['Kiln__c'] });
    await expect(fetchSalesforce('custom-kiln__c', ['x'], context)).resolves.toEqual(new Map());
    expect(context.calls).toEqual([]);
    await expect(fetchSalesforce('custom-kiln__c', [DEAL], context)).rejects.toThrow('NOT_FOUND');
    expect(context.calls[0]!.path).toBe(`${DATA}/sobjects/Kiln__c/describe`);
  });
});
