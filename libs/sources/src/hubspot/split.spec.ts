import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createConfig,
  createContext,
  createLog,
  createRequest,
  readSample,
  readSampleJson,
} from '../../test/context.js';
import { HubspotConfig } from './config.js';
import { splitHubspot } from './split.js';

function split(body: unknown, part: Partial<HubspotConfig> = {}) {
  const config = createConfig(HubspotConfig, { clientSecrets: ['s'], accessToken: 't', ...part });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return splitHubspot(createRequest({ body: text }), createContext(config));
}

const summarise = (body: string) =>
  split(body).map(({ entity, id, change, modifiedAt }) => `${entity}/${id} ${change} ${modifiedAt}`);

describe('the samples', () => {
  it.each([
    [
      'contact-created',
      [
        'contact/128850143501 created 2026-03-10T09:14:22.187Z',
        'contact/128850143501 updated 2026-03-10T09:14:22.187Z',
        'contact/128850143501 updated 2026-03-10T09:14:22.187Z',
      ],
    ],
    ['contact-updated', Array(2).fill('contact/128850143501 updated 2026-03-11T13:02:45.900Z')],
    ['contact-deleted', ['contact/128850143501 deleted 2026-03-19T16:40:03.512Z']],
    ['contact-restored', ['contact/128850143501 restored 2026-03-19T17:05:44.300Z']],
    [
      'contact-privacy-deleted',
      ['contact/128850143777 deleted 2026-03-20T08:11:09.004Z', 'contact/128850143777 erased 2026-03-20T08:11:09.004Z'],
    ],
    ['company-updated', Array(2).fill('company/21884410322 updated 2026-03-12T07:45:10.250Z')],
    ['deal-stage-changed', ['deal/35120447789 updated 2026-03-16T11:20:31.665Z']],
    [
      'association-changed',
      ['deal/35120447789 updated 2026-03-16T11:25:00.110Z', 'contact/128850143501 updated 2026-03-16T11:25:00.110Z'],
    ],
    ['deal-own-write.UNCONFIRMED', ['deal/35120447789 updated 2026-03-25T06:00:02.018Z']],
  ])('%s', (name, expected) => {
    expect(summarise(readSample(`hubspot/${name}.json`).toString())).toEqual(expected);
  });

  it('a retried event keeps its key, whatever its attempt number', () => {
    const drafts = split(readSample('hubspot/deal-closed-won.json').toString());
    expect(drafts).toHaveLength(4);
    expect(drafts.map(({ dedupeKey }) => dedupeKey)).toEqual([
      '24417703/3104852/990214002/1774367998120/35120447789/closedate',
      '24417703/3104850/990214001/1774367998120/35120447789/dealstage',
      '24417703/3104851/990214003/1774367980900/35120447789/amount',
      '24417703/3104850/990214001/1774367998120/35120447789/dealstage',
    ]);
  });

  it('keeps the item as the payload', () => {
    const items = readSampleJson<unknown[]>('hubspot/company-updated.json');
    expect(split(items).map(({ payload }) => payload)).toEqual(items);
  });
});

const item = {
  eventId: 1,
  subscriptionId: 2,
  portalId: 3,
  appId: 4,
  occurredAt: 1774368000000,
  attemptNumber: 0,
  objectId: 5,
};

