import type { Change, Notification } from '@crm-mesh/contract';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { gatherNotifications } from './gather-notifications.js';

const notify = (change: Change, second: number, part: Partial<Notification> = {}): Notification => ({
  tenant: 't',
  connection: 'c',
  entity: 'contact',
  id: '1',
  dedupeKey: `${change}${second}`,
  change,
  origin: 'webhook',
  modifiedAt: `2026-03-24T16:00:0${second}.000Z`,
  receivedAt: '2026-03-24T16:00:09.000Z',
  verifiedBy: 'x',
  payload: {},
  ...part,
});

it.each([
  [
    'the newest stands for all',
    [notify('created', 1), notify('updated', 3), notify('updated', 2)],
    'updated3',
    undefined,
  ],
  ['an order to erase is never lost', [notify('erased', 1), notify('deleted', 3)], 'erased1', undefined],
  [
    'what was merged is kept',
    [
      notify('merged', 1, { mergedIds: ['8', '9'] }),
      notify('updated', 3),
      notify('merged', 2, { mergedIds: ['7', '8'] }),
    ],
    'updated3',
    ['7', '8', '9'],
  ],
  [
    'a row that is newer than what was only told of stands for it',
    [notify('updated', 1), notify('updated', 2, { fetched: {} })],
    'updated2',
    undefined,
  ],
  [
    'a row that is as old as what was only told of does not',
    [notify('updated', 2, { fetched: {} }), notify('deleted', 2)],
    'deleted2',
    undefined,
  ],
  [
    'a row that is older does not',
    [notify('updated', 1, { fetched: {} }), notify('updated', 3)],
    'updated3',
    undefined,
  ],
  [
    'without a time of its own, the arrival counts',
    [notify('updated', 1), notify('updated', 2, { modifiedAt: undefined })],
    'updated2',
    undefined,
  ],
] as [string, [Notification, ...Notification[]], string, string[] | undefined][])(
  '%s',
  (_name, gathered, dedupeKey, mergedIds) => {
    expect(gatherNotifications(gathered)).toMatchObject({ dedupeKey });
    expect(gatherNotifications(gathered).mergedIds).toEqual(mergedIds);
  },
);

it.each([
  ['updated', 'merged'],
  ['created', 'created'],
  ['deleted', 'deleted'],
  ['restored', 'restored'],
] as [Change, Change][])('a merge that %s followed is told as %s', (last, expected) => {
  const gathered = gatherNotifications([notify('merged', 1, { mergedIds: ['8'] }), notify(last, 2)]);
  expect(gathered).toMatchObject({ change: expected, mergedIds: ['8'], dedupeKey: `${last}2` });
});

it('does not depend on the order of arrival', () => {
  const one = fc
    .tuple(fc.constantFrom<Change>('created', 'updated', 'deleted', 'erased', 'merged'), fc.integer({ min: 0, max: 9 }))
    .map(([change, second]) => notify(change, second, change === 'merged' ? { mergedIds: [String(second)] } : {}));
  fc.assert(
    fc.property(fc.uniqueArray(one, { minLength: 1, selector: ({ dedupeKey }) => dedupeKey }), (gathered) => {
      const list = gathered as [Notification, ...Notification[]];
      expect(gatherNotifications([...list].toReversed() as typeof list)).toEqual(gatherNotifications(list));
    }),
  );
});
