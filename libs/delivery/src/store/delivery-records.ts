import type { Store } from '@crm-mesh/store';
import type { Attempt } from '../outcome.js';
import { EpochFence } from './epoch-fence.js';
import { columnsOf, deleteItem, findItems, insertDone, keyOf, marks, type ItemRef } from './item-rows.js';
import { insertReceipts, type Receipt } from './receipt-records.js';

/** So many rows of the inbox are forgotten in one transaction. */
const FORGOTTEN_AT_ONCE = 5_000;

/** What the store remembers of a message: whether it is done, and what went wrong so far. */
export interface ItemMemory {
  done: boolean;
  attempts: number;
  history: Attempt[];
}

/** The engine's rows for one consumer: inbox and failures. */
export class DeliveryRecords {
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly fence = new EpochFence(store, consumer),
  ) {}

  /** What is known of messages; what has no row is not in the answer. */
  async lookUp(refs: readonly ItemRef[]): Promise<Map<string, ItemMemory>> {
    const memory = new Map<string, ItemMemory>();
    for (const { scope, where, parameters } of findItems(this.consumer, refs)) {
      const done = await this.store.read<{ sequence: number }>(
        `SELECT sequence FROM delivery_inbox WHERE ${where}`,
        parameters,
      );
      const failed = await this.store.read<{ sequence: number; attempts: number; history: string }>(
        `SELECT sequence, attempts, history FROM delivery_failures WHERE ${where}`,
        parameters,
      );
      for (const row of failed) {
        memory.set(keyOf({ ...scope, sequence: row.sequence }), {
          done: false,
          attempts: row.attempts,
          history: JSON.parse(row.history) as Attempt[],
        });
      }
      for (const row of done)
        memory.set(keyOf({ ...scope, sequence: row.sequence }), { done: true, attempts: 0, history: [] });
    }
    return memory;
  }

  /** The highest sequence that is done or parked; of what lies above it nothing is known. */
  async highestKnown(stream: string, incarnation: string): Promise<number> {
    const highestIn = async (table: string): Promise<number> => {
      const rows = await this.store.read<{ highest: number | null }>(
        `SELECT MAX(sequence) AS highest FROM ${table} WHERE consumer = ? AND stream = ? AND incarnation = ?`,
        [this.consumer, stream, incarnation],
      );
      return rows[0]?.highest ?? 0;
    };
    return Math.max(await highestIn('delivery_inbox'), await highestIn('delivery_parked'));
  }

  /** Done for good, in one transaction; `failed` are those of them that had failures to forget. */
  // oxlint-disable-next-line max-params -- what ended, how, when, and with what
  async recordDone(
    refs: readonly ItemRef[],
    failed: readonly ItemRef[],
    nowMs: number,
    receipts: readonly Receipt[] = [],
  ): Promise<void> {
    await this.fence.write(async (tx) => {
      await insertReceipts(tx, this.consumer, receipts, nowMs);
      await insertDone(tx, this.consumer, refs, nowMs);
      for (const ref of failed) await deleteItem(tx, 'delivery_failures', this.consumer, ref);
    });
  }

  async recordFailures(
    failures: readonly { ref: ItemRef; attempts: number; history: readonly Attempt[] }[],
  ): Promise<void> {
    await this.fence.write(async (tx) => {
      for (const { ref, attempts, history } of failures) {
        await tx.run(
          `INSERT INTO delivery_failures (consumer, stream, incarnation, sequence, attempts, history) VALUES (${marks(6)})
           ON CONFLICT (consumer, stream, incarnation, sequence) DO UPDATE SET attempts = excluded.attempts, history = excluded.history`,
          [...columnsOf(this.consumer, ref), attempts, JSON.stringify(history)],
        );
      }
    });
  }

  /** Forgets what no redelivery can bring again: below the ack floor, and done before `beforeMs`. */
  async pruneInbox(below: ItemRef, beforeMs: number): Promise<number> {
    const own = columnsOf(this.consumer, below);
    let forgotten = 0;
    // Rows are about as old as their sequences tell: where a part gives nothing, what is newer would not either.
    for (;;) {
      const [end] = await this.store.read<{ sequence: number }>(
        `SELECT sequence FROM delivery_inbox WHERE consumer = ? AND stream = ? AND incarnation = ? AND sequence < ?
         ORDER BY sequence LIMIT 1 OFFSET ${FORGOTTEN_AT_ONCE}`,
        own,
      );
      const upTo = end?.sequence ?? below.sequence;
      const count = await this.fence.write((tx) =>
        tx.run(
          `DELETE FROM delivery_inbox WHERE consumer = ? AND stream = ? AND incarnation = ? AND sequence < ? AND done_at_ms < ?`,
          [...columnsOf(this.consumer, { ...below, sequence: upTo }), beforeMs],
        ),
      );
      forgotten += count;
      if (end === undefined || count === 0) return forgotten;
    }
  }

  /** Of streams that were made anew since, and receipts. */
  async pruneOld({ stream, incarnation }: Omit<ItemRef, 'sequence'>, beforeMs: number): Promise<void> {
    await this.fence.write(async (tx) => {
      await tx.run(
        'DELETE FROM delivery_inbox WHERE consumer = ? AND stream = ? AND incarnation <> ? AND done_at_ms < ?',
        [this.consumer, stream, incarnation, beforeMs],
      );
      await tx.run('DELETE FROM delivery_receipts WHERE consumer = ? AND kept_at_ms < ?', [this.consumer, beforeMs]);
    });
  }
}
