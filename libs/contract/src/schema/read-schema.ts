import { wrapRecordSchema } from './data-schema.js';
import type { JsonSchema, SchemaName } from './json-schema.js';
import { RECORD_SCHEMAS } from './record-schemas.js';

let schemas: Record<SchemaName, JsonSchema> | undefined;

/** A whole canonical record, as a source makes it and the ledger holds it; as it was generated from its class. */
export function readRecordSchema(name: SchemaName): JsonSchema {
  schemas ??= JSON.parse(RECORD_SCHEMAS) as Record<SchemaName, JsonSchema>;
  return schemas[name]!;
}

/** The `data` of an entity's events. */
export function readDataSchema(name: SchemaName): JsonSchema {
  return wrapRecordSchema(name, readRecordSchema(name));
}
