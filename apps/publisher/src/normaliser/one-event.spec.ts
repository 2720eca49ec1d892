import { hashContent, type AnyRecord, type MeshEvent } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS, type LedgerEntry } from '@crm-mesh/ledger';
import { defineSource, type MappedRecord, type Source, type SourceContext } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connections, type Connection } from '../connections/connections.js';
import { CrmHistory, histories, type History, type Sign } from './crm-history.fixture.js';
import { EventWriter } from './event-writer.js';
import { LATER_MS } from './folded.fixture.js';
import { createNormalise } from './normalise.js';
import { NormaliserCounts } from './normaliser-counts.js';

/** Histories a run; each of some dozen signs. */
const RUNS = 250;
const log = createLogger({ app: 'publisher', level: 'silent' });
let server: TestNats;
let nats: Nats;
let store: Store;
let ledger: Ledger;
let seen = 0;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'one-event-spec', url: server.url });
  await ensureStreams(nats);
  store = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
  ledger = await Ledger.open({ nats, store, log, commitEveryMs: 0 });
});

afterAll(async () => {
  await ledger.close();
  await store.close();
  await nats.close();
  await server.stop();
});

function groupBy<K, V>(values: readonly V[], keyOf: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}

/** A mistake in what the normaliser knows or is told. */
interface Plant {
  entry?(entry: LedgerEntry): LedgerEntry;
  sign?(sign: Sign): Sign;
}

const mapSign: Source['map'] = ({ notification, fetched }): MappedRecord => {
  const { change, modifiedAt, payload } = notification;
  const when = modifiedAt === undefined ? {} : { modifiedAt };
  const record = (fetched ?? (change === 'deleted' ? undefined : payload)) as AnyRecord | undefined;
  if (record?.id === undefined) return { state: 'deleted', ...when };
  return { state: 'present', record, ...(record.modifiedAt === undefined ? {} : { modifiedAt: record.modifiedAt }) };
};

/** One connection to the CRM of a history, and the normaliser that follows it. */
function follow(crm: CrmHistory, plant: Plant): (signs: readonly Sign[], second: number) => Promise<void> {
  let second = 0;
  const read = (_entity: string, id: string): Promise<unknown> => Promise.resolve(crm.read(id, second));
  const fetch = crm.history.isThin ? { fetch: () => Promise.resolve(new Map<string, unknown>()) } : {};
  // A thin sign says nothing of the record: what is not read is gone.
  const map: Source['map'] = (input, context) =>
    mapSign(crm.history.isThin ? { ...input, notification: { ...input.notification, payload: {} } } : input, context);
  const source = defineSource<unknown>({ name: 'model', config: class {} as never, map, ...fetch });
  const counts = { received: 0, refused: 0, duplicates: 0, events: 0, missed: 0 };
  const context = {} as SourceContext;
  const rest = { source, context, loadRecord: read, coalesceMs: 0, counts };
  const connections = new Connections([
    { tenant: 'acme', name: crm.connection, ...rest } as Partial<Connection> as Connection,
  ]);
  const normaliserCounts = new NormaliserCounts(createMetrics({ app: 'publisher' }), {
    connections,
    now: () => LATER_MS,
  });
  const writer = new EventWriter({
    ...{ nats, ledger: plantInto(plant), log, counts: normaliserCounts },
    isLeading: () => true,
    now: () => LATER_MS,
    monotonicNow: () => performance.now(),
  });
  const onLogReplaced = (): void => undefined;
  const normalise = createNormalise({
    connections,
    writer,
    counts: normaliserCounts,
    unread: { note: () => undefined },
    payloads: { look: () => undefined },
    onLogReplaced,
  });
  return async (signs, now) => {
    second = now;
    const items = signs.map((sign) => ({
      data: Buffer.from(JSON.stringify((plant.sign?.(sign) ?? sign).notification)),
    }));
    const run = { signal: new AbortController().signal };
    expect(await normalise({ items } as never, run as never)).toEqual({ kind: 'done' });
  };
}

