import type { ConfigSchema, StandardIssue, StandardSchema } from '@crm-mesh/sdk';
import { checkClass } from './class-problems.js';

/** Something wrong in a part of the configuration; plain data. */
export interface FoundInConfig {
  segments: readonly (string | number)[];
  message: string;
  cure: string;
}

/** What a schema makes of a value, and all that is wrong with it. Knows nothing of files, so a plugin's worker can ask it. */
export async function checkConfig<T>(
  schema: ConfigSchema<T>,
  value: unknown,
): Promise<{ instance?: T; found: FoundInConfig[] }> {
  return isStandardSchema(schema) ? askStandard(schema, value) : askClass(schema, value);
}

function isStandardSchema<T>(schema: ConfigSchema<T>): schema is StandardSchema<T> {
  return '~standard' in schema;
}

function askClass<T>(type: new () => T, value: unknown): { instance: T; found: FoundInConfig[] } {
  const { instance, problems } = checkClass(type as new () => T & object, value);
  return { instance, found: problems };
}

async function askStandard<T>(
  schema: StandardSchema<T>,
  value: unknown,
): Promise<{ instance?: T; found: FoundInConfig[] }> {
  const result = await schema['~standard'].validate(value ?? {});
  if (result.issues === undefined) return { instance: result.value, found: [] };
  return { found: result.issues.map(describeIssue) };
}

function describeIssue(issue: StandardIssue): FoundInConfig {
  const segments = (issue.path ?? []).map((part) => {
    const key = typeof part === 'object' ? part.key : part;
    return typeof key === 'symbol' ? String(key) : key;
  });
  return { segments, message: issue.message.replace(/[.\s]+$/, ''), cure: 'Mend the value.' };
}
