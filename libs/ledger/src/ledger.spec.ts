import {
  buildEvent,
  eventSubject,
  type Action,
  type AnyRecord,
  type EventAddress,
  type RecordKey,
} from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeFieldTimes, FIELD_TIMES_HEADER, type FieldTimes } from './field-times.js';
import type { LedgerEntry, LoggedEvent } from './ledger-entry.js';
import { Ledger, type LedgerOptions } from './ledger.js';
import { LEDGER_MIGRATIONS } from './migrations.js';

const quiet = { info: () => undefined, warn: () => undefined };
let server: TestNats;
let nats: Nats;
let store: Store;
const opened: Ledger[] = [];

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'ledger-spec', url: server.url });
});

afterAll(async () => {
  await nats.close();
  await server.stop();
});

beforeEach(async () => {
  await ensureStreams(nats);
  store = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
});

afterEach(async () => {
  for (const ledger of opened.splice(0)) await ledger.close();
  await store.close();
  const { lastSequence } = await nats.streamState('CRM_EVENTS');
  await nats.purgeBelow('CRM_EVENTS', lastSequence + 1);
});

async function open(options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = await Ledger.open({ nats, store, log: quiet, ...options });
  opened.push(ledger);
  return ledger;
}

let run = 0;
beforeEach(() => void (run += 1));
const keyOf = (id: string): RecordKey => ({ tenant: 'acme', connection: `c${run}`, entity: 'contact', id });

interface Told {
  action?: Action;
  /** For a patch. */
  fieldTimes?: FieldTimes | undefined;
}

/** Appends an event, as the normaliser does. */
async function tell(id: string, version: number, email: string, told: Told = {}): Promise<LoggedEvent> {
  const { action = 'updated', fieldTimes } = told;
  const address: EventAddress = { ...keyOf(id), action };
  const record = { id, email } as AnyRecord;
  const time = new Date(version * 1_000).toISOString();
  const event = buildEvent({
    address,
    version,
    origin: 'webhook',
    time,
    correlationId: 'c',
    causationId: 'c',
    record,
    changes: {},
  });
  const ack = await nats.publish({
    subject: eventSubject(address),
    payload: JSON.stringify(event),
    messageId: event.id,
    ...(fieldTimes && { headers: { [FIELD_TIMES_HEADER]: encodeFieldTimes(fieldTimes) } }),
  });
  return { address, event, sequence: ack.sequence, fieldTimes };
}

const lastSequence = async (): Promise<number> => (await nats.streamState('CRM_EVENTS')).lastSequence;
const emailOf = (entry: LedgerEntry | undefined): unknown => (entry?.data as { email?: string } | undefined)?.email;

