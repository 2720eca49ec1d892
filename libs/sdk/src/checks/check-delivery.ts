import { SKIPPABLE_ORIGINS } from '../delivery-options.js';
import { checkEach, checkRateLimit } from './check-limits.js';
import { checkNumber, checkWholeNumber, isObject, show, type Range } from './check-value.js';
import { PRESETS } from './delivery-presets.js';
import { describeUnknownKey, type Problem } from './problem.js';

const DAY_MS = 86_400_000;
const NUMBERS: Readonly<Record<string, Range>> = {
  concurrency: [1, 1_000],
  timeoutMs: [1, DAY_MS],
  maxAttempts: [1, 1_000],
  maxAckPending: [1, 100_000],
  heapMb: [16, 65_536],
  partitions: [1, 64],
};
const BACKOFF_NUMBERS: Readonly<Record<string, Range>> = { initialMs: [1, DAY_MS], maxMs: [1, 7 * DAY_MS] };
const BATCH_NUMBERS: Readonly<Record<string, Range>> = { size: [1, 100_000], waitMs: [1, 60_000] };
const FACTOR: Range = [1, 10];
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  preset: Object.keys(PRESETS),
  ack: ['explicit', 'all', 'none'],
  order: ['record', 'strict', 'none'],
  idempotency: ['inbox', 'none'],
  isolation: ['worker', 'inline'],
};
const KEYS = [
  ...Object.keys(NUMBERS),
  ...Object.keys(CHOICES),
  'backoff',
  'batch',
  'startFrom',
  'coalesce',
  'rateLimit',
  'each',
  'skipOrigins',
];
const BACKOFF_KEYS = [...Object.keys(BACKOFF_NUMBERS), 'factor'];
const TIMESTAMP = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** What is wrong with delivery options, wherever they were written. `path` is how messages call them. */
export function checkDelivery(value: unknown, path = 'delivery'): Problem[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return checkChoice(path, value, Object.keys(PRESETS));
  if (!isObject(value))
    return [{ field: path, what: 'is no object', cure: `Write ${path} as an object, e.g. { maxAttempts: 5 }.` }];
  return [
    ...Object.entries(value).flatMap(([key, part]) => {
      const field = `${path}.${key}`;
      if (part === undefined) return [];
      if (NUMBERS[key]) return checkWholeNumber(field, part, NUMBERS[key]);
      if (CHOICES[key]) return checkChoice(field, part, CHOICES[key]);
      if (key === 'backoff') return checkBackoff(field, part);
      if (key === 'batch') return checkBatch(field, part);
      if (key === 'startFrom') return checkStartFrom(field, part);
      if (key === 'coalesce') return checkCoalesce(field, part);
      if (key === 'rateLimit') return checkRateLimit(field, part);
      if (key === 'each') return checkEach(field, part);
      if (key === 'skipOrigins') return checkOrigins(field, part);
      return [describeUnknownKey(field, key, KEYS)];
    }),
    ...checkTogether(path, value),
    ...checkPartitions(path, value),
    ...checkSkipped(path, value),
  ];
}

function checkTogether(path: string, { order, idempotency, ack }: Record<string, unknown>): Problem[] {
  if (order !== 'strict') return [];
  const what = 'is "none", and order is "strict"';
  const problems: Problem[] = [];
  const inbox = `${path}.idempotency`;
  if (idempotency === 'none')
    problems.push({ field: inbox, what, cure: `Leave ${inbox} out: strict order needs the inbox.` });
  const acks = `${path}.ack`;
  if (ack === 'none') problems.push({ field: acks, what, cure: `Leave ${acks} out: strict order needs dead letters.` });
  return problems;
}

