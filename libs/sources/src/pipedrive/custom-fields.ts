import type { SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';
import type { Row } from './lists.js';
import { nameField } from './metadata.js';

const KEY = /^[0-9a-f]{40}$/;

/**
 * Custom fields by their names. Webhooks wrap each value with its type, version 2 of the API does not, and version 1 puts
 * them beside the other fields: here they are all the same.
 */
export async function readCustomFields(
  entity: string,
  row: Row,
  context: SourceContext<PipedriveConfig>,
): Promise<[string, unknown][]> {
  const values = isObject(row.custom_fields) ? row.custom_fields : pickFlat(row);
  const given = context.config.customFields[entity] ?? {};
  const read = Object.entries(values).map(async ([key, wrapped]): Promise<[string, unknown][]> => {
    const value = unwrap(wrapped);
    return value === undefined ? [] : [[given[key] ?? (await nameField(entity, key, context)), value]];
  });
  return (await Promise.all(read)).flat();
}

/** Version 1 has an amount's currency in a field of its own. */
function pickFlat(row: Row): Row {
  const keys = Object.keys(row).filter((key) => KEY.test(key));
  return Object.fromEntries(
    keys.map((key) => {
      const currency = row[`${key}_currency`];
      return [key, typeof currency === 'string' ? { value: row[key], currency } : row[key]];
    }),
  );
}

/** `{type, value}` and `value` are the same, `{type, id}` and the id, `{type, values: [{id}]}` and the ids. */
function unwrap(wrapped: unknown): unknown {
  if (wrapped === null || wrapped === undefined || wrapped === '') return undefined;
  if (Array.isArray(wrapped)) return wrapped.length === 0 ? undefined : wrapped.map(unwrapItem);
  if (!isObject(wrapped)) return wrapped;
  const { type: _type, ...parts } = wrapped;
  const told = Object.entries(parts).filter(([, part]) => part !== null && part !== undefined);
  const [first] = told;
  if (!first) return undefined;
  const isAlone = told.length === 1 && ['value', 'values', 'id'].includes(first[0]);
  return isAlone ? unwrap(first[1]) : Object.fromEntries(told);
}

function unwrapItem(item: unknown): unknown {
  return isObject(item) ? (item.id ?? item) : item;
}
