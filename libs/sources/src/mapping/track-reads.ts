import { isEmpty } from './convert-field.js';

/** An object that remembers which of its values were asked for. */
export interface Tracked {
  object: unknown;
  /** Paths of what holds a value and was never read, e.g. `properties.region__c`. */
  listUnread(): string[];
}

/** Wraps a CRM's object: so a mapping tells by itself what it reads. */
export function trackReads(root: unknown): Tracked {
  const read = new Set<string>();
  return {
    object: wrap(root, '', read),
    listUnread: () => listLeaves(root, '').filter((path) => !read.has(path)),
  };
}

function wrap(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) {
    read.add(path);
    return value;
  }
  return new Proxy(value, {
    get: (target, key, receiver) => {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return found;
      return wrap(found, joinPath(path, key, Array.isArray(target)), read);
    },
  });
}

function listLeaves(value: unknown, path: string): string[] {
  if (isEmpty(value)) return [];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => listLeaves(inner, joinPath(path, key, Array.isArray(value))));
}

function joinPath(path: string, key: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
