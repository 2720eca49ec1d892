import { describe, expect, it } from 'vitest';
import type { EventPattern } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { MismatchKind } from '../mismatch.js';
import { describeRepair } from './repair-event.js';
import { makeEntry } from './two-sides.fixture.js';

const ALL: EventPattern[] = ['*'];
const deal = (part: Partial<LedgerEntry>) => {
  const entry = makeEntry('7', 4, part);
  return { ...entry, key: { ...entry.key, entity: 'deal' } };
};
const won = { data: { id: '7', status: 'won' } as unknown as LedgerEntry['data'] };

describe('what mends a record', () => {
  it.each<[Partial<LedgerEntry>, MismatchKind, EventPattern[], string | undefined]>([
    [{}, 'missing', ALL, 'created'],
    [{}, 'missing', ['contact.updated'], 'updated'],
    [{}, 'stale', ALL, 'updated'],
    [{}, 'edited', ['contact.created'], 'created'],
    [{}, 'stale', ['contact.deleted'], undefined],
    [{ state: 'deleted' }, 'extra', ALL, 'deleted'],
    [{ state: 'deleted', mergedInto: '9' }, 'extra', ALL, 'deleted'],
    [{ state: 'erased' }, 'extra', ALL, 'erased'],
    [{ state: 'erased' }, 'extra', ['contact.updated'], undefined],
    [{ version: 0, state: 'deleted' }, 'extra', ALL, undefined],
  ])('%j, which is %s, for who hears %j: %s', (part, kind, events, action) => {
    const repair = describeRepair(makeEntry('7', 4, part), { kind, events, cause: 'repair:r' });
    expect(repair?.subject).toBe(action && `crm.acme.hubspot.contact.${action}.7`);
  });

  it.each<[MismatchKind, EventPattern[], string | undefined]>([
    ['missing', ['deal.*'], 'won'],
    ['stale', ['deal.*'], 'updated'],
    ['stale', ['deal.won'], 'won'],
  ])('a won deal, which is %s, for who hears %j: %s', (kind, events, action) => {
    const repair = describeRepair(deal(won), { kind, events, cause: 'repair:r' });
    expect(repair?.event.type).toBe(`crm.deal.${action}`);
  });

  it('has the id and version of the newest event, and says why it is told', () => {
    const { event } = describeRepair(makeEntry('7', 4), { kind: 'stale', events: ALL, cause: 'repair:r' })!;
    expect(event).toMatchObject({ id: 'acme/hubspot/contact/7@4', recordversion: 4, origin: 'repair' });
    expect(event.data).toEqual({ id: '7', email: '7@example.com', changes: {} });
  });

  it('tells of an erased record its id alone, and of a swallowed one who has swallowed it', () => {
    const repair = (part: Partial<LedgerEntry>) =>
      describeRepair(makeEntry('7', 4, part), { kind: 'extra', events: ALL, cause: 'repair:r' })!.event.data;
    expect(repair({ state: 'erased' })).toEqual({ id: '7', changes: {} });
    expect(repair({ state: 'deleted', mergedInto: '9' })).toMatchObject({ id: '7', mergedInto: '9' });
  });
});
