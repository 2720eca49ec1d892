import type { Transaction, Value } from '@crm-mesh/store';

/** One message of one stream, for ever. */
export interface ItemRef {
  stream: string;
  incarnation: string;
  sequence: number;
}

type Scope = Omit<ItemRef, 'sequence'>;

/** So many parameters a statement at most: SQLite's own limit is far higher, but long statements are slow to prepare. */
const ROWS_PER_STATEMENT = 100;

/** The columns that name a message, in this order, in every table of the engine. */
export function columnsOf(consumer: string, ref: ItemRef): Value[] {
  return [consumer, ref.stream, ref.incarnation, ref.sequence];
}

export function keyOf(ref: ItemRef): string {
  return `${ref.stream}:${ref.incarnation}:${ref.sequence}`;
}

export function marks(count: number): string {
  return Array.from({ length: count }, () => '?').join(', ');
}

/** Statements that find many messages: the condition of each, its parameters, and the stream that it is about. */
export function* findItems(
  consumer: string,
  refs: readonly ItemRef[],
): Generator<{ scope: Scope; where: string; parameters: Value[] }> {
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
      const sequences = group.slice(start, start + ROWS_PER_STATEMENT).map((ref) => ref.sequence);
      const where = `consumer = ? AND stream = ? AND incarnation = ? AND sequence IN (${marks(sequences.length)})`;
      yield { scope: { stream, incarnation }, where, parameters: [consumer, stream, incarnation, ...sequences] };
    }
  }
}

/** Into the inbox. */
export async function insertDone(
  tx: Transaction,
  consumer: string,
  refs: readonly ItemRef[],
  nowMs: number,
): Promise<void> {
  for (let start = 0; start < refs.length; start += ROWS_PER_STATEMENT) {
    const rows = refs.slice(start, start + ROWS_PER_STATEMENT);
    await tx.run(
      `INSERT INTO delivery_inbox (consumer, stream, incarnation, sequence, done_at_ms)
       VALUES ${rows.map(() => `(${marks(5)})`).join(', ')} ON CONFLICT DO NOTHING`,
      rows.flatMap((ref) => [...columnsOf(consumer, ref), nowMs]),
    );
  }
}

export async function deleteItem(
  tx: Transaction,
  table: 'delivery_failures' | 'delivery_holds' | 'delivery_parked' | 'delivery_suspects',
  consumer: string,
  ref: ItemRef,
): Promise<void> {
  await tx.run(
    `DELETE FROM ${table} WHERE consumer = ? AND stream = ? AND incarnation = ? AND sequence = ?`,
    columnsOf(consumer, ref),
  );
}
