import { refuse } from '../salesforce-error.js';
import { readTime } from '../times.js';

const DAY_MS = 86_400_000;

export interface ReplicationWindow {
  startMs: number;
  endMs: number;
  /** Where the next window begins: what is later may not be there yet. */
  coveredMs: number;
}

/** `start` and `end` of a replication request. What is finer than `stepMs` is cut off: Salesforce does not look at seconds. */
export function readWindow(
  query: Readonly<Record<string, string | undefined>>,
  limits: { nowMs: number; stepMs: number; days: number },
): ReplicationWindow {
  const cut = (ms: number): number => Math.floor(ms / limits.stepMs) * limits.stepMs;
  const [start, end] = [readOne(query, 'start'), readOne(query, 'end')];
  const [startMs, endMs] = [cut(start), cut(end)];
  if (startMs < limits.nowMs - limits.days * DAY_MS)
    throw refuse('INVALID_REPLICATION_DATE', `startDate cannot be more than ${limits.days} days ago`);
  if (endMs - startMs < limits.stepMs)
    throw refuse('INVALID_REPLICATION_DATE', 'endDate must be at least one minute greater than startDate');
  return { startMs, endMs, coveredMs: Math.min(endMs, cut(limits.nowMs)) };
}

function readOne(query: Readonly<Record<string, string | undefined>>, name: string): number {
  // A plus sign that was not encoded arrives as a blank.
  const ms = readTime((query[name] ?? '').replace(/ (\d\d:?\d\d)$/, '+$1'));
  if (ms === undefined) throw refuse('INVALID_REPLICATION_DATE', `${name} must be a valid ISO 8601 dateTime`);
  return ms;
}
