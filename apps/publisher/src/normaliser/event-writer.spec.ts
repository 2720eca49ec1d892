import { parseEventSubject, type MeshEvent, type Notification } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS, type LedgerOptions } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Connections } from '../connections/connections.js';
import { EventWriter, NotLeading, type EventWriterOptions, type Statement } from './event-writer.js';
import { at, LATER_MS, makeNotification, makePresent } from './folded.fixture.js';
import { NormaliserCounts } from './normaliser-counts.js';

const log = createLogger({ app: 'publisher', level: 'silent' });
let server: TestNats;
let nats: Nats;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'event-writer-spec', url: server.url });
  await ensureStreams(nats);
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

afterAll(async () => {
  await nats.close();
  await server.stop();
});

interface Publisher {
  writer: EventWriter;
  ledger: Ledger;
  counts: NormaliserCounts;
  store: Store;
}

/** One normaliser's writing part, with a ledger of its own. */
async function open(
  options: Partial<EventWriterOptions> = {},
  kept: Partial<Pick<LedgerOptions, 'store' | 'commitEveryMs'>> = {},
): Promise<Publisher> {
  const store = kept.store ?? (await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS }));
  const own = await connectNats({ name: 'event-writer-spec', url: server.url });
  const ledger = await Ledger.open({ gapMs: 5, ...kept, nats: own, store, log });
  const counts = new NormaliserCounts(createMetrics({ app: 'publisher' }), {
    connections: new Connections([]),
    now: Date.now,
  });
  const clock = { now: () => LATER_MS, monotonicNow: () => performance.now() };
  const writer = new EventWriter({ nats: own, ledger, log, counts, isLeading: () => true, ...clock, ...options });
  closing.push(async () => {
    await ledger.close();
    await own.close();
    if (!kept.store) await store.close();
  });
  return { writer, ledger, counts, store };
}

let statements = 0;

function state(connection: string, id: string, second: number): Statement {
  const dedupeKey = `${(statements += 1)}`;
  const notification: Notification = makeNotification({ connection, entity: 'contact', id, dedupeKey });
  return { notification, mapped: { ...makePresent({ id, email: `${second}@example.com` }, second) } };
}

async function readEvents(connection: string): Promise<MeshEvent<'contact.*'>[]> {
  const events: MeshEvent<'contact.*'>[] = [];
  for await (const message of nats.readStream('CRM_EVENTS', {
    fromSequence: 1,
    filterSubject: `crm.acme.${connection}.>`,
  })) {
    events.push(JSON.parse(Buffer.from(message.data).toString()) as MeshEvent<'contact.*'>);
    expect(parseEventSubject(message.subject)).toMatchObject({ connection });
  }
  return events;
}

