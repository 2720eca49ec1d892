import type { Mismatch } from '@crm-mesh/reconciliation';
import { afterEach, describe, expect, it } from 'vitest';
import { CRM_FACES, type CrmFace } from './crm-faces.js';
import { foundIn, startReconciledMesh, summarise, type MeshOptions, type ReconciledMesh } from './reconciled-mesh.js';

describe.each(CRM_FACES)('$name against the ledger', ({ open }) => {
  let crm: CrmFace;
  let mesh: ReconciledMesh;
  const start = async (options: Pick<MeshOptions, 'graceMs'> = {}): Promise<void> => {
    crm = await open();
    mesh = await startReconciledMesh({ ...crm, ...options });
  };
  afterEach(async () => {
    await mesh.stop();
    await crm.stop();
  });

  const tell = async (id: string, change: 'unknown' | 'deleted' = 'unknown'): Promise<void> => {
    const at = change === 'deleted' ? { modifiedAt: new Date().toISOString() } : {};
    await mesh.tell({ entity: crm.entity, id, change, ...crm.carry?.(id), ...at });
  };
  /** Made, and told. */
  const make = async (count: number): Promise<string[]> => {
    const ids = Array.from({ length: count }, (_, index) => crm.create(`Record ${index}`));
    for (const id of ids) await tell(id);
    await mesh.settled();
    return ids;
  };
  const compare = async (run = 'first') => foundIn(await mesh.run({ entity: crm.entity, run }));

  it('finds what no webhook told, mends it, and finds nothing afterwards', async () => {
    await start();
    const [kept, edited, removed, winner, loser, back] = (await make(6)) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    crm.remove(back);
    await tell(back, 'deleted');
    await mesh.settled();
    expect(summarise(await compare())).toEqual([]);

    const made = crm.create('Never told');
    crm.update(edited, 'Changed');
    crm.remove(removed);
    crm.merge?.(winner, loser);
    if (crm.merge) crm.update(winner, 'Both');
    crm.restore?.(back);
    const steps = await mesh.run({ entity: crm.entity, run: 'second' });
    const found = foundIn(steps);
    // It says what it waits for, once, before anything is found.
    const waiting = steps.findIndex(({ waits }) => waits !== undefined);
    expect(steps.filter(({ waits }) => waits)).toEqual([expect.objectContaining({ found: [] })]);
    expect(waiting).toBeLessThan(steps.findIndex(({ found: some }) => some.length > 0));
    const merged = crm.merge ? [`${loser} extra`, `${winner} stale`] : [];
    const restored = crm.restore ? [`${back} missing`] : [];
    const expected = [`${made} missing`, `${edited} stale`, `${removed} extra`, ...restored, ...merged];
    expect(summarise(found)).toEqual(expected.toSorted());

    expect(await mesh.repair(found, 'second')).toEqual(found.map(() => 'sent'));
    await mesh.settled();
    expect(summarise(await compare('third'))).toEqual([]);
    expect(await mesh.events(kept)).toMatchObject([{ origin: 'webhook' }]);
    expect((await mesh.events(made)).at(-1)).toMatchObject({ origin: 'repair' });
    expect((await mesh.events(edited)).at(-1)).toMatchObject({ origin: 'repair' });
    expect((await mesh.events(removed)).at(-1)!.type).toContain('deleted');
    if (crm.restore) expect((await mesh.events(back)).at(-1)!.type).toContain('restored');
    if (crm.showsMerges) await expectMerged(winner, loser);
    expect(await mesh.repair(found, 'second')).toEqual(found.map(() => 'overtaken'));
  });

  const expectMerged = async (winner: string, loser: string): Promise<void> => {
    const merges = (await mesh.events(winner)).filter(({ type }) => type.endsWith('.merged'));
    expect(merges).toMatchObject([{ origin: 'repair', data: { mergedIds: [loser] } }]);
    const ends = (await mesh.events(loser)).filter(({ type }) => !type.endsWith('.created'));
    expect(ends).toMatchObject([{ type: expect.stringContaining('deleted'), data: { mergedInto: winner } }]);
  };

  it('names who has swallowed a record, where the CRM still says so', async () => {
    await start();
    const [winner, loser] = (await make(3)) as [string, string];
    crm.merge?.(winner, loser);
    // What became of the record that stays was heard, and not why.
    if (crm.merge) await tell(winner);
    await mesh.settled();
    const found = await compare();
    expect(summarise(found)).toEqual(crm.merge ? [`${loser} extra`] : []);
    await mesh.repair(found, 'first');
    await mesh.settled();
    if (crm.showsMerges) await expectMerged(winner, loser);
    expect(summarise(await compare('second'))).toEqual([]);
  });

  it('goes on after a kill at any step, and says the same', async () => {
    await start();
    const [edited, removed] = (await make(7)) as [string, string];
    const made = crm.create('Never told');
    crm.update(edited, 'Changed');
    crm.remove(removed);
    const { signal } = new AbortController();
    const what = { entity: crm.entity, run: 'killed' };
    let cursor: string | undefined;
    const found: Mismatch[] = [];
    for (let ended = false; !ended;) {
      // Each life takes a step, and a second one whose cursor nobody has kept.
      const steps = mesh.compare(what).steps(cursor, signal)[Symbol.asyncIterator]();
      const first = await steps.next();
      if (first.done) break;
      cursor = first.value.cursor;
      found.push(...first.value.found);
      ended = (await steps.next()).done === true;
    }
    expect(summarise(found)).toEqual([`${made} missing`, `${edited} stale`, `${removed} extra`].toSorted());
    expect(await mesh.store.read('SELECT place FROM reconcile_met')).toEqual([]);
  });

  it('looks at some records alone', async () => {
    await start();
    const [edited, removed] = (await make(4)) as [string, string];
    const made = crm.create('Never told');
    const other = crm.create('Never told either');
    crm.update(edited, 'Changed');
    crm.remove(removed);
    const ids = [made, edited, removed];
    const found = foundIn(await mesh.run({ entity: crm.entity, ids }));
    expect(found.map(({ record }) => record.id).toSorted()).toEqual(ids.toSorted());
    expect(ids).not.toContain(other);
  });

  it('takes for no difference what the ledger is told while it looks', { timeout: 180_000 }, async () => {
    // As long as a sign may take here, on a machine that has much to do.
    await start({ graceMs: 1_500 });
    const ids = await make(8);
    const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
    const draw = drawFrom(seed);
    let isOver = false;
    const live = (async () => {
      while (!isOver) {
        const id = ids[Math.floor(draw() * ids.length)]!;
        const what = draw();
        if (what < 0.3) {
          const made = crm.create('Made live');
          ids.push(made);
          await tell(made);
        } else if (what < 0.4 && ids.length > 4) {
          // Who is gone before a sign of them is looked at is asked for again for ten seconds, and all would wait.
          await mesh.settled();
          ids.splice(ids.indexOf(id), 1);
          crm.remove(id);
          await tell(id, 'deleted');
        } else {
          crm.update(id, `Changed ${draw()}`);
          await tell(id);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    try {
      for (let run = 0; run < 2; run += 1) expect(summarise(await compare(`run ${run}`)), `SEED=${seed}`).toEqual([]);
    } finally {
      isOver = true;
      await live;
    }
  });
});

/** Mulberry32: 0 to 1, the same for the same seed. */
function drawFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
