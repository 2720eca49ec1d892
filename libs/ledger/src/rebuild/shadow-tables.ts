import type { Store, Transaction } from '@crm-mesh/store';
import { savePosition } from '../ledger-rows.js';
import { raiseRevision } from '../ledger-state.js';
import { KEY } from '../row-keys.js';
import type { LogPart } from './rebuild-state.js';

/** Deleting a million rows at once would keep everybody waiting. */
const DELETED_AT_ONCE = 2_000;
const COLUMNS = { ledger_shadow: KEY, ledger_ranges_shadow: ['tenant', 'connection', 'entity', 'from_key'] };
const PAIRS = [
  ['ledger', 'ledger_shadow'],
  ['ledger_ranges', 'ledger_ranges_shadow'],
] as const;

/** The ledger that is built beside the one that is used, and the one that was used before. */
export async function emptyShadow(store: Store, signal: AbortSignal): Promise<void> {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const names = columns.join(', ');
    const some = `DELETE FROM ${table} WHERE (${names}) IN (SELECT ${names} FROM ${table} LIMIT ${DELETED_AT_ONCE})`;
    let deleted = DELETED_AT_ONCE;
    while (deleted > 0) {
      signal.throwIfAborted();
      deleted = await store.write(async (transaction) => {
        // Whoever keeps its ranges in memory is to read them again.
        await raiseRevision(transaction, 'ledger_shadow');
        return transaction.run(some);
      });
    }
  }
}

export async function countShadow(store: Store): Promise<number> {
  const [row] = await store.read<{ rows: number | string }>('SELECT count(*) AS rows FROM ledger_shadow');
  return Number(row!.rows);
}

/** Both by their names, so that it takes no time however many rows there are. */
export async function swapTables(transaction: Transaction, { incarnation, position }: LogPart): Promise<void> {
  // Before the tables are locked: who writes comes here first. What is kept in memory of either is to be read again.
  await raiseRevision(transaction, 'ledger');
  await raiseRevision(transaction, 'ledger_shadow');
  for (const [used, shadow] of PAIRS) {
    await transaction.run(`ALTER TABLE ${used} RENAME TO ledger_former`);
    await transaction.run(`ALTER TABLE ${shadow} RENAME TO ${used}`);
    await transaction.run(`ALTER TABLE ledger_former RENAME TO ${shadow}`);
  }
  await savePosition(transaction, incarnation, position);
}
