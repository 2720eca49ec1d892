import type { PollPage, PollRequest, SourceContext, SourcePoll } from '@crm-mesh/sdk';
import type { SalesforceConfig } from './config.js';
import { joinLines } from './fetch-records.js';
import { toId18 } from './ids.js';
import { tellGone } from './merges.js';
import { withFields } from './metadata.js';
import { configuredObjectsOf, listEntities } from './objects.js';
import { query, type Row } from './query.js';
import { readDeleted, RETENTION_MS } from './read-deleted.js';
import { draftRow } from './row-draft.js';
import { toSoqlTime } from './soql-time.js';

type Context = SourceContext<SalesforceConfig>;

/** What one answer holds at most. */
const PAGE_SIZE = 2_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Where a window's next page begins: in an object's rows (after one of them), or at what was deleted of it. */
interface Cursor {
  object: string;
  part: 'rows' | 'deleted';
  after?: { modstamp: string; id: string };
}

/** Rows by `SystemModstamp` and `Id`, then what was deleted. Of an entity of two objects, one after the other. */
export const pollSalesforce: SourcePoll<SalesforceConfig> = {
  entities: listEntities,
  // A long transaction commits rows that bear older times than others which were seen already.
  overlapMs: 10 * MINUTE_MS,
  longestWindowMs: 14 * DAY_MS,
  retentionMs: RETENTION_MS,
  page: pollPage,
};

async function pollPage(request: PollRequest, context: Context): Promise<PollPage> {
  const objects = configuredObjectsOf(request.entity, context.config);
  if (objects.length === 0) return { drafts: [] };
  const first: Cursor = { object: objects[0]!, part: 'rows' };
  const cursor = request.cursor === undefined ? first : (JSON.parse(request.cursor) as Cursor);
  if (cursor.part === 'rows') return pollRows(cursor, request, context);
  const next = objects[objects.indexOf(cursor.object) + 1];
  const { gone, coveredToMs } = await readDeleted(cursor.object, request, context);
  return {
    drafts: await tellGone(cursor.object, gone, context),
    ...(coveredToMs < request.toMs && { coveredToMs }),
    ...(next !== undefined && { cursor: writeCursor({ object: next, part: 'rows' }) }),
  };
}

const writeCursor = (cursor: Cursor): string => JSON.stringify(cursor);

async function pollRows({ object, after }: Cursor, { fromMs, toMs }: PollRequest, context: Context): Promise<PollPage> {
  const rest = after
    ? `((SystemModstamp = ${after.modstamp} AND Id > '${after.id}') OR SystemModstamp > ${after.modstamp})`
    : `SystemModstamp >= ${toSoqlTime(fromMs)}`;
  const where = `${rest} AND SystemModstamp <= ${toSoqlTime(toMs)}`;
  const { records } = await withFields(object, context, (fields) =>
    query(
      `SELECT ${fields.join(', ')} FROM ${object} WHERE ${where} ORDER BY SystemModstamp, Id LIMIT ${PAGE_SIZE}`,
      context,
    ),
  );
  const rows = await joinLines(object, records, context);
  const last = records.length < PAGE_SIZE ? undefined : readPosition(records.at(-1)!);
  return {
    drafts: rows.map((row) => draftRow(object, row, true)),
    cursor: writeCursor(last ? { object, part: 'rows', after: last } : { object, part: 'deleted' }),
  };
}

function readPosition({ Id, SystemModstamp }: Row): NonNullable<Cursor['after']> {
  return { modstamp: toSoqlTime(Date.parse(String(SystemModstamp))), id: toId18(Id) ?? '' };
}
