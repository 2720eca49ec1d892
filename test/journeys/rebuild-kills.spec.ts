import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS, Rebuilds } from '@crm-mesh/ledger';
import { openStore, type Store } from '@crm-mesh/store';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { findWrongRanges } from '../../libs/ledger/src/check-ranges.js';
import { Teller } from '../../libs/ledger/src/rebuild/rebuild.fixture.js';
import { listStoreKinds } from '../contracts/stores/places.js';

// A process that rebuilds the ledger is killed in each phase, with kill -9, and the next one goes on.

const RECORDS = 600;
const quiet = { info: () => undefined, warn: () => undefined };

interface Kill {
  /** The process ends itself before the nth statement with this text. */
  text: string;
  nth: number;
  /** What is written down by then. */
  state: object;
}

/** In this order: each goes on where the one before was killed. The log is read in three portions, of 500 events at most. */
const KILLS: readonly Kill[] = [
  { text: 'DELETE FROM ledger_shadow', nth: 1, state: { phase: 'emptying' } },
  { text: 'INTO ledger_shadow', nth: 8, state: { phase: 'reading', events: 500 } },
  { text: 'count(*) AS rows FROM ledger_shadow', nth: 1, state: { phase: 'comparing', compared: RECORDS } },
  { text: 'ledger_former RENAME TO ledger_ranges_shadow', nth: 1, state: { phase: 'comparing', compared: RECORDS } },
  { text: 'DELETE FROM ledger_ranges_shadow', nth: 1, state: { phase: 'leaving', ending: 'over' } },
];

let server: TestNats;
let nats: Nats;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'rebuild-kills', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});

const kinds = await listStoreKinds();
for (const { name, absent } of kinds) if (absent) console.warn(`NOT TESTED: killed rebuilds on ${name}: ${absent}`);

describe.each(kinds)('on $name', (kind) => {
  kind.use();
  let url: string;
  let store: Store;
  let teller: Teller;

  describe.skipIf(kind.absent !== undefined)('a rebuild', () => {
    beforeAll(async () => {
      url = await kind.makePlace();
      store = await openStore({ url, migrations: LEDGER_MIGRATIONS });
      await nats.purgeBelow('CRM_EVENTS', (await nats.streamState('CRM_EVENTS')).lastSequence + 1);
      const ledger = await Ledger.open({ nats, store, log: quiet });
      teller = new Teller(nats, kind.name.toLowerCase());
      for (let n = 0; n < RECORDS * 2; n += 1) await ledger.apply(await teller.tell(`r${n % RECORDS}`, 'updated'));
      await ledger.close();
    });
    afterAll(() => store?.close());

    const readRows = () => store.read('SELECT * FROM ledger ORDER BY id');

    /** Until it ends; meanwhile whoever looks sees the whole ledger, at any moment. */
    async function rebuild({ text, nth }: Pick<Kill, 'text' | 'nth'>): Promise<NodeJS.Signals | undefined> {
      const script = join(import.meta.dirname, 'processes/rebuilding.mjs');
      let isOver = false;
      const process = execa('node', [script, server.url, url, text, String(nth)], { reject: false });
      const end = process.finally(() => (isOver = true));
      while (!isOver) {
        const sight = await store.read('SELECT count(*) AS records, sum(version) AS versions FROM ledger');
        expect(sight.map((row) => Object.values(row as object).map(Number))).toEqual([[RECORDS, RECORDS * 2]]);
        await pauseFor(20);
      }
      const { signal, exitCode, stderr } = await end;
      expect([signal, exitCode, stderr]).toEqual(signal ? ['SIGKILL', undefined, ''] : [undefined, 0, '']);
      return signal;
    }

    it('that is killed in each phase is gone on with, and comes to the same', { timeout: 240_000 }, async () => {
      const kept = await readRows();
      const rebuilds = new Rebuilds(store, Date.now);
      const { run } = await rebuilds.begin({ by: 'ada', goal: 'rebuild' });
      for (const { state, ...kill } of KILLS) {
        expect(await rebuild(kill), kill.text).toBe('SIGKILL');
        expect(await rebuilds.read()).toMatchObject({ run, ...state });
        expect(await readRows()).toEqual(kept);
        expect(await findWrongRanges(store)).toEqual([]);
      }
      expect(await rebuild({ text: '', nth: 0 })).toBeUndefined();
      const found = { different: 0, missing: 0, unlogged: 0, examples: [] };
      expect(await rebuilds.read()).toMatchObject({ run, events: RECORDS * 2, found, ended: { how: 'over' } });
      expect(await readRows()).toEqual(kept);
      expect(await findWrongRanges(store)).toEqual([]);
      expect(await store.read('SELECT id FROM ledger_shadow')).toEqual([]);
      // What is told from then on is taken in.
      const ledger = await Ledger.open({ nats, store, log: quiet });
      await ledger.apply(await teller.tell('r7', 'updated'));
      await ledger.close();
      expect(await store.read("SELECT version FROM ledger WHERE id = 'r7'")).toEqual([{ version: 3 }]);
    });
  });
});
