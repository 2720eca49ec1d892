import { escapeToken } from '@crm-mesh/contract';
import type { Store } from '@crm-mesh/store';
import { describe, expect, it } from 'vitest';
import { Scratch, type ScratchScope } from '../../../apps/publisher/src/reconciliation/crm/scratch.js';

const scope: ScratchScope = { tenant: 'acme gmbh', connection: 'crm', entity: 'deal', run: 'one' };
const other: ScratchScope = { ...scope, entity: 'contact' };
const COLUMNS =
  'tenant, connection, entity, id, version, state, hash, sequence, modified_at, content_at, seen_at, aliases';

export function describeReconcileRows(getStore: () => Store): void {
  /** Records of the ledger; those of version 0 were never told. */
  const fillLedger = (rows: readonly { id: string; version?: number; state?: string; entity?: string }[]) =>
    getStore().write(async (tx) => {
      for (const { id, version = 1, state = 'present', entity = 'deal' } of rows) {
        const key = ['acme gmbh', 'crm', entity, id].map(escapeToken);
        await tx.run(`INSERT INTO ledger (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, '', 1, 0, 0, 0, '[]')`, [
          ...[...key, version, state],
        ]);
      }
    });
  const allUnmet = async (scratch: Scratch, window: number): Promise<string[]> => {
    const found: string[] = [];
    let at: string | undefined = '';
    while (at !== undefined) {
      const { places, end } = await scratch.listUnmet(at, window);
      found.push(...places);
      at = end;
    }
    return found;
  };

  describe('what a comparison with a CRM remembers', () => {
    it.each([1, 2, 3, 100])('names what the ledger has and was not met, %i rows at once', async (window) => {
      await fillLedger([...'abcdef'].map((id) => ({ id })));
      await fillLedger([{ id: 'ö 1' }, { id: 'gone', state: 'deleted' }, { id: 'never', version: 0 }]);
      await fillLedger([{ id: 'z', entity: 'contact' }]);
      const scratch = new Scratch(getStore(), scope);
      await scratch.begin();
      await scratch.note({ met: ['a', 'b', 'b', 'new'], suspects: [] });
      // The page again, after a kill.
      await scratch.note({ met: ['b', 'e'], suspects: [] });
      expect((await allUnmet(scratch, window)).toSorted()).toEqual(['%C3%B6%201', 'c', 'd', 'f']);
    });

    it('goes on where another life of the process has left it, and forgets no row of another entity', async () => {
      const [mine, theirs] = [new Scratch(getStore(), scope), new Scratch(getStore(), other)];
      await mine.begin();
      await theirs.begin();
      const met = Array.from({ length: 1_234 }, (_, index) => `m${index}`);
      await mine.note({ met, suspects: [{ place: 'm7', note: { kind: 'stale' } }] });
      await theirs.note({ met: ['m7'], suspects: [{ place: 'm7', note: { kind: 'extra' } }] });
      await fillLedger([{ id: 'm7' }, { id: 'm1233' }, { id: 'm1234' }]);
      const again = new Scratch(getStore(), scope);
      expect(await allUnmet(again, 2)).toEqual(['m1234']);
      await again.note({ met: [], suspects: [{ place: 'm7', note: { kind: 'edited' } }] });
      expect(await again.findSuspects(['m7', 'm8'])).toEqual([{ place: 'm7', note: { kind: 'edited' } }]);
      await again.forgetMet();
      expect(await getStore().read('SELECT place FROM reconcile_met ORDER BY place')).toEqual([
        { place: '' },
        { place: 'm7' },
      ]);
      expect(await theirs.listSuspects('', 9)).toEqual([{ place: 'm7', note: { kind: 'extra' } }]);
    });

    it('pages through suspects, and drops them', async () => {
      const scratch = new Scratch(getStore(), scope);
      await scratch.begin();
      const suspects = [...'dacb'].map((place) => ({ place, note: { kind: 'stale', text: `ä"${place}` } }));
      await scratch.note({ met: [], suspects });
      const first = await scratch.listSuspects('', 3);
      expect(first.map(({ place }) => place)).toEqual(['a', 'b', 'c']);
      expect(first[0]).toEqual({ place: 'a', note: { kind: 'stale', text: 'ä"a' } });
      await scratch.clear(['a', 'd']);
      expect((await scratch.listSuspects('', 9)).map(({ place }) => place)).toEqual(['b', 'c']);
    });

    it('says nothing of what was not met once another comparison of the entity has begun', async () => {
      await fillLedger([{ id: 'a' }, { id: 'b' }]);
      const first = new Scratch(getStore(), scope);
      await first.begin();
      await first.note({ met: ['a'], suspects: [{ place: 'b', note: {} }] });
      const second = new Scratch(getStore(), { ...scope, run: 'two' });
      await second.begin();
      await expect(first.listUnmet('', 10)).rejects.toThrow('begin it again');
      expect(await first.listSuspects('', 9)).toEqual([]);
      expect((await second.listUnmet('', 10)).places).toEqual(['a', 'b']);
    });
  });
}