describe('EventWriter', () => {
  it('writes the event first, then the ledger', async () => {
    const { writer, ledger, counts } = await open();
    const statement = state('one', '7', 10);
    await writer.write(statement);
    const [event] = await readEvents('one');
    expect(event).toMatchObject({
      id: 'acme/one/contact/7@1',
      type: 'crm.contact.created',
      time: at(10),
      recordversion: 1,
      origin: 'webhook',
      data: { id: '7', email: '10@example.com', changes: { email: { to: '10@example.com' } } },
    });
    expect(event!.correlationid).toBe(event!.causationid);
    expect(await ledger.get(statement.notification)).toMatchObject({ version: 1, state: 'present' });
    expect([counts.published, counts.again]).toEqual([1, 0]);
  });

  it('tells of a merge what remains and what is gone, each once', async () => {
    const { writer, ledger } = await open();
    const loser = state('merge', '8', 10);
    await writer.write(loser);
    await writer.write(state('merge', '7', 10));
    const merge = state('merge', '7', 20);
    merge.notification = { ...merge.notification, change: 'merged', modifiedAt: at(20), mergedIds: ['8', '9', '7'] };
    await writer.write(merge);
    await writer.write(merge);
    const told = (await readEvents('merge')).map(({ type, data: { id, mergedIds, mergedInto } }) => ({
      ...{ type, id, ...(mergedIds && { mergedIds }), ...(mergedInto && { mergedInto }) },
    }));
    expect(told).toEqual([
      { type: 'crm.contact.created', id: '8' },
      { type: 'crm.contact.created', id: '7' },
      { type: 'crm.contact.merged', id: '7', mergedIds: ['8', '9'] },
      { type: 'crm.contact.deleted', id: '8', mergedInto: '7' },
    ]);
    expect(await ledger.get(loser.notification)).toMatchObject({ state: 'deleted', version: 2, mergedInto: '7' });
    expect(await ledger.get({ ...loser.notification, id: '9' })).toMatchObject({ version: 0, mergedInto: '7' });
    // The log alone says so too.
    const other = await open();
    expect(await other.ledger.get({ ...loser.notification, id: '9' })).toMatchObject({ version: 0, mergedInto: '7' });
    expect(await other.ledger.get(loser.notification)).toMatchObject({ state: 'deleted', mergedInto: '7' });
  });

  it('knows its own event again when the answer was lost', async () => {
    const first = await open();
    const second = await open();
    const statement = state('lost', '7', 10);
    await first.writer.write(statement);
    await second.writer.write(statement);
    expect([second.counts.published, second.counts.again]).toEqual([1, 0]);
    expect(await second.ledger.get(statement.notification)).toEqual(await first.ledger.get(statement.notification));
    expect(await readEvents('lost')).toHaveLength(1);
  });

  it('learns from the answer that another was first, and decides again', async () => {
    const leader = await open();
    const stale = await open();
    for (const second of [10, 20, 30]) await leader.writer.write(state('behind', '7', second));
    await stale.writer.write(state('behind', '7', 40));
    await stale.writer.write(state('behind', '7', 15));
    expect((await readEvents('behind')).map((event) => [event.recordversion, event.data.email])).toEqual([
      [1, '10@example.com'],
      [2, '20@example.com'],
      [3, '30@example.com'],
      [4, '40@example.com'],
    ]);
    expect(stale.counts.dropped.stale).toBe(1);
    expect(stale.counts.again).toBe(1);
  });

  it('publishes nothing when it leads no more', async () => {
    const { writer } = await open({ isLeading: () => false });
    await expect(writer.write(state('nobody', '7', 10))).rejects.toBeInstanceOf(NotLeading);
    expect(await readEvents('nobody')).toEqual([]);
  });

  it('makes a decision again that lay about for longer than a quarter of the window', async () => {
    let nowMs = 0;
    let jumps = 2;
    // Stands for a process that is stopped between decision and publish.
    const isSlow = (): number => (jumps > 0 ? (nowMs += 31_000 * (jumps-- > 0 ? 1 : 0)) : nowMs);
    const { writer, counts } = await open({ monotonicNow: isSlow });
    await writer.write(state('slow', '7', 10));
    expect(counts.again).toBe(1);
    expect(await readEvents('slow')).toHaveLength(1);
  });

  it('looks into the log when the ledger is too old for the fence to help', async () => {
    const leader = await open();
    const old = await open();
    await leader.writer.write(state('old', '7', 10));
    const refresh = vi.spyOn(old.ledger, 'ensureFresh');
    await old.ledger.refresh();
    await old.writer.write(state('old', '7', 20));
    expect(refresh).toHaveBeenCalledWith(30_000);
    expect(old.counts.again).toBe(0);
  });

  it('takes a late patch of other fields after a kill, and loses none to a ledger that is rebuilt', async () => {
    const patch = (id: string, second: number, record: object): Statement => {
      const { notification } = state('patched', id, second);
      return { notification, mapped: { ...makePresent({ id, ...record }, second), patch: true } as MappedRecord };
    };
    // Killed before anything is committed, and followed by one on the same database.
    const killed = await open({}, { commitEveryMs: 60_000 });
    await killed.writer.write(patch('7', 1, { email: 'a', custom: { 'Größe\n': 'l' } }));
    await killed.writer.write(patch('7', 10, { email: 'b', phone: '1' }));
    const next = await open({}, { store: killed.store });
    await next.writer.write(patch('7', 5, { jobTitle: 'late', custom: { 'Größe\n': 'm' }, phone: 'older' }));
    expect((await readEvents('patched')).at(-1)).toMatchObject({
      recordversion: 3,
      data: { email: 'b', phone: '1', jobTitle: 'late', custom: { 'Größe\n': 'm' } },
    });
    // A former leader that is behind learns of fields as of all else.
    await killed.writer.write(patch('7', 4, { jobTitle: 'older', lastName: 'told by nobody' }));
    const rebuilt = await open();
    const key = makeNotification({ connection: 'patched', entity: 'contact', id: '7' });
    expect(await rebuilt.ledger.get(key)).toEqual(await killed.ledger.get(key));
    expect(await rebuilt.ledger.get(key)).toMatchObject({
      version: 4,
      data: { jobTitle: 'late', lastName: 'told by nobody' },
      fieldTimes: { base: 0, fields: { email: 10_000, phone: 10_000, jobTitle: 5_000, 'custom.Größe\n': 5_000 } },
    });
  });

  it('two at once never fork a record: versions 1 … n, each once', async () => {
    const [left, right] = [await open(), await open()];
    const records = Array.from({ length: 12 }, (_, index) => `r${index}`);
    const lanes = [left, right].flatMap(({ writer }, side) =>
      records.map(async (id) => {
        for (let step = 1; step <= 25; step += 1) await writer.write(state('fork', id, step * 2 + side));
      }),
    );
    await Promise.all(lanes);
    const events = await readEvents('fork');
    for (const id of records) {
      const own = events.filter((event) => event.data.id === id);
      expect(own.map((event) => event.recordversion)).toEqual(own.map((_event, index) => index + 1));
      expect(own.at(-1)?.data.email).toBe('51@example.com');
      const times = own.map((event) => Date.parse(event.time));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
    expect(left.counts.again + right.counts.again).toBeGreaterThan(0);
    // Both ledgers, and one that is built from the log alone, hold the same.
    const rebuilt = await open();
    for (const { ledger } of [left, right]) {
      await ledger.refresh();
      for (const id of records) {
        const key = makeNotification({ connection: 'fork', entity: 'contact', id });
        expect({ ...(await ledger.get(key)), seenAtMs: 0 }).toEqual({
          ...(await rebuilt.ledger.get(key)),
          seenAtMs: 0,
        });
      }
    }
  });
});

it('says beside an event for which notifications it stands', async () => {
  const { writer } = await open();
  await writer.write({ ...state('gathered', '1', 1), gathered: [3, 5] });
  await writer.write(state('gathered', '1', 2));
  const headers: (string | undefined)[] = [];
  for await (const message of nats.readSparse('CRM_EVENTS', 'crm.acme.gathered.>'))
    headers.push(message.header('Crm-Gathered'));
  expect(headers).toEqual(['3,5', undefined]);
});
