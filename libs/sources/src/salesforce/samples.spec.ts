import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isObject } from '@crm-mesh/sdk/kit';
import { describe, expect, it } from 'vitest';
import { createRequest, listRecordErrors, readSample, readSampleJson, toNotification } from '../../test/context.js';
import { salesforceSource } from './index.js';
import { describeSalesforce } from './metadata.js';
import { connectOrg, DATA, describeOf, rowsOf, stagesAnswer } from './org.fixture.js';
import { createDecoder, type ChangeEvent } from './pubsub/decode-event.js';
import { draftChanges } from './pubsub/draft-changes.js';
import { encodeEvent, readEvents } from './pubsub/encode-event.fixture.js';

/** What every sample comes to. `MESH_WRITE_GOLDEN=1` writes it anew: read the difference before you believe it. */
const FILE = new URL('../../test/golden/salesforce.json', import.meta.url);
const golden: Record<string, unknown> = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as object as never)
  : {};

function compare(name: string, found: unknown): void {
  const plain = JSON.parse(JSON.stringify(found)) as unknown;
  if (process.env['MESH_WRITE_GOLDEN'] === '1') {
    golden[name] = plain;
    writeFileSync(FILE, `${JSON.stringify(golden, undefined, 2)}\n`);
  }
  expect(plain).toEqual(golden[name]);
}

const context = connectOrg(
  {
    [`GET ${DATA}/query`]: stagesAnswer,
    [`GET ${DATA}/queryAll`]: () => rowsOf([{ Id: '0018d00000VrWpcAAF', MasterRecordId: '0018d00000VrWn2AAF' }]),
    [`GET ${DATA}/sobjects/Opportunity/describe`]: () => describeOf('Id', 'StageName'),
  },
  { objects: ['Opportunity'], customFields: { deal: ['Mesh_Sync_Status__c'] } },
);

async function mapRow(entity: string, row: Record<string, unknown> | undefined, change = 'updated') {
  const [id, dedupeKey, payload] = [String(row?.Id ?? 'x'), 'k', {}];
  const notification = toNotification({ entity, id, change: change as 'updated', dedupeKey, payload });
  const mapped = await salesforceSource.map({ notification, fetched: row }, context);
  if (mapped.state === 'present') expect(listRecordErrors(entity, mapped.record)).toEqual([]);
  return mapped;
}

/** What the API would show after an event: a small organisation that is changed by nothing else. */
class Org {
  readonly rows = new Map<string, Record<string, unknown>>([
    ['0018d00000VrWn2AAF', { Id: '0018d00000VrWn2AAF', Name: 'Brightwater Ceramics', OwnerId: '0058d000004bTzRAAU' }],
    [
      '0068d00000GmYt4AAF',
      {
        Id: '0068d00000GmYt4AAF',
        Name: 'Kiln line refit 2026',
        StageName: 'Qualification',
        IsClosed: false,
        IsWon: false,
      },
    ],
  ]);

  apply({ ChangeEventHeader: { recordIds, changeType, commitTimestamp }, ...fields }: ChangeEvent): void {
    for (const id of recordIds) {
      if (changeType === 'DELETE') this.rows.delete(id);
      else if (!changeType.startsWith('GAP')) {
        const stamp = { Id: id, SystemModstamp: toRestTime(commitTimestamp) };
        this.rows.set(id, { ...this.rows.get(id), ...flatten(fields), ...stamp });
      }
    }
  }
}

const toRestTime = (epochMs: unknown) => new Date(Number(epochMs)).toISOString().replace('Z', '+0000');

function flatten(fields: Record<string, unknown>): Record<string, unknown> {
  const { Name, ...others } = fields;
  const flat: Record<string, unknown> = isObject(Name)
    ? { Name: [Name.FirstName, Name.LastName].join(' ') }
    : Name === undefined
      ? {}
      : { Name };
  for (const [name, value] of Object.entries(others)) {
    if (name === 'CloseDate') flat[name] = toRestTime(value).slice(0, 10);
    else if (name === 'CreatedDate') flat[name] = toRestTime(value);
    else if (isObject(value))
      for (const [part, own] of Object.entries(value)) flat[name.replace('Address', part)] = own;
    else if (!/^(LastModified|CreatedBy|ExpectedRevenue|ForecastCategory)/.test(name)) flat[name] = value;
  }
  return flat;
}

describe('every sample, as the mesh tells it', () => {
  const org = new Org();

  it.each([
    'cdc-contact-created.json',
    'cdc-contact-updated.json',
    'cdc-contact-deleted.json',
    'cdc-contact-undeleted.json',
    'cdc-account-updated.json',
    'cdc-account-merge.json',
    'cdc-opportunity-stage-changed.json',
    'cdc-opportunity-closed-won.json',
    'cdc-gap-update.json',
    'cdc-opportunity-own-write.json',
    'cdc-gap-overflow.json',
  ])('%s', async (name) => {
    const told = readEvents(name).map((sample) => {
      const encoded = encodeEvent(sample);
      return { eventId: sample.id, event: createDecoder(encoded.schemaJson)(encoded.payload) };
    });
    const lost: string[] = [];
    const drafts = await draftChanges(told, context, (why) => void lost.push(why));
    for (const { event } of told) org.apply(event);
    const signs = drafts.map(async ({ entity, id, change, dedupeKey, modifiedAt, mergedIds }) => {
      const sign = { entity, id, change, dedupeKey, modifiedAt, mergedIds };
      const notification = toNotification({ ...sign, payload: {} });
      return { sign, mapped: await salesforceSource.map({ notification, fetched: org.rows.get(id) }, context) };
    });
    compare(name, { lost, signs: await Promise.all(signs) });
  });

  it('outbound-contact-updated.xml', () => {
    const request = createRequest({ body: readSample('salesforce/outbound-contact-updated.xml') });
    compare('outbound-contact-updated.xml', salesforceSource.split!(request, context));
  });

  it('api-soql-opportunities-page.json', async () => {
    const { records } = readSampleJson<{ records: Record<string, unknown>[] }>(
      'salesforce/api-soql-opportunities-page.json',
    );
    compare('api-soql-opportunities-page.json', await Promise.all(records.map((row) => mapRow('deal', row))));
  });

  it('api-composite-retrieve.json', async () => {
    const rows = readSampleJson<(Record<string, unknown> | null)[]>('salesforce/api-composite-retrieve.json');
    compare('api-composite-retrieve.json', await Promise.all(rows.map((row) => mapRow('deal', row ?? undefined))));
  });

  it('api-opportunity-stages.json', async () => {
    compare('api-opportunity-stages.json', await describeSalesforce(context));
  });
});
