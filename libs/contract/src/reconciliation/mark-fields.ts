import { hash } from 'node:crypto';
import { stringifyCanonical } from '../canonical-json.js';

/**
 * The mark of a record where a consumer compares fields: of the JSON with sorted keys of those fields, in the names and forms
 * that events have, the first 16 characters of its SHA-256 in base64url. What is absent, null or empty text counts as absent,
 * for many stores cannot tell these apart.
 */
export function markFields(record: object, fields: readonly string[]): string {
  const values = fields.map((field) => [field, (record as Record<string, unknown>)[field]] as const);
  const held = values.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return hash('sha256', stringifyCanonical(Object.fromEntries(held)) ?? '', 'base64url').slice(0, 16);
}
