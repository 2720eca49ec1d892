import { buildEvent, eventSubject, type AnyRecord, type EventAddress, type RecordKey } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats, type StoredMessage } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LoggedEvent } from './ledger-entry.js';
import { Ledger, type LedgerOptions } from './ledger.js';
import { LEDGER_MIGRATIONS } from './migrations.js';

// What of a former life of the ledger (this process led, lost the lease and leads again) is still under way.

const quiet = { info: () => undefined, warn: () => undefined };
let server: TestNats;
let nats: Nats;
let store: Store;
let ledger: Ledger | undefined;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'ledger-lives-spec', url: server.url });
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
  await ledger?.close();
  await store.close();
  await nats.purgeBelow('CRM_EVENTS', (await nats.streamState('CRM_EVENTS')).lastSequence + 1);
});

/** Holds back whoever passes while it is shut; the real thing goes on behind it. */
class Gate {
  #waiting: () => void = () => undefined;
  readonly #somebodyWaits = new Promise<void>((resolve) => (this.#waiting = resolve));
  #shut: Promise<void> | undefined;
  #open: () => void = () => undefined;

  shut(): void {
    this.#shut = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#shut = undefined;
    this.#open();
  }

  async pass(): Promise<void> {
    if (!this.#shut) return;
    this.#waiting();
    await this.#shut;
  }

  untilWaiting(): Promise<void> {
    return this.#somebodyWaits;
  }
}

/** The real server, whose messages may come slowly. */
function slowNats(gate: Gate): Nats {
  return new Proxy(nats, {
    get: (target, property) => {
      if (property === 'readStream') return (...parts: Parameters<Nats['readStream']>) => readSlowly(gate, parts);
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function* readSlowly(gate: Gate, parts: Parameters<Nats['readStream']>): AsyncGenerator<StoredMessage> {
  for await (const message of nats.readStream(...parts)) {
    await gate.pass();
    yield message;
  }
}

/** The real store, whose writes may take long. */
const slowStore = (gate: Gate): Store => ({
  ...store,
  read: store.read.bind(store),
  write: async (work) => {
    await gate.pass();
    return store.write(work);
  },
});

async function open(options: Partial<LedgerOptions>): Promise<Ledger> {
  ledger = await Ledger.open({ nats, store, log: quiet, ...options });
  return ledger;
}

const keyOf = (id: string): RecordKey => ({ tenant: 'acme', connection: 'crm', entity: 'contact', id });

let told = 0;

async function tell(id: string): Promise<LoggedEvent> {
  const version = (told += 1);
  const address: EventAddress = { ...keyOf(id), action: 'updated' };
  const ids = { correlationId: 'c', causationId: 'c' };
  const time = new Date(version * 1_000).toISOString();
  const record = { id, email: `mail ${version}` } as AnyRecord;
  const event = buildEvent({ address, version, origin: 'webhook', time, ...ids, record, changes: {} });
  const payload = JSON.stringify(event);
  const { sequence } = await nats.publish({ subject: eventSubject(address), payload, messageId: event.id });
  return { address, event, sequence };
}

/** For what would go on although it should wait: that it waits cannot be awaited. */
const passTime = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
const lastSequence = async (): Promise<number> => (await nats.streamState('CRM_EVENTS')).lastSequence;

describe('a ledger that begins again', () => {
  it('reads to the end of the log, though a reader of its former life knew of less', async () => {
    const gate = new Gate();
    const { position: before } = await open({ nats: slowNats(gate) });
    await tell('1');
    gate.shut();
    const former = ledger!.refresh();
    await gate.untilWaiting();
    await tell('2');
    const replayed = ledger!.replay();
    await passTime();
    gate.open();
    await Promise.all([former, replayed]);
    expect(ledger!.position).toBe(await lastSequence());
    expect(ledger!.position).toBe(before + 2);
    expect(await ledger!.get(keyOf('2'))).toBeDefined();
  });

  it('is not moved by a reader of a gap of its former life', async () => {
    const gate = new Gate();
    await open({ nats: slowNats(gate), gapMs: 1, commitEveryMs: 60_000 });
    await tell('1');
    await tell('1');
    gate.shut();
    await ledger!.apply(await tell('2'));
    await gate.untilWaiting();
    const replayed = ledger!.replay();
    await passTime();
    gate.open();
    await replayed;
    expect(ledger!.position).toBe(await lastSequence());
    expect((await ledger!.get(keyOf('1')))?.version).toBe(told - 1);
  });

  it('keeps what was noted while it committed', async () => {
    const gate = new Gate();
    await open({ store: slowStore(gate) });
    await ledger!.apply(await tell('1'));
    gate.shut();
    const replayed = ledger!.replay();
    await gate.untilWaiting();
    const noted = ledger!.noteSeen(keyOf('gone'), { atMs: 8_000 });
    gate.open();
    await Promise.all([replayed, noted]);
    const rows = await store.read<{ seen_at: number }>("SELECT seen_at FROM ledger WHERE id = 'gone'");
    expect(rows).toEqual([{ seen_at: 8_000 }]);
  });

  it('takes in what is applied meanwhile once it has begun', async () => {
    const gate = new Gate();
    await open({ store: slowStore(gate), commitEveryMs: 60_000 });
    gate.shut();
    const replayed = ledger!.replay();
    await gate.untilWaiting();
    const applied = ledger!.apply(await tell('1'));
    gate.open();
    await Promise.all([replayed, applied]);
    await ledger!.flush();
    expect(await store.read("SELECT id FROM ledger WHERE id = '1'")).toHaveLength(1);
    expect(ledger!.position).toBe(await lastSequence());
  });
});

describe('a ledger that is asked to be fresh', () => {
  it('looks again when looking took too long', async () => {
    const gate = new Gate();
    let nowMs = 0;
    await open({ nats: slowNats(gate), monotonicNow: () => nowMs });
    await tell('1');
    nowMs = 40_000;
    gate.shut();
    const fresh = ledger!.ensureFresh(30_000);
    await gate.untilWaiting();
    await tell('2');
    nowMs = 80_000;
    gate.open();
    await fresh;
    expect(await ledger!.get(keyOf('2'))).toBeDefined();
  });

  it('says so when it is closed, and looks no more', async () => {
    let nowMs = 0;
    await open({ monotonicNow: () => nowMs });
    await ledger!.close();
    nowMs = 40_000;
    await expect(ledger!.ensureFresh(30_000)).rejects.toThrow('closed');
    ledger = undefined;
  });
});
