import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  EDITED_SUFFIX,
  type DigestsAnswer,
  type DigestsQuestion,
  type EntityScope,
  type PageAnswer,
  type PageQuestion,
  type PlaceRange,
  type RangeDigest,
} from '@crm-mesh/contract';
import type { SinkReader } from '../sink/sink-transaction.js';
import { andHeld, STAMP_COLUMNS, type CheckedTable } from './table-columns.js';

const { place: PLACE, digest: DIGEST } = STAMP_COLUMNS;
/** Behind every place. */
const END = '\u007F';
/** SQLite keeps the thread while it adds up: so many ranges of some hundred rows in one go, about 10 ms. */
const RANGES_AT_ONCE = 100;

/** What the two databases say differently. */
const SAY = {
  sqlite: { place: PLACE, text: 'TEXT', join: (what: string) => `group_concat(${what}, char(10))`, tab: 'char(9)' },
  postgres: {
    place: `${PLACE} COLLATE "C"`,
    text: 'text',
    join: (what: string) => `string_agg(${what}, chr(10))`,
    tab: 'chr(9)',
  },
};

interface PackedRow {
  packed: string | null;
  records: number | string;
  last: string | null;
}

/** The database packs the page: no row of it comes here. */
export async function readTablePage(
  table: CheckedTable,
  question: PageQuestion,
  sink: SinkReader,
): Promise<PageAnswer> {
  const { from, to = END, limit } = question;
  const rows = selectRows(table, sink.dialect);
  const page = await pack(
    sink,
    table,
    `${rows} AND ${SAY[sink.dialect].place} >= ? AND ${SAY[sink.dialect].place} < ?
     ORDER BY ${SAY[sink.dialect].place}, ${table.version}, ${DIGEST} LIMIT ?`,
    [...scopeOf(question), from, to, limit],
  );
  if (page.last === null || Number(page.records) < limit) return { packed: page.packed ?? '' };
  return { packed: await completeTwins(table, question, { sink, page }), after: page.last };
}

/** A record that lies there twice must not be cut in two by the end of a page. */
async function completeTwins(
  table: CheckedTable,
  question: PageQuestion,
  { sink, page }: { sink: SinkReader; page: PackedRow },
): Promise<string> {
  const { place } = SAY[sink.dialect];
  const twins = await pack(
    sink,
    table,
    `${selectRows(table, sink.dialect)} AND ${place} = ? ORDER BY ${table.version}, ${DIGEST}`,
    [...scopeOf(question), page.last!],
  );
  const lines = `\n${page.packed!}`;
  const before = lines.slice(1, lines.indexOf(`\n${page.last!}\t`));
  return before === '' ? twins.packed! : `${before}\n${twins.packed!}`;
}

// oxlint-disable-next-line max-params -- where, what and with which values
async function pack(
  sink: SinkReader,
  { version }: CheckedTable,
  rows: string,
  values: (string | number)[],
): Promise<PackedRow> {
  const { join, tab, text } = SAY[sink.dialect];
  const mark = `CAST(${version} AS ${text}) || CASE WHEN ${DIGEST} >= 0 THEN '' ELSE '${EDITED_SUFFIX}' END`;
  // The subquery is sorted, and both databases add up in the order in which rows come.
  const [row] = await sink.all<PackedRow>(
    `SELECT ${join(`${PLACE} || ${tab} || ${mark}`)} AS packed, count(*) AS records, max(${SAY[sink.dialect].place}) AS last
     FROM (${rows}) AS page`,
    values,
  );
  return row!;
}

function selectRows(table: CheckedTable, dialect: SinkReader['dialect']): string {
  const { table: name, tenant, connection, version } = table;
  return `SELECT ${SAY[dialect].place} AS ${PLACE}, ${version}, ${DIGEST} FROM ${name}
    WHERE ${tenant} = ? AND ${connection} = ?${andHeld(table)}`;
}

/** From the index alone. */
export async function readTableDigests(
  table: CheckedTable,
  question: DigestsQuestion,
  sink: SinkReader,
): Promise<DigestsAnswer> {
  const { ranges } = question;
  const step = sink.dialect === 'sqlite' ? RANGES_AT_ONCE : Math.max(1, ranges.length);
  const digests: RangeDigest[] = [];
  for (let start = 0; start < ranges.length; start += step) {
    if (start > 0) await nextTurn();
    digests.push(...(await addUp(table, question, { sink, ranges: ranges.slice(start, start + step) })));
  }
  return { digests };
}

async function addUp(
  table: CheckedTable,
  scope: EntityScope,
  { sink, ranges }: { sink: SinkReader; ranges: readonly PlaceRange[] },
): Promise<RangeDigest[]> {
  const { table: name, tenant, connection } = table;
  const bounds = JSON.stringify(ranges.map(({ from, to = END }) => [from, to]));
  const where = (from: string, to: string): string =>
    `FROM ${name} WHERE ${tenant} = ? AND ${connection} = ?${andHeld(table)}
     AND ${SAY[sink.dialect].place} >= ${from} AND ${SAY[sink.dialect].place} < ${to}`;
  const sums = {
    sqlite: `SELECT (SELECT count(*) || ' ' || coalesce(sum(${DIGEST}), 0)
      ${where("json_extract(r.value, '$[0]')", "json_extract(r.value, '$[1]')")}) AS sums FROM json_each(?) AS r ORDER BY r.key`,
    postgres: `SELECT sums FROM json_array_elements(CAST(? AS json)) WITH ORDINALITY AS r(bounds, at) CROSS JOIN LATERAL
      (SELECT count(*) || ' ' || coalesce(sum(${DIGEST}), 0) AS sums
       ${where('(r.bounds->>0) COLLATE "C"', '(r.bounds->>1) COLLATE "C"')}) AS t ORDER BY r.at`,
  };
  // SQLite's statement has the scope before the ranges, PostgreSQL's behind them.
  const values = sink.dialect === 'sqlite' ? [...scopeOf(scope), bounds] : [bounds, ...scopeOf(scope)];
  const rows = await sink.all<{ sums: string }>(sums[sink.dialect], values);
  return rows.map(({ sums: text }) => {
    const [records, digest] = text.split(' ') as [string, string];
    return { records: Number(records), digest };
  });
}

const scopeOf = ({ tenant, connection }: EntityScope): string[] => [tenant, connection];
