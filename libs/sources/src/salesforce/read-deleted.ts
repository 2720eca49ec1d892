import { Unavailable, type SourceContext } from '@crm-mesh/sdk';
import { isObject, toIsoTime } from '@crm-mesh/sdk/kit';
import { isRefusedWith } from './api.js';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';
import { toId18 } from './ids.js';
import type { Gone } from './merges.js';
import { query } from './query.js';
import { toSoqlTime } from './soql-time.js';

type Context = SourceContext<SalesforceConfig>;

const MINUTE_MS = 60_000;
/** Deletions are remembered for 15 days. */
export const RETENTION_MS = 15 * 86_400_000;
/** A shorter time is not asked for. */
const SHORTEST_MS = 2 * MINUTE_MS;

interface Span {
  fromMs: number;
  toMs: number;
}

interface Deleted {
  gone: Gone[];
  /** What is later may be told by another window. */
  coveredToMs: number;
}

/** What was deleted in a span of time: by the log of deletions, and where that is trimmed already, by the recycle bin. */
export async function readDeleted(object: string, span: Span, context: Context): Promise<Deleted> {
  try {
    return await askForDeleted(object, span, context);
  } catch (error) {
    if (isRefusedWith(error, 'INVALID_REPLICATION_DATE'))
      return { gone: await readRecycleBin(object, span, context), coveredToMs: span.toMs };
    // More than 600,000 ids.
    if (!isRefusedWith(error, 'EXCEEDED_ID_LIMIT') || span.toMs - span.fromMs < 2 * SHORTEST_MS) throw error;
    const middleMs = Math.floor((span.fromMs + span.toMs) / 2);
    const first = await readDeleted(object, { fromMs: span.fromMs, toMs: middleMs }, context);
    const second = await readDeleted(object, { fromMs: middleMs, toMs: span.toMs }, context);
    return { gone: [...first.gone, ...second.gone], coveredToMs: second.coveredToMs };
  }
}

async function askForDeleted(object: string, span: Span, context: Context): Promise<Deleted> {
  const asked = chooseSpan(span, context.now());
  const { body } = await context.api.request({
    path: dataPath(context.config, `/sobjects/${encodeURIComponent(object)}/deleted/`),
    query: { start: asked.start, end: asked.end },
  });
  if (!isObject(body) || !Array.isArray(body.deletedRecords))
    throw new Unavailable(`Salesforce answered without a list of deleted records of ${object}.`);
  const gone = (body.deletedRecords as unknown[]).filter(isObject).flatMap((row): Gone[] => {
    const id = toId18(row.id);
    return id === undefined ? [] : [tellOne(id, row.deletedDate, row)];
  });
  const earliestMs = readTime(body.earliestDateAvailable);
  const isTrimmed = earliestMs !== undefined && earliestMs > Date.parse(asked.start);
  const binned = isTrimmed ? await readRecycleBin(object, { fromMs: span.fromMs, toMs: earliestMs }, context) : [];
  return { gone: [...binned, ...gone], coveredToMs: readTime(body.latestDateCovered) ?? span.toMs };
}

/** What was emptied out of it, too, only a comparison of all records can find. */
async function readRecycleBin(object: string, { fromMs, toMs }: Span, context: Context): Promise<Gone[]> {
  context.log.warn({ object }, 'the log of deletions is trimmed: the recycle bin is asked instead');
  const where = `IsDeleted = true AND SystemModstamp >= ${toSoqlTime(fromMs)} AND SystemModstamp <= ${toSoqlTime(toMs)}`;
  const { records } = await query(`SELECT Id, SystemModstamp FROM ${object} WHERE ${where}`, context, 'queryAll');
  return records.flatMap((row) => {
    const id = toId18(row.Id);
    return id === undefined ? [] : [tellOne(id, row.SystemModstamp, row)];
  });
}

function tellOne(id: string, time: unknown, payload: unknown): Gone {
  const modifiedAt = toIsoTime(time);
  return { id, modifiedAt, key: `deleted/${id}/${modifiedAt}`, payload };
}

function readTime(time: unknown): number | undefined {
  const timeMs = Date.parse(toIsoTime(time) ?? '');
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** Salesforce counts minutes here, wants at least two of them, and refuses what it no longer knows. */
export function chooseSpan({ fromMs, toMs }: Span, nowMs: number): { start: string; end: string } {
  const endMs = Math.ceil(toMs / MINUTE_MS) * MINUTE_MS;
  const oldestMs = nowMs - RETENTION_MS + 10 * MINUTE_MS;
  const startMs = Math.min(Math.max(fromMs, oldestMs), endMs - SHORTEST_MS);
  return { start: toMinute(startMs), end: toMinute(endMs) };
}

const toMinute = (timeMs: number): string =>
  new Date(Math.floor(timeMs / MINUTE_MS) * MINUTE_MS).toISOString().replace('.000Z', '+00:00');
