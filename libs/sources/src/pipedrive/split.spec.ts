import { describe, expect, it } from 'vitest';
import { createRequest, readSample, readSampleJson } from '../../test/context.js';
import { connect, tell } from './pipedrive.fixture.js';
import { splitPipedrive } from './split.js';

const split = (body: string, part: object = {}) => splitPipedrive(createRequest({ body }), connect(part));

describe('the samples', () => {
  it.each([
    ['person-created', 'contact/88213 created 2026-03-10T09:14:22.412Z'],
    ['person-updated', 'contact/88213 updated 2026-03-11T13:02:46.031Z'],
    ['person-deleted', 'contact/88213 deleted 2026-03-19T16:40:03.512Z'],
    ['organization-updated', 'company/51077 updated 2026-03-12T07:45:10.250Z'],
    ['deal-stage-changed', 'deal/130442 updated 2026-03-16T11:20:31.665Z'],
    ['deal-closed-won', 'deal/130442 updated 2026-03-24T15:59:58.120Z'],
    ['deal-closed-lost', 'deal/130442 updated 2026-03-24T15:59:58.120Z'],
    ['deal-deleted', 'deal/130442 deleted 2026-04-02T07:00:00.000Z'],
    ['deal-own-write', 'deal/130442 updated 2026-03-25T06:00:02.018Z'],
  ])('%s', (name, expected) => {
    const drafts = split(readSample(`pipedrive/${name}.json`).toString());
    expect(drafts.map((draft) => `${draft.entity}/${draft.id} ${draft.change} ${draft.modifiedAt}`)).toEqual([
      expected,
    ]);
    const sample = readSampleJson<{ meta: { id: string }; data: unknown }>(`pipedrive/${name}.json`);
    expect(drafts[0]).toMatchObject({ dedupeKey: sample.meta.id, payload: sample });
    expect(drafts[0]!.fetched).toEqual(sample.data ?? { id: drafts[0]!.id, is_deleted: true });
  });
});

it('has one key for all attempts, and another for each statement about a user', () => {
  const keyOf = (meta: object) => split(tell(meta, {}))[0]!.dedupeKey;
  expect(keyOf({ attempt: 1 })).toBe(keyOf({ attempt: 4 }));
  const user = (timestamp: number) => keyOf({ entity: 'user', entity_id: '7', id: '7', timestamp });
  expect(user(1_774_368_000)).not.toBe(user(1_774_368_060));
  expect(split(tell({ entity: 'user', entity_id: '7', id: '7', timestamp: 1_774_368_000 }, [{ id: 7 }]))).toMatchObject(
    [{ entity: 'custom-user', modifiedAt: '2026-03-24T16:00:00.000Z', fetched: { id: 7 } }],
  );
});

describe('a merge', () => {
  it('told by the loser’s delete is told of the winner, which is then read', () => {
    const [draft, ...more] = split(tell({ action: 'delete', entity_id: '5', merged_to_id: 4 }, null, { id: 5 }));
    expect(draft).toMatchObject({ entity: 'deal', id: '4', change: 'merged', mergedIds: ['5'] });
    expect(draft).not.toHaveProperty('fetched');
    expect(more).toEqual([]);
  });

  it('told by the winner’s change names the loser', () => {
    const data = { id: 4, title: 'Kiln' };
    expect(split(tell({ entity_id: '4', merged_from_id: '5' }, data))).toMatchObject([
      { id: '4', change: 'merged', mergedIds: ['5'], fetched: data },
    ]);
  });
});

it.each([
  ['deal_product', 'custom-deal-product'],
  ['note', 'custom-note'],
  ['lead', 'lead'],
  ['activity', 'activity'],
])('tells %s as %s', (entity, expected) => expect(split(tell({ entity }, {}))[0]!.entity).toBe(expected));

describe('its own writes', () => {
  const own = readSample('pipedrive/deal-own-write.json').toString();

  it.each([
    ['the integration’s user, through the API', own, '15998812', 0],
    ['another user', own, '15530071', 1],
    ['the integration’s user, in the app', readSample('pipedrive/deal-closed-won.json').toString(), '15530071', 1],
  ])('%s', (_name, body, userId, count) => expect(split(body, { userId })).toHaveLength(count));
});

it('carries no record where it is to be read', () => {
  const body = tell({}, { id: 1 });
  expect(split(body, { readRecords: true })[0]).not.toHaveProperty('fetched');
  expect(split(body, { lineItems: true })[0]).not.toHaveProperty('fetched');
  expect(split(tell({ entity: 'person' }, { id: 1 }), { lineItems: true })[0]).toHaveProperty('fetched');
  expect(split(tell({ entity: 'note' }, { id: 1 }), { readRecords: true })[0]).toHaveProperty('fetched');
  expect(split(tell({ action: 'delete' }, null), { readRecords: true })[0]).toHaveProperty('fetched');
});

describe('what is refused', () => {
  it.each([
    ['a webhook of version 1', '{"v":1,"meta":{"v":1,"action":"updated"},"current":{},"previous":{}}', 'of version 1'],
    ['a webhook without a version', '{"meta":{},"data":{}}', 'of version unknown'],
    ['a list', '[]', 'no `meta`'],
    ['no entity', tell({ entity: 'Deal/x' }, {}), 'names no entity'],
    ['no id', tell({ entity_id: null }, {}), 'names no entity'],
    ['no statement', tell({ id: undefined }, {}), 'has no id'],
    ['an action of version 1', tell({ action: 'updated' }, {}), 'none of create, change and delete'],
    ['no record', tell({}, null), 'holds no record'],
    ['another company', tell({ company_id: '1' }, {}), 'of the company 1'],
  ])('%s', (_name, body, why) => expect(() => split(body, { companyId: '7341882' })).toThrow(why));
});