describe('Ledger', () => {
  it('replays what the log holds, and goes on from its position', async () => {
    await tell('1', 1, 'a');
    await tell('2', 1, 'b');
    const first = await open();
    expect([emailOf(await first.get(keyOf('1'))), first.records, first.position]).toEqual([
      'a',
      2,
      await lastSequence(),
    ]);
    await first.close();
    await tell('1', 2, 'c');
    const reads = vi.spyOn(nats, 'readStream');
    const second = await open();
    expect(reads.mock.calls.map(([, { fromSequence }]) => fromSequence)).toEqual([await lastSequence()]);
    reads.mockRestore();
    expect((await second.get(keyOf('1')))?.version).toBe(2);
    expect((await second.get(keyOf('2')))?.version).toBe(1);
  });

  it('reads what is applied but not committed', async () => {
    const ledger = await open({ commitEveryMs: 60_000 });
    await ledger.apply(await tell('1', 1, 'a'));
    expect(emailOf(await ledger.get(keyOf('1')))).toBe('a');
    expect(await store.read('SELECT * FROM ledger')).toEqual([]);
    await ledger.flush();
    expect(await store.read('SELECT * FROM ledger')).toHaveLength(1);
  });

  it('survives an end at any moment: rebuilt from the stream it is the same', async () => {
    const killed = await open({ commitEveryMs: 3, commitRows: 7, cachedEntries: 5 });
    for (let step = 0; step < 120; step += 1) {
      const version = Math.floor(step / 12) + 1;
      // Records 0 to 3 end deleted; every second one is told of in patches, each of another field.
      const action = version === 10 && step % 12 < 4 ? 'deleted' : 'updated';
      const patch = { base: 0, fields: { [`field ${version % 4}`]: version * 1_000 } };
      const fieldTimes = step % 2 === 0 && action === 'updated' ? patch : undefined;
      const logged = await tell(`r.${step % 12} *`, version, `mail ${step}`, { action, fieldTimes });
      // The process dies between the answer and the ledger now and then: nobody applies those.
      if (step < 100 || step % 3 !== 0) await killed.apply(logged);
    }
    // Not closed: what was not committed is lost. What a new process makes of the rest must equal a rebuild from nothing.
    const again = await open();
    const emptyStore = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
    const rebuilt = await Ledger.open({ nats, store: emptyStore, log: quiet });
    for (let record = 0; record < 12; record += 1) {
      const key = keyOf(`r.${record} *`);
      expect(await again.get(key)).toEqual(await rebuilt.get(key));
      expect((await again.get(key))?.version).toBe(10);
    }
    expect((await again.get(keyOf('r.4 *')))?.fieldTimes).toEqual({
      base: 0,
      fields: { 'field 0': 8_000, 'field 1': 9_000, 'field 2': 10_000, 'field 3': 7_000 },
    });
    const rows = 'SELECT * FROM ledger ORDER BY id';
    await again.flush();
    expect(await store.read(rows)).toEqual(await emptyStore.read(rows));
    await rebuilt.close();
    await emptyStore.close();
  });

  it('reads what others have put between its own', async () => {
    const ledger = await open({ gapMs: 20 });
    await tell('1', 1, 'by another');
    await ledger.apply(await tell('2', 1, 'by us'));
    await vi.waitFor(async () => expect(emailOf(await ledger.get(keyOf('1')))).toBe('by another'));
    await vi.waitFor(async () => expect(ledger.position).toBe(await lastSequence()));
  });

  it('passes over what is no longer in the stream', async () => {
    const ledger = await open({ gapMs: 20 });
    const lost = await tell('1', 1, 'deleted by hand');
    await nats.deleteMessage('CRM_EVENTS', lost.sequence);
    await ledger.apply(await tell('2', 1, 'ours'));
    await vi.waitFor(async () => expect(ledger.position).toBe(await lastSequence()));
    expect(await ledger.get(keyOf('1'))).toBeUndefined();
  });

  it('is fresh only when it has looked', async () => {
    let nowMs = 0;
    const ledger = await open({ monotonicNow: () => nowMs });
    await tell('1', 1, 'by another');
    await ledger.ensureFresh(30_000);
    expect(await ledger.get(keyOf('1'))).toBeUndefined();
    nowMs = 30_001;
    await ledger.ensureFresh(30_000);
    expect(emailOf(await ledger.get(keyOf('1')))).toBe('by another');
  });

  it('brings one record up', async () => {
    const ledger = await open();
    const first = await tell('1', 1, 'a');
    await tell('2', 1, 'x');
    await tell('1', 2, 'b');
    await ledger.catchUp(keyOf('1'), first.sequence);
    expect([(await ledger.get(keyOf('1')))?.version, await ledger.get(keyOf('2'))]).toEqual([2, undefined]);
  });

  it('keeps what was seen and told nobody', async () => {
    const ledger = await open();
    await ledger.apply(await tell('1', 1, 'a'));
    await ledger.noteSeen(keyOf('1'), { atMs: 9_000 });
    await ledger.noteSeen(keyOf('gone'), { atMs: 8_000 });
    const again = await open();
    expect((await again.get(keyOf('1')))?.seenAtMs).toBe(9_000);
    expect(await again.get(keyOf('gone'))).toMatchObject({ version: 0, state: 'deleted', seenAtMs: 8_000 });
    expect(again.records).toBe(1);
  });

  it('follows a log that has lost its end', async () => {
    const first = await open();
    const kept = await tell('1', 1, 'kept');
    await first.apply(kept);
    await first.flush();
    // A store that has seen more than the log holds: as after a power cut.
    const ahead = { ...kept, event: { ...kept.event, recordversion: 2 }, sequence: kept.sequence + 50 };
    await first.apply(ahead);
    await store.write((transaction) =>
      transaction.run('UPDATE ledger_position SET position = ?', [kept.sequence + 50]),
    );
    await first.flush();
    const second = await open();
    expect(await second.get(keyOf('1'))).toMatchObject({ version: 1, sequence: kept.sequence });
    expect(second.position).toBe(await lastSequence());
  });

  it('goes on with its versions when the stream is made anew', async () => {
    const first = await open();
    await first.apply({ ...(await tell('1', 1, 'a')), sequence: 1_000_000 });
    await first.flush();
    await store.write((transaction) => transaction.run("UPDATE ledger_position SET incarnation = 'an older one'"));
    const second = await open();
    await tell('1', 2, 'b');
    await second.refresh();
    expect(await second.get(keyOf('1'))).toMatchObject({ version: 2, data: { email: 'b' } });
  });
});
