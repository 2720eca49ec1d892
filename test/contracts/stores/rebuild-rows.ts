import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS, RebuildRun, Rebuilds, type RebuildState } from '@crm-mesh/ledger';
import { openStore, type Store } from '@crm-mesh/store';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { findWrongRanges } from '../../../libs/ledger/src/check-ranges.js';
import { cutOff, happenings, Teller } from '../../../libs/ledger/src/rebuild/rebuild.fixture.js';

const quiet = { info: () => undefined, warn: () => undefined };
const never = new AbortController().signal;
const NO_DIFFERENCE = { different: 0, missing: 0, unlogged: 0 };
const SEED = 7;

type Row = Record<string, unknown>;

/** Times of statements that told nothing new, and what was never told, are not in the log. */
const UNTOLD = ['seen_at', 'content_at', 'field_times', 'merged_into'];

async function readRows(store: Store): Promise<Row[]> {
  const rows = await store.read<Row>('SELECT * FROM ledger');
  return rows.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
}

function listTold(rows: readonly Row[]): Row[] {
  return rows
    .filter((row) => Number(row['version']) > 0)
    .map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !UNTOLD.includes(column))));
}

export function describeRebuildRows(getStore: () => Store, makePlace: () => Promise<string>): void {
  describe('a rebuild of the ledger', () => {
    let server: TestNats;
    let nats: Nats;
    let ledger: Ledger;
    let teller: Teller;
    let connections = 0;

    beforeAll(async () => {
      server = await startTestNats();
      nats = await connectNats({ name: 'rebuild-rows', url: server.url });
      await ensureStreams(nats);
    });
    afterAll(async () => {
      await nats?.close();
      await server?.stop();
    });
    beforeEach(async () => {
      await nats.purgeBelow('CRM_EVENTS', (await nats.streamState('CRM_EVENTS')).lastSequence + 1);
      ledger = await Ledger.open({ nats, store: getStore(), log: quiet });
      teller = new Teller(nats, `c${(connections += 1)}`);
      return () => ledger.close();
    });

    const rebuilds = () => new Rebuilds(getStore(), () => 5);
    const run = (store = getStore()) => new RebuildRun({ nats, store, log: quiet, ledger, now: () => 7 }).run(never);
    const happen = async (seed: number): Promise<void> => {
      for (const story of fc.sample(happenings, { seed, numRuns: 8 }))
        for (const happening of story) await teller.happen(happening, ledger);
    };

    async function rebuild(goal: RebuildState['goal'] = 'rebuild'): Promise<RebuildState> {
      await rebuilds().begin({ by: 'ada', goal });
      await run();
      return (await rebuilds().read())!;
    }

    async function expectWhole(): Promise<void> {
      expect(await findWrongRanges(getStore())).toEqual([]);
      const left = 'SELECT 1 AS one FROM ledger_shadow UNION ALL SELECT 1 FROM ledger_ranges_shadow';
      expect(await getStore().read(left)).toEqual([]);
    }

    it('comes to what was kept, row by row, and so does the log alone', async () => {
      await happen(SEED);
      await ledger.flush();
      const kept = await readRows(getStore());
      expect(await rebuild()).toMatchObject({ found: NO_DIFFERENCE, ended: { how: 'over' } });
      expect(await readRows(getStore())).toEqual(kept);
      await expectWhole();
      const empty = await openStore({ url: await makePlace(), migrations: LEDGER_MIGRATIONS });
      try {
        const fromLog = await Ledger.open({ nats, store: empty, log: quiet });
        await fromLog.close();
        expect(listTold(await readRows(empty))).toEqual(listTold(kept));
        expect(await findWrongRanges(empty)).toEqual([]);
      } finally {
        await empty.close();
      }
    });

    it('mends rows that are wrong or gone', async () => {
      for (const id of ['1', '2', '3', 'ä']) await ledger.apply(await teller.tell(id, 'updated'));
      await ledger.flush();
      const right = await readRows(getStore());
      await getStore().write(async (tx) => {
        await tx.run("UPDATE ledger SET data = '{}', hash = 'wrong' WHERE id = '1'");
        await tx.run("DELETE FROM ledger WHERE id = '3'");
      });
      const damage = { different: 1, missing: 1 };
      expect((await rebuild('verify')).found).toMatchObject({ ...damage, wrongRanges: [expect.any(String)] });
      expect(await readRows(getStore())).not.toEqual(right);
      expect((await rebuild()).found).toMatchObject(damage);
      expect(await readRows(getStore())).toEqual(right);
      expect((await rebuild('verify')).found).toMatchObject({ different: 0, missing: 0, wrongRanges: [] });
    });

    it('takes in what happens meanwhile, and goes on wherever it broke off', { timeout: 60_000 }, async () => {
      await happen(SEED + 1);
      await rebuilds().begin({ by: 'ada', goal: 'rebuild' });
      const live = happen(SEED + 2);
      for (const after of [1, 3, 6, 10, 15, 21, 28, 36])
        await run(cutOff(getStore(), { after })).catch((error: unknown) => expect(String(error)).toContain('cut off'));
      await Promise.all([run(), live]);
      await ledger.flush();
      expect((await rebuilds().read())!.ended?.how).toBe('over');
      const kept = await readRows(getStore());
      await expectWhole();
      expect((await rebuild()).found).toMatchObject({ different: 0, missing: 0 });
      expect(await readRows(getStore())).toEqual(kept);
    });
  });
}
