import { refuse } from '../pipedrive-error.js';
import type { Row } from '../records/show-record.js';

/** Fastify gives a repeated parameter as a list. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

export interface Page {
  success: true;
  data: Row[];
  additional_data: { next_cursor: string | null };
}

const LONGEST_PAGE = 500;
const DEFAULT_PAGE = 100;
const MOST_IDS = 100;
const SORTS = ['id', 'update_time', 'add_time'];
/** RFC 3339 without fractions. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/;

/** The page that version 2 of the API gives of what there is. */
export function readPage(rows: readonly Row[], query: Query): Page {
  const limit = readLimit(query['limit']);
  const { by, descending } = readSort(query);
  const after = readCursor(query['cursor']);
  const compare = (a: Place, b: Place): number => comparePlaces(a, b) * (descending ? -1 : 1);
  const placeOf = (row: Row): Place => [toKey(row[by]), Number(row['id'])];
  const kept = filterRows(rows, query)
    .filter((row) => after === undefined || compare(placeOf(row), after) > 0)
    .sort((a, b) => compare(placeOf(a), placeOf(b)));
  const data = kept.slice(0, limit);
  const last = kept.length > limit ? data.at(-1) : undefined;
  return { success: true, data, additional_data: { next_cursor: last ? toCursor(placeOf(last)) : null } };
}

type Place = readonly [number | string, number];

function toKey(value: unknown): number | string {
  return typeof value === 'number' ? value : String(value);
}

function comparePlaces([a, aId]: Place, [b, bId]: Place): number {
  if (a === b) return aId - bId;
  return a < b ? -1 : 1;
}

function filterRows(rows: readonly Row[], query: Query): Row[] {
  const [since, until] = [readTime('updated_since', query), readTime('updated_until', query)];
  const ids = readIds(query['ids']);
  return rows.filter((row) => {
    const atMs = Date.parse(String(row['update_time']));
    if (since !== undefined && atMs < since) return false;
    if (until !== undefined && atMs > until) return false;
    return ids === undefined || ids.has(String(row['id']));
  });
}

function readTime(name: string, query: Query): number | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  if (typeof text !== 'string' || !TIME.test(text))
    throw refuse(`${name} must be a time of RFC 3339 without fractions`);
  return Date.parse(text);
}

function readIds(text: Query[string]): Set<string> | undefined {
  if (text === undefined || text === '') return undefined;
  const ids = [text].flat().flatMap((part) => part.split(','));
  if (ids.length > MOST_IDS) throw refuse(`ids must be at most ${MOST_IDS}`);
  if (ids.some((id) => !/^\d+$/.test(id))) throw refuse('ids must be numbers');
  return new Set(ids);
}

export function readLimit(text: Query[string]): number {
  const limit = text === undefined ? DEFAULT_PAGE : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE)
    throw refuse(`limit must be from 1 to ${LONGEST_PAGE}`);
  return limit;
}

function readSort(query: Query): { by: string; descending: boolean } {
  const [by, direction] = [query['sort_by'] ?? 'id', query['sort_direction'] ?? 'asc'];
  if (typeof by !== 'string' || !SORTS.includes(by)) throw refuse(`sort_by must be one of ${SORTS.join(', ')}`);
  if (direction !== 'asc' && direction !== 'desc') throw refuse('sort_direction must be asc or desc');
  return { by, descending: direction === 'desc' };
}

function toCursor(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function readCursor(text: Query[string]): Place | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(Buffer.from(String(text), 'base64url').toString()) as Place;
  } catch {
    throw refuse('cursor is not what an earlier page gave');
  }
}
