import { invalid } from './crm-error.js';
import type { CrmObject, Snapshot } from './crm-object.js';
import { isDateProperty } from './object-types.js';
import { readProperty } from './read-property.js';
import type { Filter, SearchRequest, Sort } from './search-request.js';

export interface SearchPage {
  total: number;
  results: CrmObject[];
  /** Where the next page begins. */
  after?: string;
}

interface Hit {
  object: CrmObject;
  state: Snapshot;
}

/** What the API never gives: the 10,001st result of a query. */
const MOST_RESULTS = 10_000;

/** `indexedUntilMs`: what was changed later is found as it was before, or not at all. */
export function searchObjects(
  objects: readonly CrmObject[],
  request: SearchRequest,
  indexedUntilMs: number,
): SearchPage {
  const start = request.after;
  if (start + request.limit > MOST_RESULTS) {
    throw invalid(`The maximum number of results that a search can page through is ${MOST_RESULTS}`);
  }
  const hits = objects.flatMap((object) => {
    const state = object.updatedAtMs <= indexedUntilMs ? object : object.indexed;
    const hit = state && { object, state };
    return hit && matchesGroups(hit, request.filterGroups) ? [hit] : [];
  });
  const sorted = hits.sort((a, b) => compareHits(a, b, request.sort));
  const end = start + request.limit;
  return {
    total: hits.length,
    results: sorted.slice(start, end).map(showIndexed),
    ...(end < hits.length && { after: String(end) }),
  };
}

/** The index's own copy: a stale hit shows stale values. */
function showIndexed({ object, state }: Hit): CrmObject {
  return state === object
    ? object
    : { ...object, properties: new Map(state.properties), updatedAtMs: state.updatedAtMs };
}

function matchesGroups(hit: Hit, groups: readonly (readonly Filter[])[]): boolean {
  return groups.length === 0 || groups.some((filters) => filters.every((filter) => matchesFilter(hit, filter)));
}

type Comparable = number | string;

function matchesFilter({ object, state }: Hit, filter: Filter): boolean {
  const text = readProperty(object, filter.propertyName, state);
  if (filter.operator === 'HAS_PROPERTY') return text !== null;
  if (filter.operator === 'NOT_HAS_PROPERTY') return text === null;
  if (text === null) return ['NEQ', 'NOT_IN', 'NOT_CONTAINS_TOKEN'].includes(filter.operator);
  const toOwn = (wanted: string): Comparable => toComparable(filter.propertyName, wanted);
  return decideOperator(toOwn(text), filter, toOwn);
}

function decideOperator(own: Comparable, filter: Filter, toOwn: (value: string) => Comparable): boolean {
  const { operator, values = [], value = '', highValue = '' } = filter;
  const order = (wanted: string): number => compareValues(own, toOwn(wanted));
  switch (operator) {
    case 'EQ':
      return order(value) === 0;
    case 'NEQ':
      return order(value) !== 0;
    case 'LT':
      return order(value) < 0;
    case 'LTE':
      return order(value) <= 0;
    case 'GT':
      return order(value) > 0;
    case 'GTE':
      return order(value) >= 0;
    case 'BETWEEN':
      return order(value) >= 0 && order(highValue) <= 0;
    case 'IN':
      return values.some((wanted) => order(wanted) === 0);
    case 'NOT_IN':
      return values.every((wanted) => order(wanted) !== 0);
    case 'CONTAINS_TOKEN':
      return hasToken(own, value);
    case 'NOT_CONTAINS_TOKEN':
      return !hasToken(own, value);
    default:
      return false;
  }
}

/** Words, with `*` for any part of one. */
function hasToken(own: Comparable, wanted: string): boolean {
  const pattern = wanted
    .toLowerCase()
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(String.raw`\S*`);
  return new RegExp(String.raw`(^|[\s@.,;])${pattern}($|[\s@.,;])`).test(String(own));
}

/** Dates as epoch milliseconds, numbers as numbers, all else without case. */
function toComparable(property: string, value: string): Comparable {
  if (isDateProperty(property)) return /^-?\d+$/.test(value) ? Number(value) : Date.parse(value);
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value.toLowerCase();
}

function compareValues(left: Comparable, right: Comparable): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const [a, b] = [String(left), String(right)];
  return a < b ? -1 : Number(a > b);
}

function compareHits(a: Hit, b: Hit, sort: Sort): number {
  const [left, right] = [a, b].map(({ object, state }) => readProperty(object, sort.propertyName, state));
  const byId = Number(a.object.id) - Number(b.object.id);
  // Those without a value come last, whichever the direction.
  if (left == null || right == null) return Number(left == null) - Number(right == null) || byId;
  const order = compareValues(toComparable(sort.propertyName, left), toComparable(sort.propertyName, right));
  return (sort.descending ? -order : order) || byId;
}
