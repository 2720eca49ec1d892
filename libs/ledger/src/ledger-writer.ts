import type { RecordKey } from '@crm-mesh/contract';
import type { Store, Transaction } from '@crm-mesh/store';
import type { StoredEntry } from './ledger-entry.js';
import {
  deleteEntry,
  readStoredMarks,
  supersedes,
  upsertEntries,
  type RowsTable,
  type StoredMark,
} from './ledger-rows.js';
import { raiseRevision } from './ledger-state.js';
import { RangeKeeper, type MarkChange } from './range-keeper.js';
import { nameRanges, WHERE_SCOPE } from './range-rows.js';
import { keyValues, nameKey, type ScopeTokens } from './row-keys.js';

/**
 * Writes rows and, in the same transaction, the digests of their ranges: by the difference between the row that lies there
 * and the one that replaces it. It looks at the rows that lie there, and believes no memory: another process, that led before,
 * may have written them.
 */
export class LedgerWriter {
  readonly #ranges: RangeKeeper;
  /** As we have left the table; undefined: what became of the last transaction is not known. */
  #revision: number | undefined;

  constructor(
    private readonly store: Store,
    private readonly table: RowsTable = 'ledger',
    /** Only the benchmark leaves them out, to see what they cost. */
    private readonly keepsRanges = true,
  ) {
    this.#ranges = new RangeKeeper(table);
  }

  /** One transaction; one at a time of all processes. Resolves to whether another has written since our last one. */
  async write(work: (transaction: Transaction) => Promise<void>): Promise<boolean> {
    const last = this.#revision;
    this.#revision = undefined;
    const revision = await this.store.write(async (transaction) => {
      const raised = await raiseRevision(transaction, this.table);
      if (raised - 1 !== last) this.#ranges.forget();
      if (raised === 1 && this.keepsRanges) await this.#fill(transaction);
      await work(transaction);
      return raised;
    });
    this.#revision = revision;
    return revision - 1 !== last;
  }

  async put(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    if (!this.keepsRanges) return void (await upsertEntries(transaction, entries, this.table));
    const keys = entries.map(({ key }) => key);
    const stored = await readStoredMarks(transaction, keys, this.table);
    const fresh = entries.filter((entry) => supersedes(entry, stored.get(nameKey(entry.key))));
    const taken = await upsertEntries(transaction, fresh, this.table);
    if (taken !== fresh.length) throw new Error(`${this.table} took ${taken} rows of ${fresh.length}`);
    await this.#ranges.apply(
      transaction,
      fresh.map((entry) => describeChange(entry.key, stored.get(nameKey(entry.key)), entry)),
    );
  }

  async remove(transaction: Transaction, key: RecordKey): Promise<void> {
    const stored = await readStoredMarks(transaction, [key], this.table);
    await deleteEntry(transaction, key, this.table);
    await this.#ranges.apply(transaction, [describeChange(key, stored.get(nameKey(key)), undefined)]);
  }

  /** Rows that were written before there were ranges. */
  async #fill(transaction: Transaction): Promise<void> {
    const rows = await transaction.all<Record<'tenant' | 'connection' | 'entity', string>>(
      `SELECT DISTINCT tenant, connection, entity FROM ${this.table}`,
    );
    for (const { tenant, connection, entity } of rows) {
      const scope: ScopeTokens = [tenant, connection, entity];
      await transaction.run(`DELETE FROM ${nameRanges(this.table)} WHERE ${WHERE_SCOPE}`, scope);
      await this.#ranges.fill(transaction, scope);
    }
  }
}

type Mark = Pick<StoredMark, 'version' | 'state'>;

function describeChange(key: RecordKey, before: Mark | undefined, after: Mark | undefined): MarkChange {
  const [tenant, connection, entity, place] = keyValues(key);
  return { scope: [tenant, connection, entity], place, before: readMark(before), after: readMark(after) };
}

/** What counts is there, and was told. */
function readMark(row: Mark | undefined): number | undefined {
  return row && row.state === 'present' && row.version > 0 ? row.version : undefined;
}
