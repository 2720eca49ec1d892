import type { Notification } from '@crm-mesh/contract';
import type { MappedRecord } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { at, Folded, LATER_MS, makePresent } from './folded.fixture.js';

type Step = [mapped: MappedRecord, notification?: Partial<Notification>];

const deal = (status: string, stage: string, second: number, more: object = {}): MappedRecord =>
  makePresent({ status, stage, ...more }, second);
const gone = (second: number): MappedRecord => ({ state: 'deleted', modifiedAt: at(second) });
const swallowed = (second: number): MappedRecord => ({ ...gone(second), mergedInto: '6' }) as MappedRecord;
const erased = (second: number): MappedRecord => ({ state: 'erased', modifiedAt: at(second) });
const quote = (status: string, second: number, more: Partial<Notification> = {}): Step => [
  makePresent({ status }, second),
  { entity: 'quote', ...more },
];
const open: Step = [deal('open', 'a', 10)];

/** What each step came to: `action@version`, or why it was dropped. */
function run(...steps: Step[]): string[] {
  const folded = new Folded();
  return steps.map(([mapped, notification]) => {
    const decision = folded.state(mapped, notification);
    return decision.kind === 'publish' ? `${decision.action}@${decision.version}` : decision.reason;
  });
}

describe('decideEvent', () => {
  it.each<[name: string, steps: Step[], outcome: string[]]>([
    ['the first sight', [open], ['created@1']],
    ['first seen won, by webhook', [[deal('won', 'z', 10)]], ['won@1']],
    ['first seen won, by poll', [[deal('won', 'z', 10), { origin: 'poll' }]], ['won@1']],
    ['first seen lost', [[deal('lost', 'z', 10)]], ['lost@1']],
    ['first seen won, when everything is loaded', [[deal('won', 'z', 10), { origin: 'backfill' }]], ['created@1']],
    ['the same again', [open, open], ['created@1', 'same']],
    ['the same content at a newer time', [open, [deal('open', 'a', 20)]], ['created@1', 'same']],
    ['another field', [open, [deal('open', 'a', 20, { name: 'n' })]], ['created@1', 'updated@2']],
    ['another stage', [open, [deal('open', 'b', 20)]], ['created@1', 'stage-changed@2']],
    ['another pipeline', [open, [deal('open', 'a', 20, { pipeline: 'p' })]], ['created@1', 'stage-changed@2']],
    ['status beats stage', [open, [deal('won', 'z', 20)]], ['created@1', 'won@2']],
    ['lost', [open, [deal('lost', 'z', 20)]], ['created@1', 'lost@2']],
    ['lost, then won', [open, [deal('lost', 'z', 20)], [deal('won', 'z', 30)]], ['created@1', 'lost@2', 'won@3']],
    ['reopened', [open, [deal('won', 'z', 20)], [deal('open', 'a', 30)]], ['created@1', 'won@2', 'reopened@3']],
    ['a quote approved', [quote('draft', 10), quote('approved', 20)], ['created@1', 'approved@2']],
    ['first seen approved', [quote('approved', 10)], ['approved@1']],
    ['approved, when everything is loaded', [quote('approved', 10, { origin: 'backfill' })], ['created@1']],
    [
      'accepted: approved where that was not told',
      [quote('draft', 10), quote('accepted', 20)],
      ['created@1', 'approved@2'],
    ],
    [
      'accepted after approved',
      [quote('draft', 10), quote('approved', 20), quote('accepted', 30)],
      ['created@1', 'approved@2', 'updated@3'],
    ],
    [
      'approved again',
      [quote('approved', 10), quote('draft', 20), quote('approved', 30)],
      ['approved@1', 'updated@2', 'approved@3'],
    ],
    [
      'a contract approved',
      [
        [makePresent({ status: 'pending' }, 10), { entity: 'contract' }],
        [makePresent({ status: 'approved' }, 20), { entity: 'contract' }],
      ],
      ['created@1', 'approved@2'],
    ],
    [
      'an order approved',
      [
        [makePresent({ status: 'draft' }, 10), { entity: 'order' }],
        [makePresent({ status: 'approved' }, 20), { entity: 'order' }],
      ],
      ['created@1', 'updated@2'],
    ],
    ['older', [open, [deal('won', 'z', 9)]], ['created@1', 'stale']],
    ['equal time, other content', [open, [deal('won', 'z', 10)]], ['created@1', 'won@2']],
    ['deleted', [open, [gone(20)]], ['created@1', 'deleted@2']],
    ['deleted twice', [open, [gone(20)], [gone(21)]], ['created@1', 'deleted@2', 'same']],
    ['deleted before it was changed', [open, [gone(9)]], ['created@1', 'stale']],
    [
      'changed before it was deleted, told late',
      [open, [gone(20)], [deal('won', 'z', 15)]],
      ['created@1', 'deleted@2', 'stale'],
    ],
    ['deleted and never seen', [[gone(20)]], ['unknown-deleted']],
    ['deleted before the first sight', [[gone(20)], open], ['unknown-deleted', 'stale']],
    ['back after a deletion that nobody was told', [[gone(5)], open], ['unknown-deleted', 'created@1']],
    ['back after a deletion', [open, [gone(20)], [deal('won', 'z', 30)]], ['created@1', 'deleted@2', 'restored@3']],
    [
      'restored with its old time',
      [open, [gone(20)], [deal('open', 'a', 10), { change: 'restored', modifiedAt: at(30) }]],
      ['created@1', 'deleted@2', 'restored@3'],
    ],
    [
      'a change at the moment of the deletion',
      [open, [gone(20)], [deal('won', 'z', 20)]],
      ['created@1', 'deleted@2', 'stale'],
    ],
    [
      'restored at the moment of the deletion',
      [open, [gone(20)], [deal('open', 'a', 20), { change: 'restored', modifiedAt: at(20) }]],
      ['created@1', 'deleted@2', 'restored@3'],
    ],
    ['erased', [open, [erased(20)]], ['created@1', 'erased@2']],
    ['erased and never seen', [[erased(20)]], ['erased@1']],
    ['erased twice', [open, [erased(20)], [erased(21)]], ['created@1', 'erased@2', 'same']],
    ['deleted after it was erased', [open, [erased(20)], [gone(21)]], ['created@1', 'erased@2', 'same']],
    ['an erasure of what was deleted since', [open, [gone(20)], [erased(15)]], ['created@1', 'deleted@2', 'erased@3']],
    ['an erasure of what came after', [open, [erased(9)]], ['created@1', 'stale']],
    ['told late after an erasure', [open, [erased(20)], [deal('won', 'z', 15)]], ['created@1', 'erased@2', 'stale']],
    ['merged', [open, [deal('open', 'a', 20), { mergedIds: ['8'] }]], ['created@1', 'merged@2']],
    ['merged with itself', [open, [deal('open', 'a', 20), { mergedIds: ['7'] }]], ['created@1', 'same']],
    ['swallowed', [open, [swallowed(20)]], ['created@1', 'deleted@2']],
    ['swallowed, then deleted', [open, [swallowed(20)], [gone(21)]], ['created@1', 'deleted@2', 'same']],
    ['deleted, then swallowed', [open, [gone(19)], [swallowed(20)]], ['created@1', 'deleted@2', 'same']],
    ['swallowed before it was changed', [open, [swallowed(9)]], ['created@1', 'stale']],
    [
      'a sign of what was swallowed, by a clock that runs ahead',
      [open, [swallowed(20)], [deal('won', 'z', 21)]],
      ['created@1', 'deleted@2', 'merged'],
    ],
    [
      'the same of what was deleted first',
      [open, [gone(19)], [swallowed(20)], [deal('won', 'z', 21)]],
      ['created@1', 'deleted@2', 'same', 'merged'],
    ],
    [
      'the same of what nobody was told of',
      [[swallowed(20)], [deal('won', 'z', 21)], [deal('won', 'z', 22), { change: 'restored' }]],
      ['unknown-deleted', 'merged', 'won@1'],
    ],
    [
      'swallowed and restored, and swallowed again',
      [
        open,
        [swallowed(20)],
        [deal('open', 'a', 30), { change: 'restored' }],
        [deal('open', 'b', 40)],
        [swallowed(50)],
      ],
      ['created@1', 'deleted@2', 'restored@3', 'stage-changed@4', 'deleted@5'],
    ],
    ['erased after it was swallowed', [open, [swallowed(20)], [erased(30)]], ['created@1', 'deleted@2', 'erased@3']],
    [
      'merged twice',
      [open, [deal('open', 'a', 20), { mergedIds: ['8'] }], [deal('open', 'a', 20), { mergedIds: ['8'] }]],
      ['created@1', 'merged@2', 'same'],
    ],
    [
      'a merge long ago, of a record that is new to us',
      [[deal('won', 'a', 5), { mergedIds: ['8'], change: 'updated' }]],
      ['won@1'],
    ],
    [
      'a merge of a record that is new to us',
      [[deal('open', 'a', 5), { mergedIds: ['8'], change: 'merged' }]],
      ['merged@1'],
    ],
    ['a merge told late', [open, [deal('won', 'a', 5), { mergedIds: ['8'] }]], ['created@1', 'merged@2']],
    [
      'a thin sign that is old, a record that is new',
      [open, [deal('won', 'z', 20), { modifiedAt: at(5) }]],
      ['created@1', 'won@2'],
    ],
    [
      'a sign that is new, a record that is old',
      [open, [deal('won', 'z', 5), { modifiedAt: at(20) }]],
      ['created@1', 'stale'],
    ],
    [
      'no time of its own: the time of receipt',
      [
        [makePresent({ status: 'open' }), { receivedAt: at(50) }],
        [makePresent({ status: 'won' }), { receivedAt: at(49) }],
        [makePresent({ status: 'lost' }), { receivedAt: at(51) }],
      ],
      ['created@1', 'stale', 'lost@2'],
    ],
    [
      'a time in the far future counts as now',
      [[deal('open', 'a', LATER_MS / 1_000 + 86_400)], [deal('won', 'z', LATER_MS / 1_000)]],
      ['created@1', 'won@2'],
    ],
  ])('%s', (_name, steps, outcome) => {
    expect(run(...steps)).toEqual(outcome);
  });

  it('tells what changed, and of a deleted record the last known content', () => {
    const folded = new Folded();
    folded.state(deal('open', 'a', 10, { name: 'n' }));
    expect(folded.state(deal('won', 'a', 20))).toMatchObject({
      changes: { status: { from: 'open', to: 'won' }, name: { from: 'n' } },
    });
    expect(folded.state(gone(30))).toMatchObject({ data: { id: '7', status: 'won', stage: 'a' }, changes: {} });
    expect(folded.state(erased(40))).toMatchObject({ data: { id: '7' }, changes: {} });
  });

  it('tells what has swallowed a record, and keeps it until the record is back', () => {
    const folded = new Folded();
    folded.state(deal('open', 'a', 10));
    expect(folded.state(swallowed(20))).toMatchObject({ action: 'deleted', mergedInto: '6', data: { status: 'open' } });
    expect(folded.entry).toMatchObject({ state: 'deleted', mergedInto: '6' });
    expect(folded.rebuild()).toEqual(folded.entry);
    // The CRM gives it under its own id: it is there, whatever we think.
    expect(folded.state(deal('open', 'a', 30), {}, { isRead: true })).toMatchObject({ action: 'restored' });
    expect(folded.entry).not.toHaveProperty('mergedInto');
  });

  it('lays a patch over what is known', () => {
    const folded = new Folded();
    folded.state(deal('open', 'a', 10, { custom: { colour: 'red', size: 'l' } }));
    const patch: MappedRecord = {
      ...makePresent({ stage: 'b', custom: { colour: 'blue' } }, 20),
      patch: true,
      cleared: ['custom.size'],
    } as MappedRecord;
    const decision = folded.state(patch);
    expect(decision).toMatchObject({
      action: 'stage-changed',
      data: { status: 'open', stage: 'b', custom: { colour: 'blue' } },
    });
    expect(folded.entry?.data).toEqual({ id: '7', status: 'open', stage: 'b', custom: { colour: 'blue' } });
    const late: MappedRecord = { ...makePresent({ name: 'n', stage: 'late' }, 15), patch: true } as MappedRecord;
    expect(folded.state(late)).toMatchObject({ action: 'updated', data: { name: 'n', stage: 'b' } });
    const tooLate: MappedRecord = { ...makePresent({ stage: 'late' }, 16), patch: true } as MappedRecord;
    expect(folded.state(tooLate)).toMatchObject({ reason: 'stale' });
  });

  it('takes a late patch of other fields also after the ledger was rebuilt from the log', () => {
    const folded = new Folded();
    const say = (record: object, second: number): string => {
      const decision = folded.state({ ...makePresent(record, second), patch: true } as MappedRecord);
      return decision.kind === 'publish' ? decision.action : decision.reason;
    };
    say({ name: 'n', status: 'open' }, 1);
    say({ stage: 's', name: 'n' }, 10);
    folded.crash();
    expect([say({ closeDate: '2026-01-01' }, 5), say({ name: 'late' }, 5)]).toEqual(['updated', 'stale']);
  });

  it('a merge told late leaves a patched record open for late patches', () => {
    const folded = new Folded();
    const patch = (record: object, second: number): MappedRecord =>
      ({ ...makePresent(record, second), patch: true }) as MappedRecord;
    folded.state(patch({ name: 'n' }, 10));
    expect(folded.state(patch({ name: 'old' }, 8), { mergedIds: ['8'] })).toMatchObject({ action: 'merged' });
    folded.crash();
    expect(folded.state(patch({ closeDate: '2026-01-01' }, 7))).toMatchObject({
      action: 'updated',
      data: { name: 'n' },
    });
  });

  it('what was stated whole makes every older patch stale', () => {
    for (const whole of [deal('open', 'a', 20), deal('open', 'b', 20)]) {
      const folded = new Folded();
      folded.state({ ...makePresent({ status: 'open', stage: 'a' }, 10), patch: true } as MappedRecord);
      folded.state(whole);
      const late = { ...makePresent({ name: 'late' }, 15), patch: true } as MappedRecord;
      expect(folded.state(late)).toMatchObject({ reason: 'stale' });
    }
  });
});

