import type { NotificationDraft, SourceContext, SourcePoll, SourceScan } from '@crm-mesh/sdk';
import { refuseNotification, toIsoTime } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';
import { ENTITIES, type EntityFacts, type List } from './entities.js';
import { addLines, PAGE, readPage, requireFacts, type Query, type Row } from './lists.js';
import { isGone } from './read-state.js';

type Context = SourceContext<PipedriveConfig>;

const DAY_MS = 86_400_000;

/** Times are whole seconds: a row stands for all of its second only when that has passed, on each of Pipedrive's servers. */
const LAG_MS = 5_000;

export const pipedrivePoll: SourcePoll<PipedriveConfig> = {
  entities: () => Object.keys(ENTITIES),
  lagMs: LAG_MS,
  overlapMs: 60_000,
  // Deleted records stay for so long.
  retentionMs: 30 * DAY_MS,
  async page({ entity, fromMs, toMs, cursor }, context) {
    const facts = requireFacts(entity);
    const lists = facts.lists.filter(({ scanOnly }) => !scanOnly);
    // Whether the edges are included is not promised: a second more on both sides.
    const window = {
      updated_since: toSecond(fromMs - 1_000),
      updated_until: facts.until ? toSecond(toMs + 1_000) : undefined,
    };
    const sort = facts.version === 1 ? { sort: 'id' } : { sort_by: 'update_time', sort_direction: 'asc' };
    const page = await walk({ lists, facts, cursor, query: { ...window, ...sort } }, context);
    const rows = page.rows.filter((row) => isBefore(row, toMs + 1_000));
    return { drafts: toDrafts(entity, await addLines(entity, rows, context)), ...cursorOf(page) };
  },
};

export const pipedriveScan: SourceScan<PipedriveConfig> = {
  entities: () => Object.keys(ENTITIES),
  async page({ entity, cursor, fields }, context) {
    const facts = requireFacts(entity);
    const lists = facts.lists.filter(({ gone }) => !gone);
    const sort = facts.version === 1 ? { sort: 'id' } : { sort_by: 'id', sort_direction: 'asc' };
    const page = await walk({ lists, facts, cursor, query: sort }, context);
    if (fields === 'records')
      return { drafts: toDrafts(entity, await addLines(entity, page.rows, context)), ...cursorOf(page) };
    return { drafts: toDrafts(entity, page.rows).map(dropRecord), ...cursorOf(page) };
  },
};

interface Walk {
  lists: readonly List[];
  facts: EntityFacts;
  cursor: string | undefined;
  query: Query;
}

/** The lists one after another; our cursor is `<number of the list>:<Pipedrive's cursor>`. */
async function walk(
  { lists, facts, cursor = '0:', query }: Walk,
  context: Context,
): Promise<{ rows: Row[]; cursor?: string }> {
  const colon = cursor.indexOf(':');
  const [number, place] = [Number(cursor.slice(0, colon)), cursor.slice(colon + 1) || undefined];
  const list = lists[number];
  if (!list) throw refuseNotification(`the cursor ${cursor.slice(0, 100)} is none of Pipedrive’s.`);
  const from = facts.version === 1 ? { start: place } : { cursor: place };
  const { rows, next } = await readPage(list, { limit: PAGE, ...query, ...from }, context);
  if (next !== undefined) return { rows, cursor: `${number}:${next}` };
  return number + 1 < lists.length ? { rows, cursor: `${number + 1}:` } : { rows };
}

function cursorOf({ cursor }: { cursor?: string }): { cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}

function toDrafts(entity: string, rows: readonly Row[]): NotificationDraft[] {
  return rows.map((row) => {
    const [id, modifiedAt] = [String(row.id), toIsoTime(row.update_time)];
    return {
      entity,
      id,
      change: isGone(row) ? 'deleted' : 'unknown',
      dedupeKey: `poll/${entity}/${id}/${modifiedAt ?? ''}/${isGone(row) ? 'gone' : ''}`,
      ...(modifiedAt !== undefined && { modifiedAt }),
      payload: { id: row.id, update_time: row.update_time },
      fetched: row,
    };
  });
}

function dropRecord({ fetched: _fetched, ...draft }: NotificationDraft): NotificationDraft {
  return draft;
}

function isBefore({ update_time: time }: Row, untilMs: number): boolean {
  const iso = toIsoTime(time);
  return iso === undefined || Date.parse(iso) <= untilMs;
}

/** RFC 3339 without fractions: milliseconds are answered with 400. */
function toSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
