import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { isDay, isTimestamp } from '../records/formats.js';
import type { JsonSchema } from '../schema/json-schema.js';
import { wordRule } from './word-rule.js';

/**
 * Compiles for the event path. Formats are the very functions that the classes use, so both read alike; the schemas
 * are our own and tested, so they are not checked against the meta-schema again at each start.
 */
export function compileSchema(schema: JsonSchema): ValidateFunction {
  // Without its $id it is nobody's reference and cannot clash.
  return (ajv ??= createAjv()).compile({ ...schema, $id: undefined });
}

/** As {@link compileSchema}, and names everything that is wrong, by the rules of its fields: slower. */
export function compileThorough(schema: JsonSchema): ValidateFunction {
  return createAjv(true).compile({ ...schema, $id: undefined });
}

/** What is wrong, as `field reason`, never with a value. */
export function describeAjvErrors(errors: ErrorObject[] | null | undefined): string[] {
  return [...new Set((errors ?? []).map(describeAjvError))];
}

function describeAjvError(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const missing = readText(error.params['missingProperty']);
  if (missing !== undefined) return `${joinPath(path, missing)} is missing`;
  const unknown = readText(error.params['additionalProperty']);
  if (unknown !== undefined) return `${joinPath(path, unknown)} should not exist`;
  return `${path || 'it'} ${wordRule(error) ?? error.message ?? 'is wrong'}`;
}

/** Field names come from outside: they are kept short in messages. */
export function joinPath(path: string, field: string): string {
  const short = field.length > 60 ? `${field.slice(0, 60)}…` : field || '""';
  return path ? `${path}.${short}` : short;
}

let ajv: Ajv | undefined;

function createAjv(allErrors = false): Ajv {
  return new Ajv({
    allErrors,
    // Errors then know the rule that was broken (and the value, which stays here).
    verbose: allErrors,
    strictTypes: false,
    validateSchema: false,
    meta: false,
    formats: { date: isDay, 'date-time': isTimestamp },
  });
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
