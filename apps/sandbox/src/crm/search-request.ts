import { invalid } from './crm-error.js';

const OPERATORS =
  'EQ NEQ LT LTE GT GTE BETWEEN IN NOT_IN HAS_PROPERTY NOT_HAS_PROPERTY CONTAINS_TOKEN NOT_CONTAINS_TOKEN'.split(' ');

export interface Filter {
  propertyName: string;
  operator: string;
  value?: string;
  values?: readonly string[];
  highValue?: string;
}

export interface Sort {
  propertyName: string;
  descending: boolean;
}

export interface SearchRequest {
  /** One of the groups must match, with all of its filters. */
  filterGroups: readonly (readonly Filter[])[];
  sort: Sort;
  properties: readonly string[];
  limit: number;
  after: number;
}

const MOST_GROUPS = 5;
const MOST_FILTERS_IN_GROUP = 6;
const MOST_FILTERS = 18;
const LONGEST_PAGE = 200;
const DEFAULT_PAGE = 10;
const LONGEST_BODY_CHARS = 3_000;

/** Throws what HubSpot answers to a request that breaks a limit. */
export function readSearchRequest(body: unknown): SearchRequest {
  if (!isObject(body)) throw invalid('Invalid input JSON');
  if (JSON.stringify(body).length > LONGEST_BODY_CHARS)
    throw invalid(`The request body must not exceed ${LONGEST_BODY_CHARS} characters`);
  const filterGroups = listOf(body['filterGroups'], 'filterGroups').map(readGroup);
  checkCounts(filterGroups);
  const limit = readWhole(body['limit'], 'limit', DEFAULT_PAGE);
  if (limit > LONGEST_PAGE) throw invalid(`limit must not exceed ${LONGEST_PAGE}`);
  const sorts = listOf(body['sorts'], 'sorts');
  if (sorts.length > 1) throw invalid('Only one sort is allowed');
  return {
    filterGroups,
    sort: readSort(sorts[0] ?? 'hs_object_id'),
    properties: listOf(body['properties'], 'properties').map(String),
    limit,
    after: readWhole(body['after'], 'after', 0),
  };
}

function checkCounts(groups: readonly (readonly Filter[])[]): void {
  if (groups.length > MOST_GROUPS) throw invalid(`At most ${MOST_GROUPS} filterGroups are allowed`);
  if (groups.some((filters) => filters.length > MOST_FILTERS_IN_GROUP))
    throw invalid(`At most ${MOST_FILTERS_IN_GROUP} filters are allowed in a group`);
  if (groups.flat().length > MOST_FILTERS) throw invalid(`At most ${MOST_FILTERS} filters are allowed`);
}

function readGroup(group: unknown): Filter[] {
  return listOf(isObject(group) ? group['filters'] : undefined, 'filters').map(readFilter);
}

function readFilter(filter: unknown): Filter {
  if (!isObject(filter) || typeof filter['propertyName'] !== 'string') throw invalid('A filter needs a propertyName');
  const { propertyName, operator, value, values, highValue } = filter;
  if (!OPERATORS.includes(String(operator))) throw invalid(`Invalid filter operator: ${String(operator)}`);
  return {
    propertyName,
    operator: String(operator),
    ...(isScalar(value) && { value: String(value) }),
    ...(isScalar(highValue) && { highValue: String(highValue) }),
    ...(Array.isArray(values) && { values: values.map(String) }),
  };
}

/** `amount`, `-amount` or `{propertyName, direction}`. */
function readSort(sort: unknown): Sort {
  if (typeof sort === 'string') return { propertyName: sort.replace(/^-/, ''), descending: sort.startsWith('-') };
  if (!isObject(sort) || typeof sort['propertyName'] !== 'string') throw invalid('A sort needs a propertyName');
  return { propertyName: sort['propertyName'], descending: sort['direction'] === 'DESCENDING' };
}

function readWhole(value: unknown, name: string, fallback: number): number {
  if (value === undefined || value === null || value === '') return fallback;
  if (!isScalar(value) || !/^\d+$/.test(String(value))) throw invalid(`${name} must be a whole number`);
  return Number(value);
}

function listOf(value: unknown, name: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${name} must be a list`);
  return value as unknown[];
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