describe('a field that cannot be read', () => {
  const EUR = { value: '5', currency: 'EUR' };
  const unread = (...fields: string[]) => ({ unread: fields.map((field) => ({ field, why: 'retyped' })) });
  const say = (record: object, second: number, part: object = {}): MappedRecord => ({
    ...makePresent({ status: 'open', ...record }, second),
    ...part,
  });
  const told = (folded: Folded): unknown => {
    const last = folded.decisions.at(-1)!;
    return last.kind === 'publish' ? { ...last.data, changes: last.changes } : last.reason;
  };
  const base = { id: '7', status: 'open' };

  it.each<[name: string, steps: MappedRecord[], last: unknown]>([
    [
      'stays as it was last known, marked; other fields go on',
      [say({ amount: EUR }, 10), say({ name: 'n' }, 20, unread('amount'))],
      {
        ...base,
        amount: EUR,
        name: 'n',
        unread: ['amount'],
        changes: { name: { to: 'n' }, unread: { to: ['amount'] } },
      },
    ],
    [
      'is not there where it was never known',
      [say({ name: 'n' }, 10, unread('amount'))],
      {
        ...base,
        ...{ name: 'n', unread: ['amount'] },
        changes: { id: { to: '7' }, status: { to: 'open' }, name: { to: 'n' }, unread: { to: ['amount'] } },
      },
    ],
    ['is told once', [say({ amount: EUR }, 10), say({}, 20, unread('amount')), say({}, 30, unread('amount'))], 'same'],
    [
      'is told anew when it can be read, though nothing else and not even its value changed',
      [say({ amount: EUR }, 10), say({}, 20, unread('amount')), say({ amount: EUR }, 20)],
      { ...base, amount: EUR, changes: { unread: { from: ['amount'] } } },
    ],
    [
      'a part of an address, beside the others',
      [
        say({ address: { city: 'Selb', country: 'DE' } }, 10),
        say({ address: { city: 'Graz' } }, 20, unread('address.country')),
      ],
      {
        ...base,
        ...{ address: { city: 'Graz', country: 'DE' }, unread: ['address.country'] },
        changes: {
          address: { from: { city: 'Selb', country: 'DE' }, to: { city: 'Graz', country: 'DE' } },
          unread: { to: ['address.country'] },
        },
      },
    ],
    [
      'of a patch, and what others said before stays unread',
      [
        say({ amount: EUR }, 10, unread('closeDate')),
        say({}, 20, { patch: true, ...unread('amount') }),
        say({ name: 'n' }, 30, { patch: true }),
      ],
      { ...base, amount: EUR, name: 'n', unread: ['amount', 'closeDate'], changes: { name: { to: 'n' } } },
    ],
    [
      'is read again when a patch says it, or that it is empty',
      [
        say({ amount: EUR }, 10, unread('closeDate', 'name')),
        say({ name: 'n' }, 20, { patch: true, cleared: ['closeDate'] }),
      ],
      { ...base, amount: EUR, name: 'n', changes: { name: { to: 'n' }, unread: { from: ['closeDate', 'name'] } } },
    ],
    [
      'of a patch that is older than what is known of it counts no more',
      [
        say({ amount: EUR }, 10),
        say({ amount: EUR }, 30, { patch: true }),
        say({}, 20, { patch: true, ...unread('amount') }),
      ],
      'stale',
    ],
    [
      'of a record that comes back stays as it was before it went',
      [say({ amount: EUR }, 10), { state: 'deleted', modifiedAt: at(20) }, say({}, 30, unread('amount'))],
      { ...base, amount: EUR, unread: ['amount'], changes: { unread: { to: ['amount'] } } },
    ],
  ])('%s', (_name, steps, last) => {
    const folded = new Folded();
    for (const mapped of steps) folded.state(mapped);
    expect(told(folded)).toEqual(last);
    expect(folded.rebuild()).toMatchObject({ data: folded.entry!.data, hash: folded.entry!.hash });
    expect(folded.entry!.unread).toEqual(folded.entry!.data!.unread);
  });
});
