import { buildEvent, type Action, type AnyRecord, type EventAddress } from '@crm-mesh/contract';
import { describe, expect, it } from 'vitest';
import { foldEvent, foldSeen, openEntry, type LoggedEvent, type StoredEntry } from './ledger-entry.js';

const key = { tenant: 'acme', connection: 'hubspot', entity: 'contact', id: '7' };

function log(
  action: Action,
  sequence: number,
  told: { at: string; record?: AnyRecord; mergedIds?: string[] },
): LoggedEvent {
  const address: EventAddress = { ...key, action };
  const record = told.record ?? { id: '7' };
  const parts = {
    address,
    version: sequence,
    origin: 'webhook',
    time: told.at,
    correlationId: 'c',
    causationId: 'c',
  } as const;
  return { address, sequence, event: buildEvent({ ...parts, record, changes: {}, mergedIds: told.mergedIds }) };
}

const fold = (...events: LoggedEvent[]): StoredEntry => events.reduce<StoredEntry | undefined>(foldEvent, undefined)!;
const at = (second: number): string => new Date(second * 1_000).toISOString();

describe('foldEvent', () => {
  it('keeps content without what tells of the change', () => {
    const entry = fold(
      log('merged', 1, { at: at(5), record: { id: '7', email: 'a@b' } as AnyRecord, mergedIds: ['9', '8'] }),
    );
    expect(entry).toMatchObject({
      key,
      version: 1,
      state: 'present',
      sequence: 1,
      modifiedAtMs: 5_000,
      contentAtMs: 5_000,
    });
    expect(openEntry(entry).data).toEqual({ id: '7', email: 'a@b' });
    expect(entry.aliases).toEqual(['8', '9']);
  });

  it('keeps the last content of a deleted record, and none of an erased one', () => {
    const created = log('created', 1, { at: at(1), record: { id: '7', email: 'a@b' } as AnyRecord });
    const deleted = fold(created, log('deleted', 2, { at: at(2), record: { id: '7', email: 'a@b' } as AnyRecord }));
    expect(openEntry(deleted)).toMatchObject({
      state: 'deleted',
      data: { email: 'a@b' },
      contentAtMs: 1_000,
      modifiedAtMs: 2_000,
    });
    const erased = foldEvent(deleted, log('erased', 3, { at: at(3) }));
    expect([erased.state, erased.dataText, erased.aliases]).toEqual(['erased', undefined, []]);
  });

  it('is idempotent, and monotone by sequence', () => {
    const one = log('created', 1, { at: at(1), record: { id: '7', email: 'old' } as AnyRecord });
    const two = log('updated', 2, { at: at(2), record: { id: '7', email: 'new' } as AnyRecord });
    const three = log('merged', 3, { at: at(3), record: { id: '7', email: 'newest' } as AnyRecord, mergedIds: ['8'] });
    const inOrder = fold(one, two, three);
    expect(fold(three, one, two, three, one)).toEqual(inOrder);
    expect(foldEvent(inOrder, two)).toBe(inOrder);
  });

  it('never takes times back', () => {
    const entry = fold(log('created', 1, { at: at(9) }), log('merged', 2, { at: at(3), mergedIds: ['8'] }));
    expect([entry.modifiedAtMs, entry.seenAtMs, entry.contentAtMs]).toEqual([9_000, 9_000, 9_000]);
  });
});

describe('foldSeen', () => {
  it('remembers the end of a record that was never told', () => {
    expect(foldSeen(undefined, key, { atMs: 5_000 })).toMatchObject({
      version: 0,
      state: 'deleted',
      sequence: 0,
      seenAtMs: 5_000,
    });
  });

  it('only ever rises', () => {
    const entry = fold(log('created', 1, { at: at(5) }));
    expect(foldSeen(entry, key, { atMs: 4_000 })).toBe(entry);
    expect(foldSeen(entry, key, { atMs: 6_000 })).toMatchObject({ version: 1, seenAtMs: 6_000 });
  });
});