/** What goes on with another number of partitions must know what is done, and which records belong together. */
function checkPartitions(path: string, options: Record<string, unknown>): Problem[] {
  if (options['partitions'] === undefined || options['partitions'] === 1) return [];
  const field = `${path}.partitions`;
  const unfit: [key: string, value: string, why: string][] = [
    ['order', 'none', 'without order all hosts share its events as it is'],
    ['idempotency', 'none', 'partitions need the inbox'],
    ['ack', 'none', 'partitions need the inbox'],
    ['startFrom', 'snapshot', 'give it one partition until its snapshot is told'],
  ];
  return unfit
    .filter(([key, value]) => options[key] === value)
    .map(([key, value, why]) => ({
      field,
      what: `does not go with ${key} "${value}"`,
      cure: `Leave ${field} or ${path}.${key} out: ${why}.`,
    }));
}

/** The newest of several updates would stand for the others, and then not run. */
function checkSkipped(path: string, { skipOrigins, coalesce }: Record<string, unknown>): Problem[] {
  if (!coalesce || !Array.isArray(skipOrigins) || skipOrigins.length === 0) return [];
  const field = `${path}.skipOrigins`;
  const cure = `Leave ${field} or ${path}.coalesce out: an update that is skipped would supersede one that is wanted.`;
  return [{ field, what: 'does not go with coalesce', cure }];
}

function checkOrigins(field: string, value: unknown): Problem[] {
  if (Array.isArray(value)) return value.flatMap((one: unknown) => checkChoice(field, one, SKIPPABLE_ORIGINS));
  const cure = `Give ${field} a list of some of: ${SKIPPABLE_ORIGINS.map(show).join(', ')}.`;
  return [{ field, what: 'is no list', cure }];
}

function checkChoice(field: string, value: unknown, choices: readonly string[]): Problem[] {
  if (choices.includes(value as string)) return [];
  return [{ field, what: `is ${show(value)}`, cure: `Give ${field} one of: ${choices.map(show).join(', ')}.` }];
}

function checkBackoff(path: string, value: unknown): Problem[] {
  if (!isObject(value))
    return [{ field: path, what: 'is no object', cure: `Write ${path} as { initialMs, maxMs, factor }.` }];
  return Object.entries(value).flatMap(([key, part]) => {
    const field = `${path}.${key}`;
    if (part === undefined) return [];
    if (BACKOFF_NUMBERS[key]) return checkWholeNumber(field, part, BACKOFF_NUMBERS[key]);
    if (key !== 'factor') return [describeUnknownKey(field, key, BACKOFF_KEYS)];
    return checkNumber(field, part, FACTOR);
  });
}

function checkBatch(path: string, value: unknown): Problem[] {
  if (!isObject(value)) return [{ field: path, what: 'is no object', cure: `Write ${path} as { size, waitMs }.` }];
  return Object.entries(value).flatMap(([key, part]) => {
    const field = `${path}.${key}`;
    if (part === undefined) return [];
    if (BATCH_NUMBERS[key]) return checkWholeNumber(field, part, BATCH_NUMBERS[key]);
    return [describeUnknownKey(field, key, Object.keys(BATCH_NUMBERS))];
  });
}

function checkStartFrom(field: string, value: unknown): Problem[] {
  if (value === 'new' || value === 'all' || value === 'snapshot') return [];
  const { sequence, time } = isObject(value) ? value : {};
  if (Number.isInteger(sequence) && (sequence as number) >= 1) return [];
  if (typeof time === 'string' && TIMESTAMP.test(time) && !Number.isNaN(Date.parse(time))) return [];
  const cure = `Give ${field} "new", "all", "snapshot", { sequence: 1 or more } or { time: an ISO 8601 timestamp }.`;
  return [{ field, what: `is ${show(value)}`, cure }];
}

function checkCoalesce(field: string, value: unknown): Problem[] {
  if (typeof value === 'boolean') return [];
  const { afterEvents } = isObject(value) ? value : {};
  if (Number.isInteger(afterEvents) && (afterEvents as number) >= 2 && Object.keys(value as object).length === 1)
    return [];
  return [{ field, what: `is ${show(value)}`, cure: `Give ${field} true, false or { afterEvents: 2 or more }.` }];
}
