import type { MeshEvent } from '@crm-mesh/contract';
import { expect, it } from 'vitest';
import { foldEvents } from './fold-events.js';

const tell = (type: string, id: string, version: number, data: object = {}): MeshEvent =>
  ({
    type: `crm.${type}`,
    source: '/acme/hubspot',
    subject: `${type.split('.')[0]}/${id}`,
    recordversion: version,
    data,
  }) as unknown as MeshEvent;

it('ends with the state that a reader would end with', () => {
  const folded = foldEvents([
    tell('contact.created', '1', 1),
    tell('contact.created', '2', 1),
    tell('contact.created', '3', 1),
    tell('contact.created', '4', 1),
    tell('contact.merged', '1', 2, { mergedIds: ['2'] }),
    tell('contact.deleted', '2', 2),
    tell('contact.deleted', '3', 2),
    tell('contact.erased', '4', 2),
    tell('deal.created', '1', 1, { status: 'open' }),
    tell('deal.won', '1', 2, { status: 'won' }),
    tell('deal.created', '2', 1, { status: 'open' }),
  ]);
  expect(folded).toMatchObject({
    events: 11,
    records: 6,
    broken: 0,
    byType: { 'contact.created': 4, 'deal.won': 1 },
    states: { contact: { live: 1, archived: 1, erased: 1, merged: 1 }, deal: { live: 2, archived: 0 } },
    deals: { open: 1, won: 1, lost: 0 },
  });
});

it('takes what came back for live', () => {
  const folded = foldEvents([
    tell('contact.created', '1', 1),
    tell('contact.deleted', '1', 2),
    tell('contact.restored', '1', 3),
  ]);
  expect(folded.states['contact']).toMatchObject({ live: 1, archived: 0 });
});

it.each([
  ['missing', [1, 3]],
  ['doubled', [1, 1, 2]],
  ['in disorder', [1, 3, 2]],
  ['without a beginning', [2]],
])('notices a version that is %s', (_what, versions) => {
  expect(foldEvents(versions.map((version) => tell('lead.updated', '1', version))).broken).toBe(1);
});
