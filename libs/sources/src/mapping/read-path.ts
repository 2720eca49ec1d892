import { getProperty } from 'dot-prop';

/** What stands at a dotted path; `.` is the value itself. */
export function readPath(value: unknown, path: string): unknown {
  return path === '.' ? value : getProperty(value as Record<string, unknown>, path);
}
