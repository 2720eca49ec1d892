import type { ErrorObject, ValidateFunction } from 'ajv';
import type { JsonSchema } from '../schema/json-schema.js';
import { compileSchema, compileThorough } from './compile-schema.js';

/** A schema that is asked often, and seldom says no. */
export interface Checker {
  accepts(data: unknown): boolean;
  /** All that is wrong, an alternative by alternative once: slower. */
  listErrors(data: unknown): ErrorObject[];
}

export function createChecker(schema: JsonSchema): Checker {
  const quick = compileSchema(schema);
  /** Compiled at the first no. */
  let thorough: ValidateFunction | undefined;
  return {
    accepts: (data) => quick(data),
    listErrors(data) {
      thorough ??= compileThorough(schema);
      thorough(data);
      return (thorough.errors ?? []).filter(({ schemaPath }) => !schemaPath.includes('/anyOf/'));
    },
  };
}
