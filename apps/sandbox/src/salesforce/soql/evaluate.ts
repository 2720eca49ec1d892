import { addChecksum, isId } from '../ids.js';
import type { Row } from '../rows/records.js';
import { refuse } from '../salesforce-error.js';
import { isNumberType, type Field, type FieldType, type SObject, type Value } from '../schema/field.js';
import { readField } from '../schema/field-book.js';
import { readDate, readTime } from '../times.js';
import type { Condition, Literal, Order, Query } from './query.js';

type Comparable = string | number | boolean | null;
type Test = (row: Row) => boolean;

/** The rows that a query finds, in its order. Throws INVALID_FIELD on what the object has not, whether or not there are rows. */
export function evaluate(query: Query, object: SObject, rows: readonly Row[]): Row[] {
  const matches = query.where ? compile(query.where, object) : () => true;
  const orders = query.orderBy.map((order) => ({ ...order, of: readField(object, order.field) }));
  const found = rows
    .filter((row) => matches(row))
    .map((row) => ({ row, keys: orders.map(({ of }) => valueOf(row, of)) }));
  found.sort((a, b) => compareKeys(a.keys, b.keys, orders));
  const start = query.offset ?? 0;
  return found.slice(start, query.limit === undefined ? undefined : start + query.limit).map(({ row }) => row);
}

function compareKeys(left: readonly Comparable[], right: readonly Comparable[], orders: readonly Order[]): number {
  for (const [index, { descending, nullsLast }] of orders.entries()) {
    const [a = null, b = null] = [left[index], right[index]];
    const order = a === null || b === null ? compareNulls(a, b, nullsLast) : compare(a, b) * (descending ? -1 : 1);
    if (order !== 0) return order;
  }
  return 0;
}

function compile(condition: Condition, object: SObject): Test {
  if (condition.kind === 'not') {
    const test = compile(condition.part, object);
    return (row) => !test(row);
  }
  if (condition.kind === 'compare') return compileComparison(condition, object);
  const tests = condition.parts.map((part) => compile(part, object));
  return condition.kind === 'and'
    ? (row) => tests.every((test) => test(row))
    : (row) => tests.some((test) => test(row));
}

function compileComparison(
  { field: name, operator, literals }: Extract<Condition, { kind: 'compare' }>,
  object: SObject,
): Test {
  const field = readField(object, name);
  const wanted = literals.map((literal) => readLiteral(literal, field));
  const [first = null] = wanted;
  const order = (row: Row): number | undefined => {
    const own = valueOf(row, field);
    return own === null || first === null ? undefined : compare(own, first);
  };
  const isAmong = (row: Row): boolean => wanted.some((value) => isSame(valueOf(row, field), value));
  switch (operator) {
    case '=':
    case 'IN':
      return isAmong;
    case '!=':
    case 'NOT IN':
      return (row) => !isAmong(row);
    case '<':
      return (row) => (order(row) ?? 0) < 0;
    case '<=':
      return (row) => (order(row) ?? 1) <= 0;
    case '>':
      return (row) => (order(row) ?? 0) > 0;
    case '>=':
      return (row) => (order(row) ?? -1) >= 0;
    case 'LIKE': {
      const pattern = likePattern(String(first));
      return (row) => pattern.test(String(valueOf(row, field) ?? ''));
    }
    default:
      return operator satisfies never;
  }
}

/** A literal of the wrong kind is refused, as Salesforce does: a time in quotes is the usual mistake. */
function readLiteral(literal: Literal, { name, type }: Field): Comparable {
  if (literal.kind === 'null') return null;
  const wrong = (wanted: string, quotes = false): Error =>
    refuse(
      'INVALID_FIELD',
      `value of filter criterion for field '${name}' must be of type ${wanted}${quotes ? ' and should not be enclosed in quotes' : ''}`,
    );
  if (type === 'datetime') {
    if (literal.kind !== 'datetime') throw wrong('dateTime', true);
    return readTime(literal.text.replace(/(\.\d{3})\d+/, '$1')) ?? null;
  }
  if (type === 'date') {
    if (literal.kind !== 'date') throw wrong('date', true);
    return readDate(literal.text) ?? null;
  }
  if (isNumberType(type)) {
    if (literal.kind !== 'number') throw wrong(type, true);
    return literal.value;
  }
  if (type === 'boolean') {
    if (literal.kind !== 'boolean') throw wrong('boolean', true);
    return literal.value;
  }
  if (literal.kind !== 'string') throw wrong('string and should be enclosed in quotes');
  return normalizeText(literal.text, type);
}

function normalizeText(text: string, type: FieldType): string {
  if (type !== 'id' && type !== 'reference') return text.toLowerCase();
  return isId(text) ? addChecksum(text.slice(0, 15)) : text;
}

function valueOf(row: Row, field: Field): Comparable {
  const value: Value = row.read(field);
  if (typeof value === 'object') return null;
  if (typeof value !== 'string') return value;
  if (field.type === 'datetime') return readTime(value) ?? null;
  if (field.type === 'date') return readDate(value) ?? null;
  return normalizeText(value, field.type);
}

function isSame(left: Comparable, right: Comparable): boolean {
  return left === right;
}

function compare(left: string | number | boolean, right: string | number | boolean): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function compareNulls(left: Comparable, right: Comparable, nullsLast: boolean): number {
  return (Number(right === null) - Number(left === null)) * (nullsLast ? -1 : 1);
}

/** `%` any text, `_` one character; without case. */
function likePattern(text: string): RegExp {
  const source = text.replaceAll(/\\[%_]|[%_]|[.*+?^${}()|[\]\\]/g, (sign) => {
    if (sign === '%') return '.*';
    if (sign === '_') return '.';
    return sign.length === 2 ? sign.charAt(1) : `\\${sign}`;
  });
  return new RegExp(`^${source}$`, 'is');
}
