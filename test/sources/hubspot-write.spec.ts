import { Client } from '@hubspot/api-client';
import { RefusedRequest, type WriteRequest } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubspotSource } from '../../libs/sources/src/index.js';
import { openPortal, START_MS, type Portal } from './hubspot-portal.js';

let portal: Portal;
let client: Client;
beforeEach(async () => {
  portal = await openPortal({ currency: 'EUR' });
  const { url: basePath, accessToken } = portal.sandbox;
  client = new Client({ basePath, accessToken });
});
afterEach(() => portal.sandbox.stop());

const write = (part: Partial<WriteRequest>) =>
  hubspotSource.write!({ entity: 'deal', verb: 'create', idempotencyKey: 'k-1', ...part }, portal.context);

describe('what is written, read back by the official client', () => {
  it('a record is made, changed, emptied and deleted', async () => {
    const amount = { value: '48500.00', currency: 'EUR' };
    const made = await write({ record: { name: 'Kiln', amount, stage: 'contractsent', closeDate: '2026-04-01' } });
    expect(made).toEqual({
      id: expect.stringMatching(/^\d+$/) as string,
      modifiedAt: new Date(START_MS).toISOString(),
    });
    const read = async () => {
      const names = ['dealname', 'amount', 'deal_currency_code', 'dealstage', 'closedate'];
      return (await client.crm.deals.basicApi.getById(made.id, names)).properties;
    };
    expect(await read()).toMatchObject({ dealname: 'Kiln', amount: '48500.00', deal_currency_code: 'EUR' });
    portal.clock.nowMs += 1_000;
    const changed = await write({ verb: 'update', id: made.id, record: { stage: 'closedwon', name: null } });
    expect(changed).toEqual({ id: made.id, modifiedAt: new Date(START_MS + 1_000).toISOString() });
    expect(await read()).toMatchObject({ dealname: null, dealstage: 'closedwon', amount: '48500.00' });
    expect(await write({ verb: 'delete', id: made.id })).toEqual({ id: made.id });
    await expect(read()).rejects.toMatchObject({ code: 404 });
    expect(await write({ verb: 'delete', id: made.id })).toEqual({ id: made.id });
  });

  it('what was fetched can be written back, and is the same', async () => {
    const { id } = await write({ entity: 'contact', record: { firstName: 'Ada', address: { city: 'Selb' } } });
    const read = async () => {
      const fetched = (await hubspotSource.fetch!('contact', [id], portal.context)).get(id);
      const notification = { tenant: 'acme', connection: 'crm', entity: 'contact', id, change: 'unknown' as const };
      const rest = { dedupeKey: 'k', origin: 'poll' as const, receivedAt: '', verifiedBy: 'poll', payload: {} };
      const mapped = await hubspotSource.map({ notification: { ...notification, ...rest }, fetched }, portal.context);
      return mapped.state === 'present' ? mapped.record : undefined;
    };
    const record = await read();
    await write({ entity: 'contact', verb: 'update', id, record: { ...record } });
    expect(await read()).toEqual(record);
  });

  it('names the app as the one who wrote', async () => {
    const { id } = await write({ record: { name: 'Kiln' } });
    const read = await client.crm.deals.basicApi.getById(id, undefined, ['dealname']);
    expect(read.propertiesWithHistory).toMatchObject({
      dealname: [{ sourceType: 'INTEGRATION', sourceId: '2951846' }],
    });
  });
});

describe('what HubSpot never takes', () => {
  it.each([
    ['a record that is not there', { verb: 'update', id: '7', record: { name: 'x' } }, 404],
    ['a stage that is not there', { record: { stage: 'nowhere' } }, 400],
    ['a change of nobody', { verb: 'update', record: {} }, 400],
  ] as const)('%s', async (_name, part, status) => {
    const error: unknown = await write(part).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedRequest);
    expect(error).toMatchObject({ status });
  });
});
