import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashContent, type AnyRecord } from '@crm-mesh/contract';
import { requestControl } from '@crm-mesh/jetstream';
import { foldEvent, readLoggedEvent, type RebuildState, type StoredEntry } from '@crm-mesh/ledger';
import { startTestMesh, type LedgerRow, type TestMesh } from './test-mesh.js';

let mesh: TestMesh;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

const at = (minute: number) => ({ time: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z` });

/** What a CRM says of one deal, in the order in which it happened. */
function tellStory(id: string): [string, object, { time: string; id?: string }][] {
  return [
    ['deal.created', { id, name: 'Kiln', status: 'open' }, at(1)],
    ['deal.updated', { id, name: 'Kiln 2', status: 'open', stage: 'offer' }, at(2)],
    ['deal.deleted', { id }, at(3)],
    ['deal.updated', { id, name: 'Kiln 3', status: 'open', stage: 'offer' }, at(4)],
    ['deal.won', { id, name: 'Kiln 3', status: 'won', stage: 'won' }, at(5)],
    // The same again, as CRMs do.
    ['deal.won', { id, name: 'Kiln 3', status: 'won', stage: 'won' }, at(5)],
  ];
}

function shuffle<Item>(items: Item[], random: () => number): Item[] {
  const left = [...items];
  return Array.from({ length: items.length }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

/** Small and repeatable: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A contact in patches; every field ends at what its newest patch says, whatever comes when. */
function tellInPatches(id: string): [string, object, { time: string; id: string }][] {
  const patches = [
    { email: 'a@b.example', phone: '1', custom: { colour: 'red', size: 'l' } },
    { phone: '2', jobTitle: 'Potter' },
    { phone: null, lastName: 'Ash' },
    { email: 'c@d.example', custom: { colour: 'blue' } },
    { phone: '3', custom: { size: null } },
  ];
  return patches.map((patch, index) => [
    'contact.updated',
    { id, ...patch },
    { ...at(index + 1), id: `${id}/${index}` },
  ]);
}

/** What the log alone makes of each record, and the versions that led there. */
async function readLog(connection: string): Promise<Map<string, { entry: StoredEntry; versions: number[] }>> {
  const records = new Map<string, { entry: StoredEntry; versions: number[] }>();
  const filterSubject = `crm.acme.${connection}.>`;
  for await (const message of mesh.nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject })) {
    const logged = (await readLoggedEvent(mesh.nats, message))!;
    const before = records.get(logged.address.id);
    const versions = [...(before?.versions ?? []), logged.event.recordversion];
    records.set(logged.address.id, { entry: foldEvent(before?.entry, logged), versions });
  }
  return records;
}

/** What must not depend on the order: all but the way there (version, sequence) and the record's own name. */
function summarise(row: LedgerRow): object {
  const { id: _id, version: _version, sequence: _sequence, hash, data, aliases, field_times: times, ...rest } = row;
  const { id: _ownId, ...content } = JSON.parse(String(data)) as AnyRecord;
  const isHashRight = hash === hashContent(JSON.parse(String(data)) as AnyRecord);
  return {
    ...rest,
    content,
    isHashRight,
    aliases,
    times: times === null ? null : (JSON.parse(String(times)) as object),
  };
}

function expectSameRows(rows: readonly LedgerRow[], count: number): void {
  expect(rows).toHaveLength(count);
  const [first, ...others] = rows.map((row) => ({ id: row.id, summary: summarise(row) }));
  for (const { id, summary } of others) expect(summary, id).toEqual(first!.summary);
}

/** Row by row: the ledger is the projection of the log, and each history has versions without a gap. */
async function expectProjection(connection: string, rows: readonly LedgerRow[]): Promise<void> {
  const log = await readLog(connection);
  expect([...log.keys()].toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
  for (const row of rows) {
    const { entry, versions } = log.get(row.id)!;
    expect(versions, row.id).toEqual(versions.map((_, index) => index + 1));
    const { version, state, hash, sequence, modifiedAtMs, dataText: data } = entry;
    expect(row).toMatchObject({
      version,
      state,
      hash,
      sequence,
      data,
    });
    expect([row['modified_at'], row['seen_at']]).toEqual([modifiedAtMs, entry.seenAtMs]);
  }
}

async function readRows(connection: string, count: number): Promise<LedgerRow[]> {
  return vi.waitFor(async () => {
    const { ledger } = await requestControl<PublisherFacts>(mesh.nats, 'publisher', 'status');
    const rows = await mesh.readLedger();
    expect(ledger.records).toBe(rows.length);
    const own = rows.filter((row) => row.connection === connection);
    expect(own).toHaveLength(count);
    return own;
  });
}

interface PublisherFacts {
  ledger: { records: number };
}

describe('the ledger, row by row', () => {
  it('is the same for any permutation of the notifications, and what the log makes of them', async () => {
    const random = createRandom(7);
    const ids = Array.from({ length: 60 }, (_, i) => `R-${i}`);
    for (const id of ids) {
      const told = id === 'R-0' ? tellStory(id) : shuffle(tellStory(id), random);
      for (const [type, data, part] of told) expect(await mesh.send(type, { ...data }, part)).toBe(202);
    }
    await mesh.settled();
    const rows = await readRows('shop', 60);
    expectSameRows(rows, 60);
    expect(summarise(rows[0]!)).toMatchObject({
      state: 'present',
      content: { name: 'Kiln 3', status: 'won', stage: 'won' },
      isHashRight: true,
    });
    await expectProjection('shop', rows);
  });

  it('is the same for any permutation of patches', async () => {
    const random = createRandom(11);
    const ids = Array.from({ length: 60 }, (_, i) => `P-${i}`);
    for (const id of ids) {
      const told = id === 'P-0' ? tellInPatches(id) : shuffle(tellInPatches(id), random);
      for (const [type, data, part] of told) expect(await mesh.sendPatch(type, { ...data }, part)).toBe(202);
    }
    await mesh.settled();
    const rows = await readRows('parts', 60);
    expectSameRows(rows, 60);
    expect(summarise(rows[0]!)).toMatchObject({
      content: { email: 'c@d.example', phone: '3', jobTitle: 'Potter', lastName: 'Ash', custom: { colour: 'blue' } },
      isHashRight: true,
    });
    await expectProjection('parts', rows);
  });

  it('is built anew from the log while changes go on, and nothing of it differs', async () => {
    const random = createRandom(13);
    const ids = Array.from({ length: 30 }, (_, i) => `N-${i}`);
    const order = { goal: 'rebuild', by: 'a test' };
    const { run } = await requestControl<RebuildState>(mesh.nats, 'publisher', 'ledger-rebuild', order);
    for (const id of ids)
      for (const [type, data, part] of id === 'N-0' ? tellStory(id) : shuffle(tellStory(id), random))
        expect(await mesh.send(type, { ...data }, part)).toBe(202);
    const state = await vi.waitFor(
      async () => {
        const status = await requestControl<RebuildState>(mesh.nats, 'publisher', 'ledger-rebuild-status');
        expect([status.run, status.ended?.how]).toEqual([run, 'over']);
        return status;
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(state.found).toEqual({ different: 0, missing: 0, unlogged: 0, examples: [] });
    await mesh.settled();
    const rows = (await readRows('shop', 90)).filter(({ id }) => id.startsWith('N-'));
    expectSameRows(rows, 30);
    await expectProjection('shop', await readRows('shop', 90));
  });
});