function plantInto({ entry: change }: Plant): Ledger {
  if (!change) return ledger;
  const planted: Pick<Ledger, 'ensureFresh' | 'get' | 'noteSeen' | 'apply' | 'catchUp' | 'refresh'> = {
    ensureFresh: (maxAgeMs) => ledger.ensureFresh(maxAgeMs),
    get: async (key) => {
      const entry = await ledger.get(key);
      return entry && change(entry);
    },
    noteSeen: (key, statement) => ledger.noteSeen(key, statement),
    apply: (logged) => ledger.apply(logged),
    catchUp: (key, from) => ledger.catchUp(key, from),
    refresh: () => ledger.refresh(),
  };
  return planted as Ledger;
}

/** Signs of different records that arrive at one second go side by side, those of one record together. */
async function play(crm: CrmHistory, plant: Plant): Promise<void> {
  const normalise = follow(crm, plant);
  const bySecond = groupBy(crm.signs, ({ arrivesAt }) => arrivesAt);
  for (const [second, signs] of bySecond) {
    const lanes = groupBy(signs, ({ notification }) => notification.id);
    await Promise.all([...lanes.values()].map((lane) => normalise(lane, second)));
  }
}

async function readEvents(connection: string): Promise<MeshEvent<'contact.*'>[]> {
  const events: MeshEvent<'contact.*'>[] = [];
  const filterSubject = `crm.acme.${connection}.>`;
  for await (const message of nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject }))
    events.push(JSON.parse(Buffer.from(message.data).toString()) as MeshEvent<'contact.*'>);
  return events;
}

/** What a plugin saw of one record: each version once, in order, and never an older state after a newer one. */
function checkHistory(events: readonly MeshEvent<'contact.*'>[], crm: CrmHistory): void {
  let told: MeshEvent<'contact.*'>['data'] | undefined;
  for (const [index, event] of events.entries()) {
    const { data, type, recordversion } = event;
    expect(recordversion).toBe(index + 1);
    if (told?.modifiedAt && data.modifiedAt) expect(data.modifiedAt >= told.modifiedAt).toBe(true);
    if (type === 'crm.contact.updated') expect(data.email).not.toBe(told?.email);
    if (type === 'crm.contact.deleted') expect([data.id, crm.wasGone(data.id)]).toEqual([data.id, true]);
    told = data;
  }
}

async function check(history: History, plant: Plant = {}): Promise<void> {
  const crm = new CrmHistory(`h${(seen += 1)}`, history);
  await play(crm, plant);
  const events = groupBy(await readEvents(crm.connection), ({ data }) => data.id);
  for (const id of crm.ids) {
    checkHistory(events.get(id) ?? [], crm);
    const entry = await ledger.get({ tenant: 'acme', connection: crm.connection, entity: 'contact', id });
    const real = crm.read(id, Infinity);
    expect([id, entry?.state === 'present']).toEqual([id, real !== undefined]);
    if (real) expect(entry?.hash).toBe(hashContent(real));
    // Whoever folds the events knows what the ledger knows.
    const last = events.get(id)?.at(-1);
    expect([id, last !== undefined && last.type !== 'crm.contact.deleted']).toEqual([id, real !== undefined]);
  }
}

describe('a CRM seen by webhook and by poll', () => {
  it('comes to what it is, by a history that only goes forward, whatever is lost, doubled, late or out of order', async () => {
    await fc.assert(
      fc.asyncProperty(histories, (history) => check(history)),
      { numRuns: RUNS },
    );
  }, 120_000);

  it.each<[bug: string, plant: Plant]>([
    ['what is older is not seen to be stale', { entry: (entry) => ({ ...entry, seenAtMs: 0 }) }],
    ['aliases are forgotten', { entry: ({ mergedInto: _mergedInto, ...entry }) => entry }],
    [
      'those that a merge swallowed are not ended',
      {
        sign: ({ notification: { mergedIds: _mergedIds, ...notification }, ...sign }) => ({
          ...sign,
          notification:
            notification.change === 'deleted'
              ? { ...notification, change: 'unknown', payload: { id: notification.id } }
              : notification,
        }),
      },
    ],
    ['the same content is told again', { entry: ({ data: _data, ...entry }) => entry }],
  ])(
    'finds it when %s',
    async (_bug, plant) => {
      const property = fc.asyncProperty(histories, (history) => check(history, plant));
      const { failed, errorInstance } = await fc.check(property, { numRuns: RUNS, endOnFailure: true });
      expect([failed, (errorInstance as Error | null)?.name]).toEqual([true, 'AssertionError']);
    },
    120_000,
  );
});
