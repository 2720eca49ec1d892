import type { DeliveryOptions, DeliveryPreset } from '../delivery-options.js';
import { expandPreset, PRESETS } from './delivery-presets.js';
import { describeUnknownKey, type Problem } from './problem.js';

/** A whole number from … to. */
type Range = readonly [least: number, most: number];

const DAY_MS = 86_400_000;
const NUMBERS: Readonly<Record<string, Range>> = {
  concurrency: [1, 1_000],
  timeoutMs: [1, DAY_MS],
  maxAttempts: [1, 1_000],
  maxAckPending: [1, 100_000],
};
const BACKOFF_NUMBERS: Readonly<Record<string, Range>> = { initialMs: [1, DAY_MS], maxMs: [1, 7 * DAY_MS] };
const BATCH_NUMBERS: Readonly<Record<string, Range>> = { size: [1, 100_000], waitMs: [1, 60_000] };
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  preset: Object.keys(PRESETS),
  ack: ['explicit', 'all', 'none'],
  order: ['record', 'none'],
  idempotency: ['inbox', 'none'],
};
const KEYS = [...Object.keys(NUMBERS), ...Object.keys(CHOICES), 'backoff', 'batch', 'startFrom'];
const BACKOFF_KEYS = [...Object.keys(BACKOFF_NUMBERS), 'factor'];
const TIMESTAMP = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** What is wrong with delivery options, wherever they were written. `path` is how messages call them. */
export function checkDelivery(value: unknown, path = 'delivery'): Problem[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return checkChoice(path, value, Object.keys(PRESETS));
  if (!isObject(value))
    return [{ field: path, what: 'is no object', cure: `Write ${path} as an object, e.g. { maxAttempts: 5 }.` }];
  return Object.entries(value).flatMap(([key, part]) => {
    const field = `${path}.${key}`;
    if (part === undefined) return [];
    if (NUMBERS[key]) return checkNumber(field, part, NUMBERS[key]);
    if (CHOICES[key]) return checkChoice(field, part, CHOICES[key]);
    if (key === 'backoff') return checkBackoff(field, part);
    if (key === 'batch') return checkBatch(field, part);
    if (key === 'startFrom') return checkStartFrom(field, part);
    return [describeUnknownKey(field, key, KEYS)];
  });
}

function checkNumber(field: string, value: unknown, [least, most]: Range): Problem[] {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return [];
  return [{ field, what: `is ${show(value)}`, cure: `Give ${field} a whole number from ${least} to ${most}.` }];
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
    if (BACKOFF_NUMBERS[key]) return checkNumber(field, part, BACKOFF_NUMBERS[key]);
    if (key !== 'factor') return [describeUnknownKey(field, key, BACKOFF_KEYS)];
    if (typeof part === 'number' && part >= 1 && part <= 10) return [];
    return [{ field, what: `is ${show(part)}`, cure: `Give ${field} a number from 1 to 10.` }];
  });
}

function checkBatch(path: string, value: unknown): Problem[] {
  if (!isObject(value)) return [{ field: path, what: 'is no object', cure: `Write ${path} as { size, waitMs }.` }];
  return Object.entries(value).flatMap(([key, part]) => {
    const field = `${path}.${key}`;
    if (part === undefined) return [];
    if (BATCH_NUMBERS[key]) return checkNumber(field, part, BATCH_NUMBERS[key]);
    return [describeUnknownKey(field, key, Object.keys(BATCH_NUMBERS))];
  });
}

/** What only goes with `handleBatch`; `delivery` is right in itself. */
export function checkBatching(
  handlesBatches: boolean,
  delivery: DeliveryOptions | DeliveryPreset | undefined,
  path = 'delivery',
): Problem[] {
  if (handlesBatches) return [];
  const { ack, batch } = expandPreset(delivery);
  const cure = 'Write handleBatch(events, context) in the place of handle, or choose another policy.';
  if (ack === 'all') return [{ field: `${path}.ack`, what: 'is "all", which needs handleBatch', cure }];
  return batch === undefined ? [] : [{ field: `${path}.batch`, what: 'needs handleBatch', cure }];
}

function checkStartFrom(field: string, value: unknown): Problem[] {
  if (value === 'new' || value === 'all' || value === 'snapshot') return [];
  const { sequence, time } = isObject(value) ? value : {};
  if (Number.isInteger(sequence) && (sequence as number) >= 1) return [];
  if (typeof time === 'string' && TIMESTAMP.test(time) && !Number.isNaN(Date.parse(time))) return [];
  const cure = `Give ${field} "new", "all", "snapshot", { sequence: 1 or more } or { time: an ISO 8601 timestamp }.`;
  return [{ field, what: `is ${show(value)}`, cure }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}
