import type { Path, YamlSource } from './yaml-source.js';

/** Where a part of the configuration came from, so that an error that is found later still names its line. */
export interface ValueOrigin {
  source: Pick<YamlSource, 'file' | 'lineOf'>;
  path: Path;
}

const origins = new WeakMap<object, ValueOrigin>();

export function rememberOrigin(value: object, origin: ValueOrigin): void {
  origins.set(value, origin);
}

export function findOrigin(value: unknown): ValueOrigin | undefined {
  return typeof value === 'object' && value !== null ? origins.get(value) : undefined;
}
