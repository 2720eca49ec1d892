import type { Store, Transaction } from '@crm-mesh/store';
import { EpochFence } from './epoch-fence.js';
import { columnsOf, deleteItem, marks, type ItemRef } from './item-rows.js';

/** One life of a consumer, from start to stop. */
export interface Life {
  runId: string;
  /** It stopped in an orderly way, or nobody knows of it. */
  endedCleanly: boolean;
}

/** A message that was about to run as a suspect. */
export interface Mark {
  consumer: string;
  ref: ItemRef;
  /** The life in which it was marked last. */
  runId: string;
  /** How often it was the only one that ran when the process ended uncleanly. */
  kills: number;
}

/** What must outlive a process that a handler kills. */
export class LifeRecords {
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly fence = new EpochFence(store, consumer),
  ) {}

  async readLast(): Promise<Life | undefined> {
    const rows = await this.store.read<{ run_id: string; ended_cleanly: number }>(
      'SELECT run_id, ended_cleanly FROM delivery_lives WHERE consumer = ?',
      [this.consumer],
    );
    const [row] = rows;
    return row && { runId: row.run_id, endedCleanly: row.ended_cleanly === 1 };
  }

  async begin(runId: string): Promise<void> {
    await this.fence.write((tx) => this.save(tx, runId, 0));
  }

  async endCleanly(runId: string): Promise<void> {
    await this.fence.write((tx) => this.save(tx, runId, 1));
  }

  /** Of this consumer, and of all that lived in the same run. */
  async listMarks(runId: string): Promise<Mark[]> {
    const rows = await this.store.read<ItemRef & { consumer: string; run_id: string; kills: number }>(
      `SELECT consumer, stream, incarnation, sequence, run_id, kills FROM delivery_suspects
       WHERE consumer = ? OR run_id = ?`,
      [this.consumer, runId],
    );
    return rows.map(({ consumer, run_id, kills, stream, incarnation, sequence }) => ({
      consumer,
      ref: { stream, incarnation, sequence },
      runId: run_id,
      kills,
    }));
  }

  async mark(refs: readonly ItemRef[], runId: string, killsOf: (ref: ItemRef) => number): Promise<void> {
    await this.fence.write(async (tx) => {
      for (const ref of refs) {
        await tx.run(
          `INSERT INTO delivery_suspects (consumer, stream, incarnation, sequence, run_id, kills)
           VALUES (${marks(6)})
           ON CONFLICT (consumer, stream, incarnation, sequence) DO UPDATE SET run_id = excluded.run_id, kills = excluded.kills`,
          [...columnsOf(this.consumer, ref), runId, killsOf(ref)],
        );
      }
    });
  }

  async unmark(refs: readonly ItemRef[]): Promise<void> {
    await this.fence.write(async (tx) => {
      for (const ref of refs) await deleteItem(tx, 'delivery_suspects', this.consumer, ref);
    });
  }

  private save(tx: Transaction, runId: string, endedCleanly: number): Promise<number> {
    return tx.run(
      `INSERT INTO delivery_lives (consumer, run_id, ended_cleanly) VALUES (?, ?, ?)
       ON CONFLICT (consumer) DO UPDATE SET run_id = excluded.run_id, ended_cleanly = excluded.ended_cleanly`,
      [this.consumer, runId, endedCleanly],
    );
  }
}
