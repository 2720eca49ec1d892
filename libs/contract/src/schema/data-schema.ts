import { dataSchemaUrl } from './json-schema.js';
import type { JsonSchema, SchemaName } from './json-schema.js';

/**
 * The `data` of an entity's events: the record, and what changed in it. Only `id` is demanded of the record, as
 * `deleted` and `erased` events may have lost the rest; the other events' own schemas demand more.
 */
export function wrapRecordSchema(name: SchemaName, record: JsonSchema): JsonSchema {
  const change: JsonSchema = { type: 'object', properties: { from: {}, to: {} }, additionalProperties: false };
  return {
    ...record,
    $id: dataSchemaUrl(name),
    title: `${record.title} event data`,
    properties: {
      ...record.properties,
      changes: {
        type: 'object',
        description: 'What is new, by field (custom ones as custom.<name>); a side is absent where the field was.',
        additionalProperties: change,
      },
      mergedIds: {
        type: 'array',
        description:
          'Ids of the records that this one has swallowed: with merged, and where a record is first seen after it.',
        items: { type: 'string' },
      },
      mergedInto: { type: 'string', description: 'For deleted: the record that has swallowed this one.' },
    },
    required: ['changes', 'id'],
  };
}
