import type { ConfigSchema } from '@crm-mesh/sdk';
import { checkConfig, type FoundInConfig } from './check-config.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { findOrigin } from './value-origin.js';
import { formatPath } from './yaml-source.js';

/**
 * A plugin's or source's own part of mesh.yaml, checked by the class or Standard Schema that it declares.
 * `path` says where the part stands (`plugins.deal-won-notifier`). Throws a {@link ConfigError}, with the line where
 * the value came out of {@link loadConfig}.
 */
export async function validateConfig<T>(schema: ConfigSchema<T>, value: unknown, path: string): Promise<T> {
  const { instance, found } = await checkConfig(schema, value);
  refuseConfig(found, value, path);
  return instance as T;
}

/** Throws a {@link ConfigError} when something was found; `value` is what was checked, wherever that was done. */
export function refuseConfig(found: readonly FoundInConfig[], value: unknown, path: string): void {
  if (found.length > 0) throw new ConfigError(found.map((problem) => locate(problem, value, path)));
}

function locate({ segments, message, cure }: FoundInConfig, value: unknown, path: string): ConfigProblem {
  const inner = formatPath(segments);
  const full = inner === '' ? path : `${path}${inner.startsWith('[') ? '' : '.'}${inner}`;
  const origin = findOrigin(value);
  if (origin === undefined) return { path: full, message, cure };
  const { file, lineOf } = origin.source;
  return { path: full, message, cure, file, line: lineOf([...origin.path, ...segments]) };
}
