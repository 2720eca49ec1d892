import { createHash } from 'node:crypto';
import { MeshError } from '@crm-mesh/contract';
import type { OutboxFill } from '@crm-mesh/control';
import type { OutgoingMessage } from '@crm-mesh/jetstream';
import { GroupCommit, type Store, type Value } from '@crm-mesh/store';

export interface OutboxBounds {
  maxMessages: number;
  maxBytes: number;
}

/** A notification that waits for JetStream. */
export interface OutboxRow {
  key: string;
  message: OutgoingMessage & { payload: Uint8Array };
  sizeBytes: number;
}

interface Batch {
  rows: OutboxRow[];
  takenMs: number;
}

export const NOTIFICATION_HEADERS = { 'content-type': 'application/json' };

// SQLite takes 32,766 parameters a statement; long statements are slow to prepare.
const ROWS_PER_STATEMENT = 100;
const COLUMNS = 7;

/**
 * Notifications that were answered 2xx while JetStream did not take them. A batch is taken whole or not at all; batches
 * that come at the same time share a commit.
 */
export class Outbox {
  readonly #commits: GroupCommit<Batch>;
  /** Committed, as far as we know. */
  #stored: OutboxFill = { messages: 0, bytes: 0 };
  /** Being committed. */
  #arriving: OutboxFill = { messages: 0, bytes: 0 };
  #onTaken: () => void = () => undefined;

  private constructor(
    private readonly store: Store,
    private readonly bounds: OutboxBounds,
  ) {
    this.#commits = new GroupCommit((batches) => this.#commit(batches));
  }

  static async open(store: Store, bounds: OutboxBounds): Promise<Outbox> {
    const outbox = new Outbox(store, bounds);
    await outbox.recount();
    return outbox;
  }

  /** What waits, batches that are being committed included. */
  get fill(): OutboxFill {
    return add(this.#stored, this.#arriving);
  }

  get isFull(): boolean {
    return this.#exceeds(add(this.fill, { messages: 1, bytes: 0 }));
  }

  /** Called whenever something was taken. */
  set onTaken(listener: () => void) {
    this.#onTaken = listener;
  }

  /** Resolves when all of them are committed. Rejects, with nothing kept, with MESH_OUTBOX_FULL or the store's error. */
  async take(messages: readonly OutgoingMessage[], takenMs: number): Promise<void> {
    const rows = messages.map(toRow);
    const size = measure(rows);
    if (this.#exceeds(add(this.fill, size))) {
      const what = `The outbox holds ${this.fill.messages} notifications (${this.fill.bytes} bytes) and takes no more.`;
      throw new MeshError('MESH_OUTBOX_FULL', what);
    }
    this.#arriving = add(this.#arriving, size);
    try {
      await this.#commits.add({ rows, takenMs });
      this.#stored = add(this.#stored, size);
    } finally {
      this.#arriving = subtract(this.#arriving, size);
    }
    this.#onTaken();
  }

  /** The oldest that are due. */
  async readDue(limit: number, nowMs: number): Promise<OutboxRow[]> {
    const rows = await this.store.read<Row>(
      `SELECT message_key, message_id, subject, payload, size_bytes FROM publisher_outbox
       WHERE due_ms <= ? ORDER BY due_ms LIMIT ?`,
      [nowMs, limit],
    );
    return rows.map(fromRow);
  }

  /** They are in their stream. */
  async remove(rows: readonly OutboxRow[]): Promise<void> {
    await this.#forEach(rows, (marks) => `DELETE FROM publisher_outbox WHERE message_key IN (${marks})`, []);
    this.#stored = subtract(this.#stored, measure(rows));
  }

  /** They cannot be stored now; the others go first. */
  async postpone(rows: readonly OutboxRow[], dueMs: number): Promise<void> {
    await this.#forEach(rows, (marks) => `UPDATE publisher_outbox SET due_ms = ? WHERE message_key IN (${marks})`, [
      dueMs,
    ]);
  }

  /** Several publishers may share a database, and what is sent twice is kept once: what counts is what lies there. */
  async recount(): Promise<void> {
    const [row] = await this.store.read<{ messages: number | string; bytes: number | string }>(
      'SELECT COUNT(*) AS messages, COALESCE(SUM(size_bytes), 0) AS bytes FROM publisher_outbox',
    );
    this.#stored = { messages: Number(row!.messages), bytes: Number(row!.bytes) };
  }

  #exceeds({ messages, bytes }: OutboxFill): boolean {
    return messages > this.bounds.maxMessages || bytes > this.bounds.maxBytes;
  }

  async #commit(batches: Batch[]): Promise<void> {
    const values = batches.flatMap(({ rows, takenMs }) => rows.map((row) => toValues(row, takenMs)));
    await this.store.write(async (tx) => {
      for (let start = 0; start < values.length; start += ROWS_PER_STATEMENT) {
        const part = values.slice(start, start + ROWS_PER_STATEMENT);
        const places = part.map(() => `(${'?, '.repeat(COLUMNS - 1)}?)`).join(', ');
        await tx.run(
          `INSERT INTO publisher_outbox (message_key, message_id, subject, payload, size_bytes, taken_ms, due_ms)
           VALUES ${places} ON CONFLICT DO NOTHING`,
          part.flat(),
        );
      }
    });
  }

  async #forEach(rows: readonly OutboxRow[], sqlOf: (marks: string) => string, before: Value[]): Promise<void> {
    const keys = rows.map(({ key }) => key);
    await this.store.write(async (tx) => {
      for (let start = 0; start < keys.length; start += ROWS_PER_STATEMENT) {
        const part = keys.slice(start, start + ROWS_PER_STATEMENT);
        await tx.run(sqlOf(part.map(() => '?').join(', ')), [...before, ...part]);
      }
    });
  }
}

interface Row {
  message_key: string;
  message_id: string;
  subject: string;
  payload: Uint8Array;
  size_bytes: number;
}

function toRow(message: OutgoingMessage): OutboxRow {
  const payload = typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload;
  return {
    key: createHash('sha256').update(message.messageId).digest('hex'),
    message: { ...message, payload },
    sizeBytes: payload.length + message.subject.length + message.messageId.length,
  };
}

function fromRow(row: Row): OutboxRow {
  const { message_key: key, message_id: messageId, subject, payload, size_bytes: sizeBytes } = row;
  return { key, message: { subject, messageId, payload, headers: NOTIFICATION_HEADERS }, sizeBytes };
}

function toValues({ key, message, sizeBytes }: OutboxRow, takenMs: number): Value[] {
  return [key, message.messageId, message.subject, message.payload, sizeBytes, takenMs, takenMs];
}

function measure(rows: readonly OutboxRow[]): OutboxFill {
  return { messages: rows.length, bytes: rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

function add(a: OutboxFill, b: OutboxFill): OutboxFill {
  return { messages: a.messages + b.messages, bytes: a.bytes + b.bytes };
}

function subtract(a: OutboxFill, b: OutboxFill): OutboxFill {
  return { messages: Math.max(0, a.messages - b.messages), bytes: Math.max(0, a.bytes - b.bytes) };
}
