import type { AnyRecord, Deal } from '@crm-mesh/contract';
import { expect, it } from 'vitest';
import { applyPatch } from './apply-patch.js';

const record = (part: object): AnyRecord => ({ id: '1', ...part });
const last = Object.assign(
  { id: '1' },
  { phone: '1', jobTitle: 'x', address: { city: 'Selb', street: 'a' }, custom: { a: 1, b: 2 } },
);

it.each([
  ['a whole record replaces', last, { record: record({ phone: '2' }) }, { id: '1', phone: '2' }],
  [
    'a patch keeps what it does not name',
    last,
    { patch: true, record: record({ phone: '2' }) },
    { ...last, phone: '2' },
  ],
  [
    'custom fields and addresses are merged by their parts',
    last,
    { patch: true, record: record({ address: { city: 'Hof' }, custom: { b: 3, c: 4 } }) },
    { ...last, address: { city: 'Hof', street: 'a' }, custom: { a: 1, b: 3, c: 4 } },
  ],
  [
    'cleared fields go',
    last,
    { patch: true, record: record({}), cleared: ['phone', 'address.city', 'custom.a'] },
    { id: '1', jobTitle: 'x', address: { street: 'a' }, custom: { b: 2 } },
  ],
  [
    'what becomes empty goes',
    record({ address: { city: 'x' }, custom: { a: 1 } }),
    { patch: true, record: record({}), cleared: ['address.city', 'custom.a'] },
    { id: '1' },
  ],
  ['over nothing known', undefined, { patch: true, record: record({ phone: '2' }) }, { id: '1', phone: '2' }],
] as const)('%s', (_name, lastKnown, mapped, expected) => {
  const before = structuredClone(lastKnown);
  expect(applyPatch('contact', lastKnown, { state: 'present', ...mapped })).toEqual(expected);
  expect(lastKnown).toEqual(before);
});

it('a deal that was never told otherwise is open, and keeps its status', () => {
  const patch = { state: 'present', patch: true, record: record({ stage: 'x' }) } as const;
  expect(applyPatch('deal', undefined, patch)).toMatchObject({ status: 'open' });
  expect(applyPatch('deal', { id: '1', status: 'won' } as Deal, patch)).toMatchObject({ status: 'won', stage: 'x' });
  const whole = { state: 'present', record: record({ stage: 'x' }) } as const;
  expect(applyPatch('deal', { id: '1', status: 'won' } as Deal, whole)).toMatchObject({ status: 'open', stage: 'x' });
});
