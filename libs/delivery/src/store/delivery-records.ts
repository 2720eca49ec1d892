import type { Store, Transaction, Value } from '@crm-mesh/store';
import type { Attempt } from '../outcome.js';

/** One message of one stream, for ever. */
export interface ItemRef {
  stream: string;
  incarnation: string;
  sequence: number;
}

/** What the store remembers of a message: whether it is done, and what went wrong so far. */
export interface ItemMemory {
  done: boolean;
  attempts: number;
  history: Attempt[];
}

export interface ParkedItem {
  ref: ItemRef;
  subject: string;
  /** Its place in the lane. */
  ordinal: number;
}

/** So many parameters a statement at most: SQLite's own limit is far higher, but long statements are slow to prepare. */
const ROWS_PER_STATEMENT = 100;

/** The engine's rows for one consumer: inbox, failures, parked lanes. */
export class DeliveryRecords {
  /** `epoch`: of the lease under which the consumer runs; who was superseded writes nothing more. */
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly epoch?: number,
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
      await this.checkEpoch(tx);
    });
  }

  /** What is known of messages; what has no row is not in the answer. */
  async lookUp(refs: readonly ItemRef[]): Promise<Map<string, ItemMemory>> {
    const memory = new Map<string, ItemMemory>();
    for (const [scope, sequences] of groupBySequence(refs)) {
      const where = `consumer = ? AND stream = ? AND incarnation = ? AND sequence IN (${marks(sequences.length)})`;
      const key = [this.consumer, scope.stream, scope.incarnation, ...sequences];
      const done = await this.store.read<{ sequence: number }>(
        `SELECT sequence FROM delivery_inbox WHERE ${where}`,
        key,
      );
      const failed = await this.store.read<{ sequence: number; attempts: number; history: string }>(
        `SELECT sequence, attempts, history FROM delivery_failures WHERE ${where}`,
        key,
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
  async recordDone(refs: readonly ItemRef[], failed: readonly ItemRef[], nowMs: number): Promise<void> {
    await this.write(async (tx) => {
      await this.insertDone(tx, refs, nowMs);
      for (const ref of failed) await this.deleteFrom(tx, 'delivery_failures', ref);
    });
  }

  async forgetFailures(refs: readonly ItemRef[]): Promise<void> {
    await this.write(async (tx) => {
      for (const ref of refs) await this.deleteFrom(tx, 'delivery_failures', ref);
    });
  }

  async recordFailures(
    failures: readonly { ref: ItemRef; attempts: number; history: readonly Attempt[] }[],
  ): Promise<void> {
    await this.write(async (tx) => {
      for (const { ref, attempts, history } of failures) {
        await tx.run(
          `INSERT INTO delivery_failures (consumer, stream, incarnation, sequence, attempts, history) VALUES (${marks(6)})
           ON CONFLICT (consumer, stream, incarnation, sequence) DO UPDATE SET attempts = excluded.attempts, history = excluded.history`,
          [...this.key(ref), attempts, JSON.stringify(history)],
        );
      }
    });
  }

  async listParkedLanes(): Promise<{ lane: string; dueMs: number; count: number }[]> {
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

  /** Adds to parked lanes. Returns how many were not there yet. `dueMs` only counts where the lane is new. */
  async park(items: readonly (ParkedItem & { lane: string; dueMs: number })[]): Promise<number> {
    return this.write(async (tx) => {
      let added = 0;
      for (const { ref, lane, ordinal, subject } of items) {
        added += await tx.run(
          `INSERT INTO delivery_parked (consumer, stream, incarnation, sequence, lane, ordinal, subject)
           VALUES (${marks(7)}) ON CONFLICT DO NOTHING`,
          [...this.key(ref), lane, ordinal, subject],
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
  async listParkedAmong(refs: readonly ItemRef[]): Promise<Set<string>> {
    const keys = new Set<string>();
    for (const [scope, sequences] of groupBySequence(refs)) {
      const rows = await this.store.read<{ sequence: number }>(
        `SELECT sequence FROM delivery_parked
         WHERE consumer = ? AND stream = ? AND incarnation = ? AND sequence IN (${marks(sequences.length)})`,
        [this.consumer, scope.stream, scope.incarnation, ...sequences],
      );
      for (const { sequence } of rows) keys.add(keyOf({ ...scope, sequence }));
    }
    return keys;
  }

  async readParked(lane: string, limit: number): Promise<ParkedItem[]> {
    const rows = await this.store.read<ItemRef & Omit<ParkedItem, 'ref'>>(
      `SELECT stream, incarnation, sequence, subject, ordinal FROM delivery_parked
       WHERE consumer = ? AND lane = ? ORDER BY ordinal LIMIT ?`,
      [this.consumer, lane, limit],
    );
    return rows.map(({ subject, ordinal, ...ref }) => ({ ref, subject, ordinal }));
  }

  /** Takes messages out of the parked table and, with `remember`, into the inbox: in one transaction. */
  async settleParked(refs: readonly ItemRef[], remember: boolean, nowMs: number): Promise<void> {
    await this.write(async (tx) => {
      if (remember) await this.insertDone(tx, refs, nowMs);
      for (const ref of refs) {
        await this.deleteFrom(tx, 'delivery_parked', ref);
        await this.deleteFrom(tx, 'delivery_failures', ref);
      }
    });
  }

  async postponeLane(lane: string, dueMs: number): Promise<void> {
    await this.write((tx) =>
      tx.run('UPDATE delivery_parked_lanes SET due_ms = ? WHERE consumer = ? AND lane = ?', [
        dueMs,
        this.consumer,
        lane,
      ]),
    );
  }

  async removeLane(lane: string): Promise<void> {
    await this.write((tx) =>
      tx.run('DELETE FROM delivery_parked_lanes WHERE consumer = ? AND lane = ?', [this.consumer, lane]),
    );
  }

  /** Forgets what no redelivery can bring again: below the ack floor, and done before `beforeMs`. */
  async pruneInbox(below: ItemRef, beforeMs: number): Promise<number> {
    return this.write((tx) =>
      tx.run(
        `DELETE FROM delivery_inbox WHERE consumer = ? AND stream = ? AND incarnation = ? AND sequence < ? AND done_at_ms < ?`,
        [...this.key(below), beforeMs],
      ),
    );
  }

  private write<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.store.write(async (tx) => {
      if (this.epoch !== undefined) await this.checkEpoch(tx);
      return work(tx);
    });
  }

  /** An update, so that on PostgreSQL the row stays locked until the commit. */
  private async checkEpoch(tx: Transaction): Promise<void> {
    const own = [this.consumer, this.epoch!];
    const count = await tx.run('UPDATE delivery_epochs SET epoch = epoch WHERE consumer = ? AND epoch = ?', own);
    if (count !== 1) throw new Error(`${this.consumer}: another process has taken over`);
  }

  private async insertDone(tx: Transaction, refs: readonly ItemRef[], nowMs: number): Promise<void> {
    for (let start = 0; start < refs.length; start += ROWS_PER_STATEMENT) {
      const rows = refs.slice(start, start + ROWS_PER_STATEMENT);
      await tx.run(
        `INSERT INTO delivery_inbox (consumer, stream, incarnation, sequence, done_at_ms)
         VALUES ${rows.map(() => `(${marks(5)})`).join(', ')} ON CONFLICT DO NOTHING`,
        rows.flatMap((ref) => [...this.key(ref), nowMs]),
      );
    }
  }

  private async deleteFrom(tx: Transaction, table: string, ref: ItemRef): Promise<void> {
    await tx.run(
      `DELETE FROM ${table} WHERE consumer = ? AND stream = ? AND incarnation = ? AND sequence = ?`,
      this.key(ref),
    );
  }

  private key(ref: ItemRef): Value[] {
    return [this.consumer, ref.stream, ref.incarnation, ref.sequence];
  }
}

export function keyOf(ref: ItemRef): string {
  return `${ref.stream}:${ref.incarnation}:${ref.sequence}`;
}

function marks(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}

function* groupBySequence(refs: readonly ItemRef[]): Generator<[Omit<ItemRef, 'sequence'>, number[]]> {
  const groups = new Map<string, ItemRef[]>();
  for (const ref of refs) {
    const scope = `${ref.stream}:${ref.incarnation}`;
    const group = groups.get(scope);
    if (group) group.push(ref);
    else groups.set(scope, [ref]);
  }
  for (const group of groups.values()) {
    const { stream, incarnation } = group[0]!;
    for (let start = 0; start < group.length; start += ROWS_PER_STATEMENT) {
      yield [{ stream, incarnation }, group.slice(start, start + ROWS_PER_STATEMENT).map((ref) => ref.sequence)];
    }
  }
}
