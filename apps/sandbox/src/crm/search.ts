import { invalid } from './crm-error.js';
import type { CrmObject, Snapshot } from './crm-object.js';
import { isDateProperty, TYPE_FACTS } from './object-types.js';
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
  const groups = request.filterGroups.map((filters) => filters.map(compileFilter));
  const hits: Hit[] = [];
  for (const object of objects) {
    const state = object.updatedAtMs <= indexedUntilMs ? object : object.indexed;
    const hit = state && { object, state };
    if (hit && matchesGroups(hit, groups)) hits.push(hit);
  }
  const { sort } = request;
  // They come by ascending id.
  const isSorted = sort.propertyName === 'hs_object_id' && !sort.descending;
  const sorted = isSorted ? hits : hits.sort((a, b) => compareHits(a, b, sort));
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

type Matches = (hit: Hit) => boolean;

function matchesGroups(hit: Hit, groups: readonly (readonly Matches[])[]): boolean {
  return groups.length === 0 || groups.some((filters) => filters.every((matches) => matches(hit)));
}

type Comparable = number | string;

/** Read once, for thousands of objects. */
function compileFilter(filter: Filter): Matches {
  const { operator, propertyName } = filter;
  const decide = compileOperator(filter, (wanted) => toComparable(propertyName, wanted));
  return ({ object, state }) => {
    const own = readComparable(object, propertyName, state);
    if (operator === 'HAS_PROPERTY') return own !== null;
    if (operator === 'NOT_HAS_PROPERTY') return own === null;
    if (own === null) return ['NEQ', 'NOT_IN', 'NOT_CONTAINS_TOKEN'].includes(operator);
    return decide(own);
  };
}

function readComparable(object: CrmObject, property: string, state: Snapshot): Comparable | null {
  // What every poll filters by, on every object.
  if (property === 'hs_object_id') return Number(object.id);
  if (property === TYPE_FACTS[object.type].modifiedProperty) return state.updatedAtMs;
  const text = readProperty(object, property, state);
  return text === null ? null : toComparable(property, text);
}

function compileOperator(filter: Filter, toOwn: (value: string) => Comparable): (own: Comparable) => boolean {
  const { operator, value = '' } = filter;
  const [wanted, highest] = [value, filter.highValue ?? ''].map(toOwn) as [Comparable, Comparable];
  const among = (filter.values ?? []).map(toOwn);
  switch (operator) {
    case 'EQ':
      return (own) => compareValues(own, wanted) === 0;
    case 'NEQ':
      return (own) => compareValues(own, wanted) !== 0;
    case 'LT':
      return (own) => compareValues(own, wanted) < 0;
    case 'LTE':
      return (own) => compareValues(own, wanted) <= 0;
    case 'GT':
      return (own) => compareValues(own, wanted) > 0;
    case 'GTE':
      return (own) => compareValues(own, wanted) >= 0;
    case 'BETWEEN':
      return (own) => compareValues(own, wanted) >= 0 && compareValues(own, highest) <= 0;
    case 'IN':
      return (own) => among.some((one) => compareValues(own, one) === 0);
    case 'NOT_IN':
      return (own) => among.every((one) => compareValues(own, one) !== 0);
    case 'CONTAINS_TOKEN':
      return (own) => hasToken(own, value);
    case 'NOT_CONTAINS_TOKEN':
      return (own) => !hasToken(own, value);
    default:
      return () => false;
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
