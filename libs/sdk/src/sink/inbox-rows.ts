import type { SinkTransaction } from './sink-transaction.js';

/** What a row of the inbox is about. */
export interface InboxItem {
  eventId: string;
  /** Runs though it is done: which telling of the event this is (a replay or redrive with `--again`). */
  again?: string | undefined;
}

const ROWS_PER_STATEMENT = 100;
/** So many rows are forgotten in one transaction, so that handlers do not wait long for it. */
const FORGOTTEN_AT_ONCE = 5_000;
/** Held while the table is made, so that two processes that start at once do not both make it. Any number. */
const TABLE_LOCK = 72_631_905;

export async function createInbox(tx: SinkTransaction): Promise<void> {
  if (tx.dialect === 'postgres') await tx.all('SELECT pg_advisory_xact_lock(?)', [TABLE_LOCK]);
  await tx.run(`CREATE TABLE IF NOT EXISTS mesh_inbox (
    consumer varchar(64) NOT NULL, event_id text NOT NULL, again text NOT NULL, done_at_ms bigint NOT NULL, result text,
    PRIMARY KEY (consumer, event_id))`);
  await tx.run('CREATE INDEX IF NOT EXISTS mesh_inbox_by_time ON mesh_inbox (consumer, done_at_ms)');
}

/**
 * Writes the rows of events, before anything is done for them: who else is at the same event waits for our end. Returns
 * whether each is to run; the others have their row already.
 */
export async function claimRows(
  tx: SinkTransaction,
  consumer: string,
  items: readonly InboxItem[],
  nowMs: number,
): Promise<boolean[]> {
  const fresh = new Set<string>();
  const plain = items.filter(({ again }) => again === undefined);
  for (let start = 0; start < plain.length; start += ROWS_PER_STATEMENT) {
    const rows = plain.slice(start, start + ROWS_PER_STATEMENT);
    const added = await tx.all<{ event_id: string }>(
      `INSERT INTO mesh_inbox (consumer, event_id, again, done_at_ms) VALUES ${rows.map(() => `(?, ?, '', ?)`).join(', ')}
       ON CONFLICT DO NOTHING RETURNING event_id`,
      rows.flatMap(({ eventId }) => [consumer, eventId, nowMs]),
    );
    for (const { event_id } of added) fresh.add(event_id);
  }
  const claims: boolean[] = [];
  // Of the same event twice, the first.
  for (const { eventId, again } of items)
    claims.push(again === undefined ? fresh.delete(eventId) : await claimAgain(tx, [consumer, eventId, again, nowMs]));
  return claims;
}

/** Once for each telling: a crash behind the commit brings the same one back. */
async function claimAgain(tx: SinkTransaction, row: [string, string, string, number]): Promise<boolean> {
  const changed = await tx.run(
    `INSERT INTO mesh_inbox (consumer, event_id, again, done_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT (consumer, event_id)
     DO UPDATE SET again = excluded.again, done_at_ms = excluded.done_at_ms, result = NULL
     WHERE mesh_inbox.again <> excluded.again`,
    row,
  );
  return changed > 0;
}

/** These are not done after all. */
export async function releaseRows(tx: SinkTransaction, consumer: string, eventIds: readonly string[]): Promise<void> {
  for (const eventId of eventIds)
    await tx.run('DELETE FROM mesh_inbox WHERE consumer = ? AND event_id = ?', [consumer, eventId]);
}

export async function keepResult(tx: SinkTransaction, consumer: string, eventId: string, result: string) {
  await tx.run('UPDATE mesh_inbox SET result = ? WHERE consumer = ? AND event_id = ?', [result, consumer, eventId]);
}

export async function readResult(tx: SinkTransaction, consumer: string, eventId: string): Promise<string | undefined> {
  const [row] = await tx.all<{ result: string | null }>(
    'SELECT result FROM mesh_inbox WHERE consumer = ? AND event_id = ?',
    [consumer, eventId],
  );
  return row?.result ?? undefined;
}

/** Which of the events are done. */
export async function listDone(tx: SinkTransaction, consumer: string, eventIds: readonly string[]): Promise<string[]> {
  const done: string[] = [];
  for (let start = 0; start < eventIds.length; start += ROWS_PER_STATEMENT) {
    const some = eventIds.slice(start, start + ROWS_PER_STATEMENT);
    const rows = await tx.all<{ event_id: string }>(
      `SELECT event_id FROM mesh_inbox WHERE consumer = ? AND event_id IN (${some.map(() => '?').join(', ')})`,
      [consumer, ...some],
    );
    for (const { event_id } of rows) done.push(event_id);
  }
  return done;
}

/** Forgets some of what was done before; returns whether there may be more. */
export async function forgetRows(tx: SinkTransaction, consumer: string, beforeMs: number): Promise<boolean> {
  const count = await tx.run(
    `DELETE FROM mesh_inbox WHERE consumer = ? AND event_id IN (SELECT event_id FROM mesh_inbox
     WHERE consumer = ? AND done_at_ms < ? ORDER BY done_at_ms LIMIT ${FORGOTTEN_AT_ONCE})`,
    [consumer, consumer, beforeMs],
  );
  return count === FORGOTTEN_AT_ONCE;
}