describe('both families of subscriptions', () => {
  it.each([
    ['contact.creation', undefined, 'contact', 'created'],
    ['ticket.propertyChange', undefined, 'ticket', 'updated'],
    ['line_item.deletion', undefined, 'custom-line-item', 'deleted'],
    ['product.restore', undefined, 'product', 'restored'],
    ['object.creation', '0-3', 'deal', 'created'],
    ['object.propertyChange', '0-136', 'lead', 'updated'],
    ['object.creation', '0-101', 'payment', 'created'],
    ['object.deletion', '0-14', 'quote', 'deleted'],
    ['object.creation', '0-27', 'activity', 'created'],
    ['object.creation', '0-48', 'custom-call', 'created'],
    ['object.propertyChange', '2-38120457', 'custom-2-38120457', 'updated'],
    ['object.propertyChange', '0-410', 'custom-0-410', 'updated'],
  ])('%s %s → %s %s', (subscriptionType, objectTypeId, entity, change) => {
    expect(split([{ ...item, subscriptionType, objectTypeId }])).toMatchObject([{ entity, change, id: '5' }]);
  });

  it('tells an association of the record it starts from, also without objectId', () => {
    const { objectId: _, ...association } = {
      ...item,
      subscriptionType: 'object.associationChange',
      fromObjectTypeId: '0-3',
      fromObjectId: 35,
      toObjectId: 12,
    };
    expect(split([association])).toMatchObject([{ entity: 'deal', id: '35', change: 'updated' }]);
  });

  it.each([
    ['the primary remains', { primaryObjectId: 7, mergedObjectIds: [8, 9], newObjectId: 7 }, '7', ['8', '9']],
    ['a third record remains', { primaryObjectId: 7, mergedObjectIds: [8], newObjectId: 10 }, '10', ['7', '8']],
    ['no new id is told', { primaryObjectId: 7, mergedObjectIds: [8] }, '7', ['8']],
  ])('merge: %s', (_name, part, id, mergedIds) => {
    expect(split([{ ...item, subscriptionType: 'contact.merge', ...part }])).toMatchObject([
      { change: 'merged', id, mergedIds },
    ]);
  });

  it('leaves out what is about no CRM object, and says so', () => {
    const config = createConfig(HubspotConfig, { clientSecrets: ['s'], accessToken: 't' });
    const log = createLog();
    const request = createRequest({ body: JSON.stringify([{ ...item, subscriptionType: 'conversation.creation' }]) });
    expect(splitHubspot(request, { ...createContext(config), log })).toEqual([]);
    expect(log.lines).toHaveLength(1);
  });
});

it('keeps ids past 2^53', () => {
  const text = JSON.stringify([{ ...item, subscriptionType: 'deal.creation' }]).replace(
    '"objectId":5',
    '"objectId":9007199254740993',
  );
  const [draft] = split(text);
  expect(draft).toMatchObject({ id: '9007199254740993', dedupeKey: '3/2/1/1774368000000/9007199254740993/' });
  expect(draft!.payload).toMatchObject({ objectId: '9007199254740993', occurredAt: 1774368000000 });
});

describe('what is refused', () => {
  it.each([
    ['no JSON', '[{', 'no valid JSON'],
    ['bytes that are no UTF-8', '\uD800', 'no list|no valid JSON'],
    ['an object', {}, 'no list'],
    ['an item that is none', [1], 'item 0 is no object'],
    ['an item without type', [item], 'item 0 has no subscriptionType'],
    [
      'a generic item without object type',
      [{ ...item, subscriptionType: 'object.creation' }],
      'item 0 has no objectTypeId',
    ],
    [
      'an item without object',
      [{ ...item, objectId: undefined, subscriptionType: 'deal.creation' }],
      'names no object',
    ],
    ['nesting without end', '['.repeat(200_000), 'deeper than 200 levels'],
  ])('%s', (_name, body, message) => {
    expect(() => split(body)).toThrow(new RegExp(`MESH_NOTIFICATION_INVALID.*(${message})`));
  });

  it('events of another portal', () => {
    const body = readSample('hubspot/contact-created.json').toString();
    expect(split(body, { portalId: '24417703' })).toHaveLength(3);
    expect(() => split(body, { portalId: '1' })).toThrow(
      'item 0 is of the portal 24417703, but this connection stands for the portal 1',
    );
  });
});

const items = fc.array(
  fc.record({
    eventId: fc.integer({ min: 1, max: 50 }),
    subscriptionId: fc.integer({ min: 1, max: 5 }),
    portalId: fc.constant(24417703),
    occurredAt: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_005 }),
    objectId: fc.maxSafeInteger().map(Math.abs),
    propertyName: fc.option(fc.constantFrom('amount', 'dealstage'), { nil: undefined }),
    subscriptionType: fc.constantFrom('deal.creation', 'deal.propertyChange', 'contact.deletion'),
  }),
  { minLength: 1, maxLength: 20 },
);

it('tells the same keys for the same items, in any order, batch and attempt', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 0, max: 10 }), fc.infiniteStream(fc.nat()), (events, attemptNumber, noise) => {
      const first = split(events.map((event) => ({ attemptNumber: 0, ...event })));
      const shuffled = events
        .map((event) => ({ event, rank: noise.next().value as number }))
        .toSorted((a, b) => a.rank - b.rank);
      // Members may come in another order too.
      const again = shuffled.flatMap(({ event }) =>
        split([Object.fromEntries(Object.entries({ ...event, attemptNumber }).toReversed())]),
      );
      const keysOf = (drafts: typeof first) =>
        drafts.map(({ dedupeKey, entity, id }) => `${dedupeKey} ${entity} ${id}`).toSorted();
      expect(keysOf(again)).toEqual(keysOf(first));
    }),
  );
});
