import { defineMapping, defineSource, type MappedRecord, type Mapping } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { createConfig, createContext, toNotification } from '../../test/context.js';
import { createAdjust } from './adjust-record.js';
import { mapSample } from './map-sample.js';
import { MappingOverrides } from './overrides-config.js';
import { trackReads } from './track-reads.js';

interface Row {
  id: string;
  title?: string;
  tags?: { name: string }[];
  region?: string;
}

const source = defineSource<object>({
  name: 'rows',
  config: class {},
  fetch: () => Promise.resolve(new Map()),
  map: ({ fetched }) => {
    const { id, title, tags } = fetched as Row;
    return { state: 'present', record: { id, name: title, status: 'open', custom: { tags } } } as MappedRecord;
  },
});
const OBJECT: Row & { owner: object } = {
  id: '7',
  title: 'Kilns',
  tags: [{ name: 'hot' }],
  region: 'north',
  owner: { mail: 'x', name: '' },
};
const notification = toNotification({ entity: 'deal', id: '7', change: 'updated', dedupeKey: 'k', payload: {} });

function run(plain: object, own: Mapping = defineMapping(() => undefined)) {
  const adjust = createAdjust(createConfig(MappingOverrides, plain), own);
  return mapSample({ source, context: createContext({}), adjust, notification, fetched: OBJECT });
}

describe('a sample', () => {
  it('becomes what the normaliser would make of it, and says what nobody reads', async () => {
    expect(await run({})).toEqual({
      ...{ entity: 'deal', id: '7', leftOver: ['region', 'owner.mail'] },
      mapped: {
        state: 'present',
        record: { id: '7', name: 'Kilns', status: 'open', custom: { tags: [{ name: 'hot' }] } },
      },
    });
  });

  it('is mapped by the rules, and by the function last', async () => {
    const own = defineMapping(({ record, object, entity }) => ({
      ...record,
      ownerId: `${entity}:${(object as typeof OBJECT & { owner: { mail: string } }).owner.mail}`,
    }));
    const result = await run({ entities: { deal: { fields: { 'custom.area': 'region' } } } }, own);
    expect(result).toMatchObject({
      leftOver: [],
      mapped: { record: { ownerId: 'deal:x', custom: { area: 'north' } } },
    });
  });

  it('says why the record would be refused', async () => {
    const own = defineMapping(({ record }) => ({ ...record, status: 'almost' }) as never);
    expect((await run({}, own)).refusal).toContain('status');
  });
});

describe('tracked reads', () => {
  it('name what was not read, not what is empty', () => {
    const { object, listUnread } = trackReads({ a: 1, b: { c: [1, 2], d: null, e: '' } });
    void (object as { b: { c: number[] } }).b.c[1];
    expect(listUnread()).toEqual(['a', 'b.c[0]']);
  });

  it('take a copy for reading all', () => {
    const { object, listUnread } = trackReads({ a: 1, b: { c: [1, 2] } });
    expect(JSON.parse(JSON.stringify(object))).toEqual({ a: 1, b: { c: [1, 2] } });
    expect(listUnread()).toEqual([]);
  });
});
