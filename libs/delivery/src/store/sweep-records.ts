import type { Store } from '@crm-mesh/store';
import { EpochFence } from './epoch-fence.js';

/** How far exhausted deliveries were looked for. */
export interface Sweep {
  /** Sequence of the consumer's stream. */
  sweptTo: number;
  /** Sequence of CRM_ADVISORIES. */
  advisedTo: number;
}

export class SweepRecords {
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly fence = new EpochFence(store, consumer),
  ) {}

  async read(stream: string, incarnation: string): Promise<Sweep | undefined> {
    const [row] = await this.store.read<{ swept_to: number; advised_to: number }>(
      'SELECT swept_to, advised_to FROM delivery_sweeps WHERE consumer = ? AND stream = ? AND incarnation = ?',
      [this.consumer, stream, incarnation],
    );
    return row && { sweptTo: row.swept_to, advisedTo: row.advised_to };
  }

  async save(stream: string, incarnation: string, { sweptTo, advisedTo }: Sweep): Promise<void> {
    await this.fence.write((tx) =>
      tx.run(
        `INSERT INTO delivery_sweeps (consumer, stream, incarnation, swept_to, advised_to) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (consumer, stream, incarnation)
         DO UPDATE SET swept_to = excluded.swept_to, advised_to = excluded.advised_to`,
        [this.consumer, stream, incarnation, sweptTo, advisedTo],
      ),
    );
  }
}
