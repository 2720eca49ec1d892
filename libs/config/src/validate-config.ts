import type { ConfigSchema, StandardIssue, StandardSchema } from '@crm-mesh/sdk';
import { checkClass } from './class-problems.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { findOrigin } from './value-origin.js';
import { formatPath, type Path } from './yaml-source.js';

interface Found {
  segments: Path;
  message: string;
  cure: string;
}

/**
 * A plugin's or source's own part of mesh.yaml, checked by the class or Standard Schema that it declares.
 * `path` says where the part stands (`plugins.deal-won-notifier`). Throws a {@link ConfigError}, with the line where
 * the value came out of {@link loadConfig}.
 */
export async function validateConfig<T>(schema: ConfigSchema<T>, value: unknown, path: string): Promise<T> {
  const { instance, found } = isStandardSchema(schema) ? await askStandard(schema, value) : askClass(schema, value);
  if (found.length > 0) throw new ConfigError(found.map((problem) => locate(problem, value, path)));
  return instance as T;
}

function isStandardSchema<T>(schema: ConfigSchema<T>): schema is StandardSchema<T> {
  return '~standard' in schema;
}

function askClass<T>(type: new () => T, value: unknown): { instance: T; found: Found[] } {
  const { instance, problems } = checkClass(type as new () => T & object, value);
  return { instance, found: problems };
}

async function askStandard<T>(schema: StandardSchema<T>, value: unknown): Promise<{ instance?: T; found: Found[] }> {
  const result = await schema['~standard'].validate(value ?? {});
  if (result.issues === undefined) return { instance: result.value, found: [] };
  return { found: result.issues.map(describeIssue) };
}

function describeIssue(issue: StandardIssue): Found {
  const segments = (issue.path ?? []).map((part) => {
    const key = typeof part === 'object' ? part.key : part;
    return typeof key === 'symbol' ? String(key) : key;
  });
  return { segments, message: issue.message.replace(/[.\s]+$/, ''), cure: 'Mend the value.' };
}

function locate({ segments, message, cure }: Found, value: unknown, path: string): ConfigProblem {
  const inner = formatPath(segments);
  const full = inner === '' ? path : `${path}${inner.startsWith('[') ? '' : '.'}${inner}`;
  const origin = findOrigin(value);
  if (origin === undefined) return { path: full, message, cure };
  const { file, lineOf } = origin.source;
  return { path: full, message, cure, file, line: lineOf([...origin.path, ...segments]) };
}
