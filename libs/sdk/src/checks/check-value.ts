import type { Problem } from './problem.js';

/** A number from … to. */
export type Range = readonly [least: number, most: number];

export function checkWholeNumber(field: string, value: unknown, range: Range): Problem[] {
  return Number.isInteger(value) && isWithin(value, range) ? [] : [refuseNumber(field, value, 'a whole number', range)];
}

export function checkNumber(field: string, value: unknown, range: Range): Problem[] {
  return isWithin(value, range) ? [] : [refuseNumber(field, value, 'a number', range)];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
}

function isWithin(value: unknown, [least, most]: Range): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

// oxlint-disable-next-line max-params -- the words of one sentence
function refuseNumber(field: string, value: unknown, kind: string, [least, most]: Range): Problem {
  return { field, what: `is ${show(value)}`, cure: `Give ${field} ${kind} from ${least} to ${most}.` };
}
