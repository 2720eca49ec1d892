import type { Store } from '@crm-mesh/store';
import { EpochFence } from './epoch-fence.js';
import { columnsOf, deleteItem, type ItemRef } from './item-rows.js';

/** A dead letter that holds its lane until it is resolved. */
export interface Hold {
  lane: string;
  /** What was buried. */
  ref: ItemRef;
  subject: string;
  /** Its place in the lane, which it gets again when it is redriven. */
  ordinal: number;
  /** Where it lies in CRM_DEAD. */
  letter: { incarnation: string; sequence: number };
}

interface HoldRow extends ItemRef {
  lane: string;
  subject: string;
  ordinal: number;
  letter_incarnation: string;
  letter_sequence: number;
}

/** The held lanes of one consumer. */
export class HoldRecords {
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly fence = new EpochFence(store, consumer),
  ) {}

  async list(): Promise<Hold[]> {
    const rows = await this.store.read<HoldRow>(
      `SELECT lane, stream, incarnation, sequence, subject, ordinal, letter_incarnation, letter_sequence
       FROM delivery_holds WHERE consumer = ? ORDER BY ordinal`,
      [this.consumer],
    );
    return rows.map(({ lane, stream, incarnation, sequence, subject, ordinal, ...letter }) => ({
      lane,
      ref: { stream, incarnation, sequence },
      subject,
      ordinal,
      letter: { incarnation: letter.letter_incarnation, sequence: letter.letter_sequence },
    }));
  }

  /** The lane is parked from now on, if it was not. */
  async add(holds: readonly Hold[]): Promise<void> {
    await this.fence.write(async (tx) => {
      for (const { lane, ref, subject, ordinal, letter } of holds) {
        await tx.run(
          `INSERT INTO delivery_holds (consumer, stream, incarnation, sequence, lane, ordinal, subject, letter_incarnation,
           letter_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (consumer, stream, incarnation, sequence)
           DO UPDATE SET letter_incarnation = excluded.letter_incarnation, letter_sequence = excluded.letter_sequence`,
          [...columnsOf(this.consumer, ref), lane, ordinal, subject, letter.incarnation, letter.sequence],
        );
        await tx.run(
          'INSERT INTO delivery_parked_lanes (consumer, lane, due_ms) VALUES (?, ?, 0) ON CONFLICT DO NOTHING',
          [this.consumer, lane],
        );
      }
    });
  }

  async remove({ ref }: Hold): Promise<void> {
    await this.fence.write((tx) => deleteItem(tx, 'delivery_holds', this.consumer, ref));
  }

  async removeAll(): Promise<void> {
    await this.fence.write((tx) => tx.run('DELETE FROM delivery_holds WHERE consumer = ?', [this.consumer]));
  }

  /** In its stead `redriven` stands in the lane, in its place, wherever that stood before. */
  async replace({ ref, lane, ordinal, subject }: Hold, redriven: ItemRef): Promise<void> {
    await this.fence.write(async (tx) => {
      await tx.run(
        `INSERT INTO delivery_parked (consumer, stream, incarnation, sequence, lane, ordinal, subject)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (consumer, stream, incarnation, sequence)
         DO UPDATE SET lane = excluded.lane, ordinal = excluded.ordinal`,
        [...columnsOf(this.consumer, redriven), lane, ordinal, subject],
      );
      await deleteItem(tx, 'delivery_holds', this.consumer, ref);
    });
  }
}
