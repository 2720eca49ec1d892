import { describe, expect, it } from 'vitest';
import { UI_ACTOR } from './owners.js';
import { CrmStore } from './crm-store.js';
import { createIdDrawer } from './draw-ids.js';
import { searchObjects } from './search.js';
import { readSearchRequest } from './search-request.js';

let nowMs = 1_774_368_000_000;
let lagMs = 0;

function createStore(): CrmStore {
  return new CrmStore({
    now: () => nowMs,
    drawId: createIdDrawer(() => 0),
    tell: () => undefined,
    searchLagMs: () => lagMs,
  });
}

const store = createStore();
for (const [dealname, amount, closedate] of [
  ['Kiln line refit', '48500.00', '2026-03-24T16:00:00.000Z'],
  ['Spare burner set', '900.00', '2026-04-01T00:00:00.000Z'],
  ['kiln plates', '', ''],
] as const) {
  store.create('deals', { dealname, amount, closedate }, { actor: UI_ACTOR });
}

const find = (filters: object[], rest: object = {}): (string | undefined)[] => {
  const request = readSearchRequest({ filterGroups: [{ filters }], ...rest });
  return searchObjects(store.list('deals'), request, nowMs).results.map(({ properties }) => properties.get('dealname'));
};

describe('searchObjects', () => {
  it.each([
    [{ propertyName: 'amount', operator: 'EQ', value: '48500' }, ['Kiln line refit']],
    [{ propertyName: 'dealname', operator: 'EQ', value: 'KILN PLATES' }, ['kiln plates']],
    [{ propertyName: 'amount', operator: 'NEQ', value: '900' }, ['Kiln line refit', 'kiln plates']],
    [{ propertyName: 'amount', operator: 'LT', value: '1000' }, ['Spare burner set']],
    [{ propertyName: 'amount', operator: 'LTE', value: '900.0' }, ['Spare burner set']],
    [{ propertyName: 'closedate', operator: 'GT', value: '1774368000000' }, ['Spare burner set']],
    [{ propertyName: 'closedate', operator: 'GTE', value: '1774368000000' }, ['Kiln line refit', 'Spare burner set']],
    [{ propertyName: 'amount', operator: 'BETWEEN', value: '100', highValue: '1000' }, ['Spare burner set']],
    [{ propertyName: 'amount', operator: 'IN', values: ['900', '7'] }, ['Spare burner set']],
    [{ propertyName: 'amount', operator: 'NOT_IN', values: ['900'] }, ['Kiln line refit', 'kiln plates']],
    [{ propertyName: 'amount', operator: 'HAS_PROPERTY' }, ['Kiln line refit', 'Spare burner set']],
    [{ propertyName: 'amount', operator: 'NOT_HAS_PROPERTY' }, ['kiln plates']],
    [{ propertyName: 'dealname', operator: 'CONTAINS_TOKEN', value: 'kil*' }, ['Kiln line refit', 'kiln plates']],
    [{ propertyName: 'dealname', operator: 'NOT_CONTAINS_TOKEN', value: 'kiln' }, ['Spare burner set']],
    [{ propertyName: 'hs_object_id', operator: 'GT', value: '128850143501' }, ['Spare burner set', 'kiln plates']],
    [{ propertyName: 'hs_lastmodifieddate', operator: 'GTE', value: '1774368000001' }, []],
  ])('%j', (filter, expected) => expect(find([filter])).toEqual(expected));

  it('sorts either way, without a value last', () => {
    expect(find([], { sorts: ['amount'] })).toEqual(['Spare burner set', 'Kiln line refit', 'kiln plates']);
    expect(find([], { sorts: [{ propertyName: 'amount', direction: 'DESCENDING' }] })).toEqual([
      'Kiln line refit',
      'Spare burner set',
      'kiln plates',
    ]);
  });

  it('lags behind writes: a new record is missing, a changed one is stale', () => {
    const lagging = createStore();
    lagMs = 1_000;
    const request = readSearchRequest({ properties: ['dealname'] });
    const look = (): (string | undefined)[] =>
      searchObjects(lagging.list('deals'), request, nowMs - lagMs).results.map(({ properties }) =>
        properties.get('dealname'),
      );
    const deal = lagging.create('deals', { dealname: 'one' }, { actor: UI_ACTOR });
    expect(look()).toEqual([]);
    nowMs += 1_000;
    expect(look()).toEqual(['one']);
    lagging.update(deal, { dealname: 'two' }, UI_ACTOR);
    nowMs += 500;
    lagging.update(deal, { dealname: 'three' }, UI_ACTOR);
    expect(look()).toEqual(['one']);
    nowMs += 1_000;
    expect(look()).toEqual(['three']);
  });
});

describe('readSearchRequest', () => {
  const filter = { propertyName: 'a', operator: 'HAS_PROPERTY' };
  const groups = (...sizes: number[]): object => ({
    filterGroups: sizes.map((size) => ({ filters: Array.from({ length: size }, () => filter) })),
  });

  it.each([
    ['a page over 200', { limit: 201 }],
    ['six groups', groups(1, 1, 1, 1, 1, 1)],
    ['seven filters in a group', groups(7)],
    ['19 filters', groups(6, 6, 6, 1)],
    ['two sorts', { sorts: ['a', 'b'] }],
    ['an unknown operator', { filterGroups: [{ filters: [{ propertyName: 'a', operator: 'LIKE' }] }] }],
    ['a body over 3,000 characters', { properties: ['x'.repeat(3_000)] }],
    ['no object', []],
    ['a limit that is no number', { limit: 'ten' }],
  ])('refuses %s', (_, body) => {
    expect(() => readSearchRequest(body)).toThrow(expect.objectContaining({ status: 400 }) as Error);
  });

  it('takes the limits themselves', () => {
    expect(readSearchRequest({ ...groups(6, 6, 6), limit: 200 }).limit).toBe(200);
    expect(() => searchObjects([], readSearchRequest({ limit: 200, after: '9800' }), 0)).not.toThrow();
    expect(() => searchObjects([], readSearchRequest({ limit: 200, after: '9801' }), 0)).toThrow(/10000/);
  });
});
