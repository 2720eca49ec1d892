import type { Store } from '@crm-mesh/store';
import { EpochFence } from './epoch-fence.js';
import { columnsOf, deleteItem, findItems, insertDone, keyOf, marks, type ItemRef } from './item-rows.js';
import { insertReceipts, type Receipt } from './receipt-records.js';

export interface ParkedItem {
  ref: ItemRef;
  subject: string;
  /** Its place in the lane. */
  ordinal: number;
}

/** A consumer's lanes that wait in the store, and the messages in them. */
export class ParkedRecords {
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly fence = new EpochFence(store, consumer),
  ) {}

  async listLanes(): Promise<{ lane: string; dueMs: number; count: number }[]> {
    return this.store.read(
      `SELECT l.lane AS lane, l.due_ms AS "dueMs", COUNT(p.sequence) AS count
       FROM delivery_parked_lanes l LEFT JOIN delivery_parked p ON p.consumer = l.consumer AND p.lane = l.lane
       WHERE l.consumer = ? GROUP BY l.lane, l.due_ms`,
      [this.consumer],
    );
  }

  async highestOrdinal(): Promise<number> {
    const rows = await this.store.read<{ highest: number | null }>(
      `SELECT MAX(ordinal) AS highest FROM (SELECT ordinal FROM delivery_parked WHERE consumer = ?
       UNION ALL SELECT ordinal FROM delivery_holds WHERE consumer = ?) AS places`,
      [this.consumer, this.consumer],
    );
    return rows[0]?.highest ?? 0;
  }

  /** Adds to lanes. Returns how many were not there yet. `dueMs` only counts where the lane is new. */
  async park(items: readonly (ParkedItem & { lane: string; dueMs: number })[]): Promise<number> {
    return this.fence.write(async (tx) => {
      let added = 0;
      for (const { ref, lane, ordinal, subject } of items) {
        added += await tx.run(
          `INSERT INTO delivery_parked (consumer, stream, incarnation, sequence, lane, ordinal, subject)
           VALUES (${marks(7)}) ON CONFLICT DO NOTHING`,
          [...columnsOf(this.consumer, ref), lane, ordinal, subject],
        );
      }
      for (const [lane, dueMs] of new Map(items.map((item) => [item.lane, item.dueMs]))) {
        await tx.run(
          'INSERT INTO delivery_parked_lanes (consumer, lane, due_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          [this.consumer, lane, dueMs],
        );
      }
      return added;
    });
  }

  /** By key. */
  async listAmong(refs: readonly ItemRef[]): Promise<Set<string>> {
    const keys = new Set<string>();
    for (const { scope, where, parameters } of findItems(this.consumer, refs)) {
      const rows = await this.store.read<{ sequence: number }>(
        `SELECT sequence FROM delivery_parked WHERE ${where}`,
        parameters,
      );
      for (const { sequence } of rows) keys.add(keyOf({ ...scope, sequence }));
    }
    return keys;
  }

  /** The oldest of a lane. */
  async read(lane: string, limit: number): Promise<ParkedItem[]> {
    const rows = await this.store.read<ItemRef & Omit<ParkedItem, 'ref'>>(
      `SELECT stream, incarnation, sequence, subject, ordinal FROM delivery_parked
       WHERE consumer = ? AND lane = ? ORDER BY ordinal LIMIT ?`,
      [this.consumer, lane, limit],
    );
    return rows.map(({ subject, ordinal, ...ref }) => ({ ref, subject, ordinal }));
  }

  /**
   * Takes messages out and, with `remember`, into the inbox: in one transaction. `more`: what else is done with them, and
   * what their handler gave back.
   */
  // oxlint-disable-next-line max-params -- what ended, how, when, and with what
  async settle(
    refs: readonly ItemRef[],
    remember: boolean,
    nowMs: number,
    more: { done: readonly ItemRef[]; receipts: readonly Receipt[] } = { done: [], receipts: [] },
  ): Promise<void> {
    await this.fence.write(async (tx) => {
      if (remember) await insertDone(tx, this.consumer, [...refs, ...more.done], nowMs);
      await insertReceipts(tx, this.consumer, more.receipts, nowMs);
      for (const ref of refs) {
        await deleteItem(tx, 'delivery_parked', this.consumer, ref);
        await deleteItem(tx, 'delivery_failures', this.consumer, ref);
      }
    });
  }

  async postponeLane(lane: string, dueMs: number): Promise<void> {
    await this.fence.write((tx) =>
      tx.run('UPDATE delivery_parked_lanes SET due_ms = ? WHERE consumer = ? AND lane = ?', [
        dueMs,
        this.consumer,
        lane,
      ]),
    );
  }

  async removeLane(lane: string): Promise<void> {
    await this.fence.write((tx) =>
      tx.run('DELETE FROM delivery_parked_lanes WHERE consumer = ? AND lane = ?', [this.consumer, lane]),
    );
  }
}
