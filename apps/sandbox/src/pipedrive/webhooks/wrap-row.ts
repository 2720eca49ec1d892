import type { ObjectType } from '../../crm/object-types.js';
import { CUSTOM_FIELDS, type CustomField } from '../records/fields.js';
import type { Row } from '../records/show-record.js';

/** What the API shows and webhooks do not. */
const API_ONLY = ['is_deleted', 'is_archived', 'archive_time', 'acv', 'arr', 'mrr', 'job_title', 'website', 'industry'];

/** A record as webhooks carry it: `visible_to` is text, and custom fields say of which type they are. */
export function wrapRow(type: ObjectType, row: Row): Row {
  const kept = Object.entries(row).filter(([name]) => type === 'leads' || !API_ONLY.includes(name));
  const wrapped: Row = { ...Object.fromEntries(kept), visible_to: String(row['visible_to']) };
  if (type === 'leads') return wrapped;
  const values = (row['custom_fields'] as Row | undefined) ?? {};
  const fields = CUSTOM_FIELDS[type] ?? [];
  return {
    ...wrapped,
    custom_fields: Object.fromEntries(fields.map((field) => [field.key, wrap(field, values[field.key])])),
  };
}

function wrap({ type }: CustomField, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (type === 'enum') return { type, id: value };
  if (type === 'set') return { type, values: (value as number[]).map((id) => ({ id })) };
  return type === 'monetary' ? { type, ...(value as Row) } : { type, value };
}
