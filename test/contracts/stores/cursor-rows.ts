import { describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { CursorMoved, Cursors, type CursorKey } from '../../../apps/publisher/src/polling/cursors.js';

const key: CursorKey = { tenant: 'acme', connection: 'crm', work: 'poll', entity: 'deal' };
const other: CursorKey = { ...key, work: 'backfill', entity: '' };

export function describeCursorRows(getStore: () => Store): void {
  describe('cursors', () => {
    it('are what was saved last, each for itself', async () => {
      const cursors = new Cursors(getStore());
      const none = await cursors.read(key);
      expect(none).toEqual({ revision: 0, state: undefined });
      const first = await cursors.save(key, none, { cursor: 'ä"\\?' });
      await cursors.save(key, first, { cursor: 'b', open: { fromMs: 1_764_000_000_000 } });
      await cursors.save(other, { revision: 0 }, { run: 'r' });
      expect(await new Cursors(getStore()).read(key)).toEqual({
        revision: 2,
        state: { cursor: 'b', open: { fromMs: 1_764_000_000_000 } },
      });
      expect(await cursors.list(key)).toMatchObject([
        { work: 'backfill', entity: '', state: { run: 'r' } },
        { work: 'poll', entity: 'deal', state: { cursor: 'b' } },
      ]);
      expect(await cursors.list({ tenant: 'acme', connection: 'shop' })).toEqual([]);
    });

    it('of two that have read the same one saves, and the other learns of it', async () => {
      const [one, two] = [new Cursors(getStore()), new Cursors(getStore())];
      const none = await one.read(key);
      const outcomes = await Promise.allSettled([one.save(key, none, { by: 1 }), two.save(key, none, { by: 2 })]);
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const kept = await one.read(key);
      await two.save(key, kept, { by: 2 });
      await expect(one.save(key, kept, { by: 1 })).rejects.toThrow(CursorMoved);
      expect((await one.read(key)).state).toEqual({ by: 2 });
    });

    it('are changed whoever saves beside it', async () => {
      const cursors = new Cursors(getStore());
      const add = (): Promise<void> => cursors.change<{ n: number }>(key, (state) => ({ n: (state?.n ?? 0) + 1 }));
      await Promise.all([add(), add(), add(), add()]);
      await cursors.change(key, () => undefined);
      expect((await cursors.read(key)).state).toEqual({ n: 4 });
    });
  });
}
