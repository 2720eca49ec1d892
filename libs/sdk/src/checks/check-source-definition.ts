import type { SourceDefinition } from '../source/define-source.js';
import { checkConfigSchema } from './check-config-schema.js';
import { describeUnknownKey, type Problem } from './problem.js';

type Kind = 'name' | 'config' | 'function' | 'number' | 'flag' | 'mediaTypes' | 'poll' | 'scan';

/** Every key of a definition, so that a new one cannot be forgotten here. */
const KEYS: Readonly<Record<keyof SourceDefinition, Kind>> = {
  name: 'name',
  config: 'config',
  coalesceMs: 'number',
  mediaTypes: 'mediaTypes',
  verify: 'function',
  provesSender: 'flag',
  handshake: 'function',
  split: 'function',
  reply: 'function',
  api: 'function',
  fetch: 'function',
  fetchBatchSize: 'number',
  poll: 'poll',
  scan: 'scan',
  subscribe: 'function',
  write: 'function',
  describe: 'function',
  reads: 'function',
  hypotheses: 'function',
  map: 'function',
};
const POLL_NUMBERS = ['lagMs', 'overlapMs', 'longestWindowMs', 'retentionMs'];
const WALK_FUNCTIONS = ['entities', 'page'];
const SCAN_EXTRAS = ['findWinners'];
const KNOWN = ['kind', ...Object.keys(KEYS)];
const NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** All that is wrong with what was given to `defineSource`, whatever file it stands in; `usualName` is for the cure. */
export function checkSourceDefinition(source: object, usualName = 'my-crm'): Problem[] {
  const fields = source as Record<string, unknown>;
  return [
    ...Object.entries(KEYS).flatMap(([field, kind]) => checkField(fields[field], field, { kind, usualName })),
    ...checkPairs(fields),
    ...listUnknown(fields, KNOWN),
  ];
}

function checkField(value: unknown, field: string, { kind, usualName }: { kind: Kind; usualName: string }): Problem[] {
  if (kind === 'name') return checkName(value, usualName);
  if (field === 'map' && value === undefined)
    return [{ field, what: 'is missing', cure: 'Write: map({ notification, fetched }, context) { … }.' }];
  if (kind === 'config') return checkConfig(value);
  if (value === undefined) return [];
  if (kind === 'function') return checkFunction(value, field);
  if (kind === 'number') return checkNumber(value, field);
  if (kind === 'flag') return checkFlag(value, field);
  if (kind === 'mediaTypes') return checkMediaTypes(value);
  return kind === 'poll'
    ? checkWalk(value, field, { numbers: POLL_NUMBERS, extras: [] })
    : checkWalk(value, field, { numbers: [], extras: SCAN_EXTRAS });
}

function checkFlag(value: unknown, field: string): Problem[] {
  if (typeof value === 'boolean') return [];
  return [{ field, what: 'is neither true nor false', cure: `Write ${field}: false, or leave it out.` }];
}

function checkName(name: unknown, usualName: string): Problem[] {
  const cure = 'Use 1 to 32 lower-case letters, digits and dashes, beginning with a letter.';
  if (typeof name !== 'string') return [{ field: 'name', what: 'is missing', cure: `Write name: '${usualName}'.` }];
  return NAME.test(name) ? [] : [{ field: 'name', what: `"${name}" is not allowed`, cure }];
}

function checkConfig(config: unknown): Problem[] {
  if (config !== undefined) return checkConfigSchema(config);
  const cure = 'Give a class with class-validator decorators: it describes connections[].config of mesh.yaml.';
  return [{ field: 'config', what: 'is missing', cure }];
}

function checkFunction(value: unknown, field: string): Problem[] {
  if (typeof value === 'function') return [];
  return [{ field, what: 'is no function', cure: `Write ${field} as a function, or leave it out.` }];
}

function checkNumber(value: unknown, field: string): Problem[] {
  const least = field === 'fetchBatchSize' ? 1 : 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return [];
  return [
    { field, what: `is no whole number of ${least} or more`, cure: `Write e.g. ${field}: 100, or leave it out.` },
  ];
}

function checkMediaTypes(value: unknown): Problem[] {
  const isType = (each: unknown): boolean =>
    typeof each === 'string' && /^(?:\*|[a-z0-9.+-]+\/[a-z0-9.+-]+)$/.test(each);
  if (Array.isArray(value) && value.length > 0 && value.every(isType)) return [];
  const what = 'is no list of media types in lower case';
  return [{ field: 'mediaTypes', what, cure: "Write e.g. mediaTypes: ['application/json']." }];
}

function checkWalk(
  value: unknown,
  field: string,
  { numbers, extras }: { numbers: readonly string[]; extras: readonly string[] },
): Problem[] {
  if (typeof value !== 'object' || value === null)
    return [{ field, what: 'is no object', cure: `Write ${field}: { entities: () => ['deal'], page: … }.` }];
  const fields = value as Record<string, unknown>;
  const functions = [...WALK_FUNCTIONS, ...extras.filter((name) => fields[name] !== undefined)];
  const problems = [
    ...functions.flatMap((name) => checkFunction(fields[name], `${field}.${name}`)),
    ...numbers.flatMap((name) => (fields[name] === undefined ? [] : checkNumber(fields[name], `${field}.${name}`))),
  ];
  return [...problems, ...listUnknown(fields, [...WALK_FUNCTIONS, ...extras, ...numbers], `${field}.`)];
}

/** Without the one the other is never called, and nothing would say so. */
function checkPairs(fields: Record<string, unknown>): Problem[] {
  const { verify, split } = fields;
  if (split !== undefined && verify === undefined)
    return [{ field: 'verify', what: 'is missing beside split', cure: 'Prove who sent a webhook before it is read.' }];
  if (verify !== undefined && split === undefined)
    return [{ field: 'split', what: 'is missing beside verify', cure: 'Write split, or leave verify out.' }];
  return [];
}

function listUnknown(fields: Record<string, unknown>, known: readonly string[], above = ''): Problem[] {
  return Object.keys(fields)
    .filter((key) => !known.includes(key))
    .map((key) => describeUnknownKey(`${above}${key}`, key, known));
}
