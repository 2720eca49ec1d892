import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { openStore, type Store } from '@crm-mesh/store';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findWrongRanges } from '../check-ranges.js';
import { Ledger } from '../ledger.js';
import { LEDGER_MIGRATIONS } from '../migrations.js';
import { RebuildRun } from './rebuild-run.js';
import type { RebuildState } from './rebuild-state.js';
import { cutOff, happenings, Teller } from './rebuild.fixture.js';
import { Rebuilds } from './rebuilds.js';

const quiet = { info: () => undefined, warn: () => undefined };
const never = new AbortController().signal;
let server: TestNats;
let nats: Nats;
let store: Store;
let ledger: Ledger;
let teller: Teller;
let round = 0;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'rebuild-spec', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});
beforeEach(() => begin());
afterEach(() => end());

async function begin(): Promise<void> {
  store = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
  ledger = await Ledger.open({ nats, store, log: quiet });
  teller = new Teller(nats, `c${(round += 1)}`);
}

async function end(): Promise<void> {
  await ledger.close();
  await store.close();
  await nats.purgeBelow('CRM_EVENTS', (await nats.streamState('CRM_EVENTS')).lastSequence + 1);
}

const run = (of: Store = store) => new RebuildRun({ nats, store: of, log: quiet, ledger, now: () => 7 }).run(never);

async function rebuild(goal: RebuildState['goal'] = 'rebuild'): Promise<RebuildState> {
  const rebuilds = new Rebuilds(store, () => 5);
  await rebuilds.begin({ by: 'somebody', goal });
  await run();
  return (await rebuilds.read())!;
}

async function readRows(of: Store = store): Promise<Record<string, unknown>[]> {
  return of.read('SELECT * FROM ledger ORDER BY tenant, connection, entity, id');
}

async function isShadowEmpty(): Promise<boolean> {
  const rows = await store.read('SELECT 1 AS one FROM ledger_shadow UNION ALL SELECT 1 FROM ledger_ranges_shadow');
  return rows.length === 0;
}

