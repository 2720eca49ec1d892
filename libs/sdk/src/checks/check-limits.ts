import { checkNumber, checkWholeNumber, isObject, show, type Range } from './check-value.js';
import { describeUnknownKey, type Problem } from './problem.js';

const PER_SECOND: Range = [0.001, 10_000];
const BURST: Range = [1, 10_000];
const CONCURRENCY: Range = [1, 1_000];
const RATE_KEYS = ['perSecond', 'burst'];
const EACH_KEYS = ['by', 'concurrency', 'rateLimit'];
const BY = /^(?:tenant|connection|entity|data(?:\.[A-Za-z_$][\w$]*)+)$/;

/** `delivery.rateLimit`, and that of `delivery.each`. */
export function checkRateLimit(path: string, value: unknown): Problem[] {
  const cure = `Write ${path} as e.g. { perSecond: 5 }.`;
  if (!isObject(value)) return [{ field: path, what: 'is no object', cure }];
  const { perSecond, burst } = value;
  if (perSecond === undefined)
    return [...listUnknown(path, value, RATE_KEYS), { field: path, what: 'has no rate', cure }];
  return [
    ...listUnknown(path, value, RATE_KEYS),
    ...checkNumber(`${path}.perSecond`, perSecond, PER_SECOND),
    ...(burst === undefined ? [] : checkWholeNumber(`${path}.burst`, burst, BURST)),
  ];
}

/** `delivery.each`. */
export function checkEach(path: string, value: unknown): Problem[] {
  const cure = `Write ${path} as e.g. { by: 'tenant', concurrency: 2 }.`;
  if (!isObject(value)) return [{ field: path, what: 'is no object', cure }];
  const { by, concurrency, rateLimit } = value;
  const problems = listUnknown(path, value, EACH_KEYS);
  if (typeof by !== 'string' || !BY.test(by)) {
    const choices = `Give ${path}.by "tenant", "connection", "entity" or a field of the event such as "data.ownerId".`;
    problems.push({ field: `${path}.by`, what: by === undefined ? 'is missing' : `is ${show(by)}`, cure: choices });
  }
  if (concurrency !== undefined) problems.push(...checkWholeNumber(`${path}.concurrency`, concurrency, CONCURRENCY));
  if (rateLimit !== undefined) problems.push(...checkRateLimit(`${path}.rateLimit`, rateLimit));
  else if (concurrency === undefined) problems.push({ field: path, what: 'limits nothing', cure });
  return problems;
}

function listUnknown(path: string, value: Record<string, unknown>, known: readonly string[]): Problem[] {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  return unknown.map((key) => describeUnknownKey(`${path}.${key}`, key, known));
}
