import { CHANGES, isEntity, isTimestamp, notificationMessageId, rawSubject } from '@crm-mesh/contract';
import { validateRecord } from '@crm-mesh/contract/checking';
import type { Notification } from '@crm-mesh/contract';
import { isObject } from '../../kit/read-value.js';
import type { MappedRecord, NotificationDraft } from '../../source/record.js';
import { completeRecord } from './source-bench.js';

const DRAFT_KEYS = ['entity', 'id', 'change', 'dedupeKey', 'modifiedAt', 'mergedIds', 'payload', 'fetched'];

/** What the contract says of any draft, wherever it was read; `where` says which it is. */
export function expectDraft(draft: NotificationDraft, where: string, toNotification: Notify): void {
  if (!isObject(draft)) throw new Error(`${where} is no object`);
  const { entity, id, change, dedupeKey, modifiedAt, mergedIds } = draft as NotificationDraft;
  const unknown = Object.keys(draft).find((key) => !DRAFT_KEYS.includes(key));
  check(unknown === undefined, `${where} has the unknown field "${unknown}"`);
  check(
    isText(entity) && isEntity(entity),
    `${where}: entity ${describe(entity)} is none, nor "custom-…" in lower case`,
  );
  check(isText(id), `${where}: id ${describe(id)} is no text`);
  check(CHANGES.includes(change), `${where}: change ${describe(change)} is none of ${CHANGES.join(', ')}`);
  check(isText(dedupeKey), `${where}: dedupeKey ${describe(dedupeKey)} is no text`);
  check(modifiedAt === undefined || isTimestamp(modifiedAt), `${where}: modifiedAt is no ISO 8601 time with a zone`);
  check(
    mergedIds === undefined || (Array.isArray(mergedIds) && mergedIds.every(isText)),
    `${where}: mergedIds is no list of texts`,
  );
  expectJson(draft, where);
  const notification = toNotification(draft);
  // They throw what the publisher would answer.
  rawSubject(notification);
  notificationMessageId(notification);
}

type Notify = (draft: NotificationDraft) => Notification;

/** What the contract says of any mapped record. */
export function expectMapped(
  mapped: MappedRecord,
  draft: Pick<NotificationDraft, 'entity' | 'id'>,
  where: string,
): void {
  const { state, modifiedAt } = mapped;
  check(['present', 'deleted', 'erased'].includes(state), `${where}: state "${state}" is not known`);
  check(modifiedAt === undefined || isTimestamp(modifiedAt), `${where}: modifiedAt is no ISO 8601 time with a zone`);
  if (state !== 'present') return;
  expectJson(mapped.record, `${where}: record`);
  check(mapped.record.id === draft.id, `${where}: record.id is not the id of the notification`);
  try {
    validateRecord(draft.entity, completeRecord(draft.entity, mapped.record));
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** Nothing of it changes on its way through JSON. */
export function expectJson(value: unknown, where: string): void {
  const path = findUnlikeJson(value, where, 0);
  check(path === undefined, `${path} does not fit into JSON`);
}

function findUnlikeJson(value: unknown, path: string, depth: number): string | undefined {
  if (depth > 300) return `${path.slice(0, 80)}… (more than 300 levels)`;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path;
  if (Array.isArray(value)) return findFirst(value.entries(), (key) => `${path}[${key}]`, depth);
  if (!isObject(value) || ![Object.prototype, null].includes(Object.getPrototypeOf(value) as null)) {
    // A record may be an instance of its class.
    if (!isObject(value) || 'toJSON' in value || value instanceof Map || value instanceof Set) return path;
  }
  // A field that is undefined is left out by JSON, as if it had never been set.
  const set = Object.entries(value).filter(([, each]) => each !== undefined);
  return findFirst(set, (key) => `${path}.${key}`, depth);
}

function findFirst<K>(entries: Iterable<[K, unknown]>, name: (key: K) => string, depth: number): string | undefined {
  for (const [key, value] of entries) {
    const found = findUnlikeJson(value, name(key), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** That all of `expected` is there, whole down to its leaves; the first difference is told by its path. */
export function expectSame(actual: unknown, expected: unknown, where: string): void {
  const difference = findDifference(toJson(actual), toJson(expected), where);
  if (difference !== undefined) throw new Error(difference);
}

/** As {@link expectSame}, of those fields alone that `expected` names. */
export function expectPart(actual: object, expected: object, where: string): void {
  const fields = Object.keys(expected);
  expectSame(Object.fromEntries(fields.map((field) => [field, actual[field as never]])), expected, where);
}

function findDifference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (!isObject(expected) && !Array.isArray(expected)) {
    return Object.is(actual, expected)
      ? undefined
      : `${path} is ${describe(actual)}, and should be ${describe(expected)}`;
  }
  if (Array.isArray(expected) !== Array.isArray(actual) || typeof actual !== 'object' || actual === null)
    return `${path} is ${describe(actual)}, and should be ${describe(expected)}`;
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const key of keys) {
    const [left, right] = [(actual as Fields)[key], (expected as Fields)[key]];
    const found = findDifference(left, right, Array.isArray(expected) ? `${path}[${key}]` : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Fields = Record<string, unknown>;

function toJson(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

export function check(isRight: boolean, problem: string): asserts isRight {
  if (!isRight) throw new Error(problem);
}

export function describe(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) ?? String(value));
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