describe('a ledger that is built anew', () => {
  it('equals the one that was kept, whatever has happened; and from the log alone, but for what was told nobody', async () => {
    const property = fc.asyncProperty(happenings, async (all) => {
      for (const happening of all) await teller.happen(happening, ledger);
      await ledger.flush();
      const kept = await readRows();
      const { found, ended, events } = await rebuild();
      expect(await readRows()).toEqual(kept);
      expect([found, ended?.how]).toEqual([{ different: 0, missing: 0, unlogged: 0, examples: [] }, 'over']);
      expect(events).toBe((await nats.streamState('CRM_EVENTS')).messages);
      expect(await findWrongRanges(store)).toEqual([]);
      expect(await isShadowEmpty()).toBe(true);
      await expectEqualFromLog(kept);
      await end();
      await begin();
    });
    await fc.assert(property, { numRuns: 25, endOnFailure: true });
  }, 240_000);

  it('mends what the old one has otherwise than the log, and says so', async () => {
    for (const id of ['1', '2', '3', '4']) await ledger.apply(await teller.tell(id, 'updated'));
    await ledger.flush();
    const right = await readRows();
    await store.write(async (tx) => {
      await tx.run("UPDATE ledger SET data = '{}', hash = 'wrong' WHERE id = '1'");
      await tx.run("UPDATE ledger SET state = 'deleted' WHERE id = '2'");
      await tx.run("DELETE FROM ledger WHERE id = '3'");
    });
    const verified = await rebuild('verify');
    expect(verified.found).toMatchObject({
      different: 2,
      missing: 1,
      examples: [`acme/${teller.connection}/contact/1`, `acme/${teller.connection}/contact/2`],
      wrongRanges: [`acme.${teller.connection}.contact from `],
    });
    expect(await readRows()).not.toEqual(right);
    expect((await rebuild()).found).toMatchObject({ different: 2, missing: 1 });
    expect(await readRows()).toEqual(right);
    expect(await findWrongRanges(store)).toEqual([]);
    // Also what was in memory.
    expect(await ledger.get(teller.keyOf('2'))).toMatchObject({ state: 'present' });
    expect((await rebuild('verify')).found).toMatchObject({ different: 0, missing: 0, wrongRanges: [] });
  });

  it('keeps records whose events have aged out, with their versions', async () => {
    await ledger.apply(await teller.tell('old', 'updated'));
    await ledger.apply(await teller.tell('half', 'merged', { mergedIds: ['x'] }));
    const { lastSequence } = await nats.streamState('CRM_EVENTS');
    await ledger.apply(await teller.tell('half', 'updated'));
    await nats.purgeBelow('CRM_EVENTS', lastSequence + 1);
    await ledger.flush();
    const kept = await readRows();
    expect((await rebuild()).found).toMatchObject({ unlogged: 1, different: 0 });
    expect(await readRows()).toEqual(kept);
    expect((await rebuild()).found).toMatchObject({ unlogged: 1, different: 0 });
    await ledger.apply(await teller.tell('old', 'updated'));
    expect(await ledger.get(teller.keyOf('old'))).toMatchObject({ version: 2 });
  });

  it('is the same wherever the process ends, and what happens meanwhile is in it', async () => {
    const property = fc.asyncProperty(
      happenings,
      happenings,
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }),
      async (before, meanwhile, cuts) => {
        for (const happening of before) await teller.happen(happening, ledger);
        const rebuilds = new Rebuilds(store, () => 5);
        await rebuilds.begin({ by: 'somebody', goal: 'rebuild' });
        const live = (async () => {
          for (const happening of meanwhile) await teller.happen(happening, ledger);
        })();
        for (const after of cuts)
          await run(cutOff(store, { after })).catch((error: unknown) => expect(String(error)).toContain('cut off'));
        await Promise.all([run(), live]);
        await ledger.flush();
        const kept = await readRows();
        expect((await rebuilds.read())!.ended?.how).toBe('over');
        expect(await findWrongRanges(store)).toEqual([]);
        await expectEqualFromLog(kept);
        // Nothing that was seen, and told nobody, is lost on the way.
        expect((await rebuild()).found).toMatchObject({ different: 0, missing: 0 });
        expect(await readRows()).toEqual(kept);
        await end();
        await begin();
      },
    );
    await fc.assert(property, { numRuns: 15, endOnFailure: true });
  }, 240_000);

  it('knows of what was seen again after it was compared', async () => {
    await ledger.apply(await teller.tell('1', 'updated'));
    await new Rebuilds(store, () => 5).begin({ by: 'somebody', goal: 'rebuild' });
    const noteWhenCompared: Store = {
      ...store,
      read: async (sql, values) => {
        if (sql.includes('count(*) AS rows FROM ledger_shadow'))
          await ledger.noteSeen(teller.keyOf('1'), { atMs: 9e12 });
        return store.read(sql, values);
      },
    };
    await run(noteWhenCompared);
    expect(await ledger.get(teller.keyOf('1'))).toMatchObject({ version: 1, seenAtMs: 9e12 });
  });

  it('is done by one, though two processes are at it; and its ranges are those that are kept from then on', async () => {
    // Committed in other portions than the rebuild takes: the ranges begin elsewhere.
    for (let id = 0; id < 1_200; id += 1) {
      await ledger.apply(await teller.tell(`${id * 7919}`, 'updated'));
      if (id % 150 === 0) await ledger.flush();
    }
    await ledger.flush();
    const kept = await readRows();
    const before = await store.read('SELECT from_key FROM ledger_ranges');
    const rebuilds = new Rebuilds(store, () => 5);
    await rebuilds.begin({ by: 'somebody', goal: 'rebuild' });
    await Promise.all([run(), run()]);
    while (!(await rebuilds.read())!.ended) await run();
    expect(await readRows()).toEqual(kept);
    expect(await store.read('SELECT from_key FROM ledger_ranges')).not.toEqual(before);
    for (let id = 0; id < 1_200; id += 40) await ledger.apply(await teller.tell(`${id * 7919}`, 'updated'));
    await ledger.flush();
    expect(await findWrongRanges(store)).toEqual([]);
  });

  it('is joined, refused beside another, and cancelled', async () => {
    await ledger.apply(await teller.tell('1', 'updated'));
    const rebuilds = new Rebuilds(store, () => 5);
    const begun = await rebuilds.begin({ by: 'one', goal: 'rebuild' });
    expect((await rebuilds.begin({ by: 'another', goal: 'rebuild' })).run).toBe(begun.run);
    await expect(rebuilds.begin({ by: 'another', goal: 'verify' })).rejects.toThrow('runs already');
    expect(await rebuilds.cancel()).toMatchObject({ run: begun.run });
    expect(await rebuilds.cancel()).toBeUndefined();
    await run();
    expect((await rebuilds.read())!.ended?.how).toBe('cancelled');
    expect((await rebuilds.begin({ by: 'one', goal: 'rebuild' })).run).not.toBe(begun.run);
  });
});

/** Who has lost the store has the log. What statements that told nothing new have said of times is not in it. */
async function expectEqualFromLog(kept: readonly Record<string, unknown>[]): Promise<void> {
  const empty = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
  const fromLog = await Ledger.open({ nats, store: empty, log: quiet });
  const rows = await readRows(empty);
  await fromLog.close();
  const told = (row: Record<string, unknown>): object => {
    const { seen_at: _seen, content_at: _content, field_times: _times, merged_into: _into, ...rest } = row;
    return rest;
  };
  const isTold = (row: Record<string, unknown>): boolean => Number(row['version']) > 0;
  expect(rows.filter(isTold).map(told)).toEqual(kept.filter(isTold).map(told));
  expect(await findWrongRanges(empty)).toEqual([]);
  await empty.close();
}
