import type { BackfillState } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { estimateMs, findCurrent, takeScanPage } from './backfill-state.js';

const draft = { entity: 'deal', id: '1', change: 'unknown' as const, dedupeKey: 'd', payload: {} };
const begun: BackfillState = {
  ...{ run: 'r', by: 'ann', begunMs: 1 },
  entities: [
    { entity: 'deal', records: 0 },
    { entity: 'contact', records: 0 },
  ],
};

it('goes from page to page and from entity to entity', () => {
  const first = takeScanPage(begun, { drafts: [draft, draft], cursor: 'b', total: 3 }, 2);
  expect(findCurrent(first)).toEqual({ entity: 'deal', records: 2, total: 3, cursor: 'b' });
  const second = takeScanPage(first, { drafts: [draft] }, 3);
  expect(second.entities[0]).toEqual({ entity: 'deal', records: 3, total: 3, isDone: true });
  expect(findCurrent(second)).toEqual({ entity: 'contact', records: 0 });
  expect(findCurrent(takeScanPage(second, { drafts: [] }, 4))).toBeUndefined();
});

it.each([
  ['by what is left', [{ entity: 'deal', records: 400, total: 1_000 }], 300, 120_000],
  [
    'over all that is not done',
    [
      { entity: 'a', records: 9, isDone: true as const },
      { entity: 'b', records: 0, total: 60 },
    ],
    60,
    60_000,
  ],
  ['not where the CRM does not say how much there is', [{ entity: 'deal', records: 400 }], 300, undefined],
  ['not while nothing moves', [{ entity: 'deal', records: 400, total: 1_000 }], 0, undefined],
])('estimates %s', (_name, entities, perMinute, expected) => {
  expect(estimateMs(entities, perMinute)).toBe(expected);
});
