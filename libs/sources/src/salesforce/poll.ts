import { Unavailable, type PollPage, type PollRequest, type SourceContext, type SourcePoll } from '@crm-mesh/sdk';
import { isObject, toIsoTime } from '@crm-mesh/sdk/kit';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';
import { joinLines } from './fetch-records.js';
import { toId18 } from './ids.js';
import { tellGone, type Gone } from './merges.js';
import { withFields } from './metadata.js';
import { configuredObjectsOf, listEntities } from './objects.js';
import { query, type Row } from './query.js';
import { draftRow } from './row-draft.js';

type Context = SourceContext<SalesforceConfig>;

/** What one answer holds at most. */
const PAGE_SIZE = 2_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Deletions are remembered for 15 days. */
const RETENTION_MS = 15 * DAY_MS;

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
  const { drafts, coveredToMs } = await pollDeleted(cursor.object, request, context);
  return {
    drafts,
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

/** Salesforce counts seconds here. */
function toSoqlTime(timeMs: number): string {
  return new Date(Math.floor(timeMs / 1000) * 1000).toISOString();
}

async function pollDeleted(
  object: string,
  { fromMs, toMs }: PollRequest,
  context: Context,
): Promise<{ drafts: PollPage['drafts']; coveredToMs: number }> {
  const { body } = await context.api.request({
    path: dataPath(context.config, `/sobjects/${encodeURIComponent(object)}/deleted/`),
    query: askedSpan({ fromMs, toMs }, context.now()),
  });
  if (!isObject(body) || !Array.isArray(body.deletedRecords))
    throw new Unavailable(`Salesforce answered without a list of deleted records of ${object}.`);
  const gone = (body.deletedRecords as unknown[]).filter(isObject).flatMap((row): Gone[] => {
    const id = toId18(row.id);
    const modifiedAt = toIsoTime(row.deletedDate);
    return id === undefined ? [] : [{ id, modifiedAt, key: `deleted/${id}/${modifiedAt}`, payload: row }];
  });
  const coveredToMs = Date.parse(toIsoTime(body.latestDateCovered) ?? '');
  return {
    drafts: await tellGone(object, gone, context),
    coveredToMs: Number.isNaN(coveredToMs) ? toMs : coveredToMs,
  };
}

/** Salesforce counts minutes here, wants at least two of them, and refuses what it no longer knows. */
export function askedSpan(
  { fromMs, toMs }: { fromMs: number; toMs: number },
  nowMs: number,
): { start: string; end: string } {
  const endMs = Math.ceil(toMs / MINUTE_MS) * MINUTE_MS;
  const oldestMs = nowMs - RETENTION_MS + 10 * MINUTE_MS;
  const startMs = Math.min(Math.max(fromMs, oldestMs), endMs - 2 * MINUTE_MS);
  return { start: toMinute(startMs), end: toMinute(endMs) };
}

const toMinute = (timeMs: number): string =>
  new Date(Math.floor(timeMs / MINUTE_MS) * MINUTE_MS).toISOString().replace('.000Z', '+00:00');
