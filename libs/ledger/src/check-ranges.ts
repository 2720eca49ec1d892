import { digestMark } from '@crm-mesh/contract';
import type { Store, Transaction } from '@crm-mesh/store';
import type { RowsTable } from './ledger-rows.js';
import { nameRanges, readRangeMarks, WHERE_SCOPE } from './range-rows.js';
import type { ScopeTokens } from './row-keys.js';

interface RangeRow {
  from_key: string;
  records: number | string;
  digest: number | string;
}

/** So many ranges are read while nothing else may be written. */
const RANGES_AT_ONCE = 16;

/** Names the ranges that do not say what their rows come to: `<tenant>.<connection>.<entity> from <place>`. */
export async function findWrongRanges(store: Store, table: RowsTable = 'ledger'): Promise<string[]> {
  const wrong: string[] = [];
  const scopes = await store.read<Record<'tenant' | 'connection' | 'entity', string>>(
    `SELECT DISTINCT tenant, connection, entity FROM ${table} UNION SELECT tenant, connection, entity FROM ${nameRanges(table)}`,
  );
  for (const { tenant, connection, entity } of scopes) {
    let from: string | undefined = '';
    while (from !== undefined)
      from = await store.write((transaction) =>
        checkSome(transaction, { table, scope: [tenant, connection, entity], from: from!, wrong }),
      );
  }
  return wrong;
}

interface Check {
  table: RowsTable;
  scope: ScopeTokens;
  from: string;
  wrong: string[];
}

/** Resolves to where to go on. */
async function checkSome(transaction: Transaction, { table, scope, from, wrong }: Check): Promise<string | undefined> {
  // Whoever writes rows comes here first.
  await transaction.run('UPDATE ledger_state SET revision = revision WHERE name = ?', [table]);
  const ranges = await transaction.all<RangeRow>(
    `SELECT from_key, records, digest FROM ${nameRanges(table)} WHERE ${WHERE_SCOPE} AND from_key >= ? ` +
      `ORDER BY from_key LIMIT ${RANGES_AT_ONCE + 1}`,
    [...scope, from],
  );
  const [first] = ranges;
  if (from === '' && first?.from_key !== '') wrong.push(`${scope.join('.')} from the first`);
  for (const [index, { from_key: start, records, digest }] of ranges.slice(0, RANGES_AT_ONCE).entries()) {
    const sum = await addUp(transaction, { table, scope, from: start, to: ranges[index + 1]?.from_key });
    if (sum.records !== Number(records) || sum.digest !== Number(digest))
      wrong.push(`${scope.join('.')} from ${start}`);
  }
  return ranges[RANGES_AT_ONCE]?.from_key;
}

async function addUp(
  transaction: Transaction,
  { table, scope, from, to }: Omit<Check, 'wrong'> & { to: string | undefined },
): Promise<{ records: number; digest: number }> {
  let [records, digest] = [0, 0];
  for await (const marks of readRangeMarks(transaction, scope, { from, to }, table)) {
    records += marks.length;
    for (const { place, version } of marks) digest += digestMark(place, version);
  }
  return { records, digest };
}
