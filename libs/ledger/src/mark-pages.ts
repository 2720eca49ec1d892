import { escapeToken, unescapeToken, type EntityScope, type PageAnswer, type PlaceRange } from '@crm-mesh/contract';
import type { Store } from '@crm-mesh/store';
import { COUNTS, WHERE_SCOPE } from './range-rows.js';
import type { ScopeTokens } from './row-keys.js';

/** Number and digest of the records of one range of places; at most 512, so that the sum is an exact number. */
export interface KeyRange extends PlaceRange {
  records: number;
  digest: number;
}

/** Records of a range in the order of their places, in one text: equal pages are equal texts. */
export interface PackedMarks extends PageAnswer {
  records: number;
}

const tokensOf = ({ tenant, connection, entity }: EntityScope): ScopeTokens => [
  escapeToken(tenant),
  escapeToken(connection),
  escapeToken(entity),
];

/** All ranges of an entity, from the first place to the last; none where no record was ever told of. */
export async function readRanges(store: Store, scope: EntityScope): Promise<KeyRange[]> {
  const rows = await store.read<{ from_key: string; records: number | string; digest: number | string }>(
    `SELECT from_key, records, digest FROM ledger_ranges WHERE ${WHERE_SCOPE} ORDER BY from_key`,
    tokensOf(scope),
  );
  return rows.map(({ from_key: from, records, digest }, index) => {
    const to = rows[index + 1]?.from_key;
    return { from, ...(to !== undefined && { to }), records: Number(records), digest: Number(digest) };
  });
}

/** The text is made by the database: a page costs no row here. */
export async function readMarks(
  store: Store,
  { from, to, limit, ...scope }: EntityScope & PlaceRange & { limit: number },
): Promise<PackedMarks> {
  const [row] = await store.read<{ packed: string | null; records: number | string; last: string | null }>(
    to === undefined ? writePage('') : writePage(' AND id < ?'),
    [...tokensOf(scope), from, ...(to === undefined ? [] : [to]), limit],
  );
  const records = Number(row!.records);
  const isFull = records >= limit && row!.last !== null;
  return { packed: row!.packed ?? '', records, ...(isFull && { after: row!.last! }) };
}

// The subquery is sorted, and both databases add up in the order in which rows come.
const writePage = (end: string): string =>
  `SELECT count(*) AS records, max(id) AS last, string_agg(id || '\t' || version, '\n') AS packed FROM ` +
  `(SELECT id, version FROM ledger WHERE ${WHERE_SCOPE} AND id >= ?${end} AND ${COUNTS} ORDER BY id LIMIT ?) AS page`;

/** Of which records were told. */
export async function listEntities(store: Store): Promise<EntityScope[]> {
  const rows = await store.read<EntityScope>(
    "SELECT tenant, connection, entity FROM ledger_ranges WHERE from_key = '' ORDER BY tenant, connection, entity",
  );
  return rows.map(({ tenant, connection, entity }) => ({
    tenant: unescapeToken(tenant),
    connection: unescapeToken(connection),
    entity: unescapeToken(entity),
  }));
}
