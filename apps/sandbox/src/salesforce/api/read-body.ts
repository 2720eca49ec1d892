import type { Actor } from '../../crm/crm-change.js';
import type { Input } from '../rows/write-row.js';
import { refuse } from '../salesforce-error.js';
import type { Field, SObject } from '../schema/field.js';
import { readField } from '../schema/field-book.js';

export function readInput(body: unknown): Input {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw refuse('JSON_PARSER_ERROR', 'The HTTP entity body is required, and must be an object');
  return body as Input;
}

export function readTexts(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw refuse('JSON_PARSER_ERROR', `${name} must be a list`);
  return value.map(String);
}

/** `a,b`; undefined: all of them. */
export function readFields(object: SObject, text: string | undefined): readonly Field[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '').map((name) => readField(object, name));
}

/** Who writes through the API: the app, under the name that it gives itself (`Sforce-Call-Options: client=…`). */
export function readActor(options: string | undefined): Actor {
  const client = /(?:^|[,;\s])client=([^,;\s]+)/.exec(options ?? '')?.[1];
  return { changeSource: 'INTEGRATION', sourceId: client ?? '' };
}
