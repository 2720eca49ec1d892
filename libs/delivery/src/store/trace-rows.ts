import type { Store } from '@crm-mesh/store';
import type { Attempt } from '../outcome.js';
import { findItems, keyOf, type ItemRef } from './item-rows.js';

/** All that the store knows of one message of one consumer. */
export interface TraceRow {
  doneAtMs?: number;
  attempts?: number;
  history?: Attempt[];
  /** The lane in which it waits. */
  lane?: string;
  receipt?: { json: string; keptAtMs: number };
}

/** Of messages of which nothing is known there is nothing in the answer. */
export async function readTraceRows(
  store: Store,
  consumer: string,
  refs: readonly ItemRef[],
): Promise<Map<string, TraceRow>> {
  const rows = new Map<string, TraceRow>();
  const add = (ref: ItemRef, part: TraceRow): void => {
    rows.set(keyOf(ref), { ...rows.get(keyOf(ref)), ...part });
  };
  for (const { scope, where, parameters } of findItems(consumer, refs)) {
    const read = <Row>(columns: string, table: string): Promise<(Row & { sequence: string | number })[]> =>
      store.read(`SELECT sequence, ${columns} FROM ${table} WHERE ${where}`, parameters);
    for (const row of await read<{ done_at_ms: string | number }>('done_at_ms', 'delivery_inbox'))
      add(refOf(scope, row), { doneAtMs: Number(row.done_at_ms) });
    for (const row of await read<{ attempts: number; history: string }>('attempts, history', 'delivery_failures'))
      add(refOf(scope, row), { attempts: row.attempts, history: JSON.parse(row.history) as Attempt[] });
    for (const row of await read<{ lane: string }>('lane', 'delivery_parked'))
      add(refOf(scope, row), { lane: row.lane });
    for (const row of await read<{ receipt: string; kept_at_ms: string | number }>(
      'receipt, kept_at_ms',
      'delivery_receipts',
    ))
      add(refOf(scope, row), { receipt: { json: row.receipt, keptAtMs: Number(row.kept_at_ms) } });
  }
  return rows;
}

function refOf(scope: Omit<ItemRef, 'sequence'>, { sequence }: { sequence: string | number }): ItemRef {
  return { ...scope, sequence: Number(sequence) };
}

/** A lane that waits in the store. */
export interface ParkedLaneRow {
  /** When its oldest is tried again. */
  dueMs: number;
  /** How many wait in it. */
  waiting: number;
  /** The dead letter that holds it (`order: 'strict'`): in CRM_DEAD. */
  heldBy?: number;
}

export async function readParkedLane(store: Store, consumer: string, lane: string): Promise<ParkedLaneRow | undefined> {
  const [row] = await store.read<{ dueMs: string | number; waiting: string | number; heldBy: string | number | null }>(
    `SELECT l.due_ms AS "dueMs",
       (SELECT COUNT(*) FROM delivery_parked p WHERE p.consumer = l.consumer AND p.lane = l.lane) AS waiting,
       (SELECT MIN(h.letter_sequence) FROM delivery_holds h WHERE h.consumer = l.consumer AND h.lane = l.lane) AS "heldBy"
     FROM delivery_parked_lanes l WHERE l.consumer = ? AND l.lane = ?`,
    [consumer, lane],
  );
  if (!row) return undefined;
  const held = row.heldBy === null ? {} : { heldBy: Number(row.heldBy) };
  return { dueMs: Number(row.dueMs), waiting: Number(row.waiting), ...held };
}
