import type { AnyRecord } from '@crm-mesh/contract';
import type { MappedRecord, UnreadField } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { leaveOutUnread } from './leave-out-unread.js';

const NO_CURRENCY: UnreadField = { field: 'amount', why: 'no currency' };
const EUR = { value: '1', currency: 'EUR' };

function leaveOut(record: object, part: { unread?: UnreadField[]; patch?: true } = {}): unknown {
  const mapped: MappedRecord = { state: 'present', record: { id: '7', ...record } as unknown as AnyRecord, ...part };
  return leaveOutUnread('deal', mapped);
}

describe('what would cost the whole record', () => {
  it.each<[name: string, left: unknown, record: object, unread: object | undefined]>([
    ['is not there', leaveOut({ status: 'open', amount: EUR }), { status: 'open', amount: EUR }, undefined],
    [
      'is left out',
      leaveOut({ status: 'open', name: 'Kilns', probability: 70 }),
      { status: 'open', name: 'Kilns' },
      [{ field: 'probability', why: 'probability must not be greater than 1' }],
    ],
    [
      'is left out beside what the source could not read',
      leaveOut({ status: 'open', closeDate: 'soon' }, { unread: [NO_CURRENCY] }),
      { status: 'open' },
      [NO_CURRENCY, { field: 'closeDate', why: expect.stringContaining('closeDate must be a day') as string }],
    ],
    [
      'is there again where the mapping has found a value',
      leaveOut({ status: 'open', amount: EUR }, { unread: [NO_CURRENCY] }),
      { status: 'open', amount: EUR },
      undefined,
    ],
    ['is not for a mapping to say', leaveOut({ status: 'open', unread: ['name'] }), { status: 'open' }, undefined],
    ['stays, where no deal is without it', leaveOut({ status: 'almost' }), { status: 'almost' }, undefined],
    ['of a patch', leaveOut({ name: 7 }, { patch: true }), {}, [{ field: 'name', why: 'name must be a string' }]],
  ])('%s', (_name, left, record, unread) => {
    expect(left).toMatchObject({ state: 'present' });
    expect((left as { record: object }).record).toEqual({ id: '7', ...record });
    expect((left as { unread?: object }).unread).toEqual(unread);
  });

  it('is no matter of a record that is gone', () => {
    const deleted: MappedRecord = { state: 'deleted' };
    expect(leaveOutUnread('deal', deleted)).toBe(deleted);
  });
});
