import type { Store, Transaction } from '@crm-mesh/store';

/** The way to write for one consumer: who was superseded by another process writes nothing more. */
export class EpochFence {
  /** `consumer`: what the lease is about. `epoch`: of that lease; without one nobody can supersede it. */
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly epoch?: number,
    private readonly isHeld: () => boolean = () => true,
  ) {}

  /** From now on no consumer of an older epoch can write. Throws when a newer one is there. */
  async takeOver(): Promise<void> {
    const { epoch } = this;
    if (epoch === undefined) return;
    await this.store.write(async (tx) => {
      await tx.run(
        `INSERT INTO delivery_epochs (consumer, epoch) VALUES (?, ?) ON CONFLICT (consumer)
         DO UPDATE SET epoch = excluded.epoch WHERE excluded.epoch > delivery_epochs.epoch`,
        [this.consumer, epoch],
      );
      await this.check(tx, epoch);
    });
  }

  async write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.store.write(async (tx) => {
      if (!this.isHeld()) throw new Error(`${this.consumer}: its lease is lost`);
      if (this.epoch !== undefined) await this.check(tx, this.epoch);
      return work(tx);
    });
  }

  /** An update, so that on PostgreSQL the row stays locked until the commit. */
  private async check(tx: Transaction, epoch: number): Promise<void> {
    const own = [this.consumer, epoch];
    const count = await tx.run('UPDATE delivery_epochs SET epoch = epoch WHERE consumer = ? AND epoch = ?', own);
    if (count !== 1) throw new Error(`${this.consumer}: another process has taken over`);
  }
}
