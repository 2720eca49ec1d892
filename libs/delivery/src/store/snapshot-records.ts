import type { Store } from '@crm-mesh/store';
import { EpochFence } from './epoch-fence.js';

/** How far the first state of a new consumer has come. */
export interface SnapshotProgress {
  /** Of the stream that the consumer follows. */
  incarnation: string;
  /** The sequence that divides what the snapshot tells from what comes live. */
  upTo: number;
  startedAtMs: number;
  /** Behind which record the next page begins; empty: at the first. */
  after: string;
  /** Sequence in CRM_DIRECT of the newest event that was sent; 0: none. */
  lastSent: number;
  phase: 'sending' | 'sent' | 'over';
}

/** PostgreSQL hands out bigint as text. */
type Count = 'upTo' | 'startedAtMs' | 'lastSent';
type Row = Omit<SnapshotProgress, Count> & Record<Count, number | string>;

const COLUMNS =
  'incarnation, up_to AS "upTo", started_at_ms AS "startedAtMs", after_key AS "after", last_sent AS "lastSent", phase';

export class SnapshotRecords {
  constructor(
    private readonly store: Store,
    private readonly consumer: string,
    private readonly fence = new EpochFence(store, consumer),
  ) {}

  async read(): Promise<SnapshotProgress | undefined> {
    const [row] = await this.store.read<Row>(`SELECT ${COLUMNS} FROM delivery_snapshots WHERE consumer = ?`, [
      this.consumer,
    ]);
    if (!row) return undefined;
    const { upTo, startedAtMs, lastSent, ...rest } = row;
    return { ...rest, upTo: Number(upTo), startedAtMs: Number(startedAtMs), lastSent: Number(lastSent) };
  }

  async save({ incarnation, upTo, startedAtMs, after, lastSent, phase }: SnapshotProgress): Promise<void> {
    await this.fence.write((tx) =>
      tx.run(
        `INSERT INTO delivery_snapshots (consumer, incarnation, up_to, started_at_ms, after_key, last_sent, phase)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (consumer) DO UPDATE SET incarnation = excluded.incarnation,
         up_to = excluded.up_to, started_at_ms = excluded.started_at_ms, after_key = excluded.after_key,
         last_sent = excluded.last_sent, phase = excluded.phase`,
        [this.consumer, incarnation, upTo, startedAtMs, after, lastSent, phase],
      ),
    );
  }
}
