/** What JSON has. */
export type JsonType = 'array' | 'boolean' | 'null' | 'number' | 'object' | 'string';

/** Of one object. */
export const MAX_PATHS = 300;
const MAX_DEPTH = 6;

/**
 * Every path of a CRM's object and what stands there: `properties.amount`, `emails[].value`. Of a list the first item speaks for
 * all; keys that are numbers are names of things, not of fields, and stand as `*`. What is too deep or too much is passed over.
 */
export function listPaths(root: object): Map<string, unknown> {
  const paths = new Map<string, unknown>();
  collect(root, { path: '', depth: 1, paths });
  return paths;
}

export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'object';
}

interface Place {
  path: string;
  depth: number;
  paths: Map<string, unknown>;
}

function collect(value: object, { path, depth, paths }: Place): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    const first: unknown = value[0];
    if (isInner(first)) collect(first, { path: `${path}[]`, depth: depth + 1, paths });
    return;
  }
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    if (paths.size >= MAX_PATHS) return;
    if (inner === undefined) continue;
    const name = /^\d+$/.test(key) ? '*' : key;
    const own = path === '' ? name : `${path}.${name}`;
    paths.set(own, inner);
    if (isInner(inner)) collect(inner, { path: own, depth: depth + 1, paths });
  }
}

function isInner(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
