import type { ErrorObject } from 'ajv';
import {
  COUNTRY,
  CURRENCY,
  DAY_OR_TIMESTAMP_WORDS,
  DECIMAL,
  TIMESTAMP_WORDS,
  type TextForm,
} from '../records/text-forms.js';
import type { JsonSchema } from '../schema/json-schema.js';

const FORMS: readonly TextForm[] = [DECIMAL, CURRENCY, COUNTRY];
const OF_FORM: ReadonlySet<string> = new Set(['anyOf', 'enum', 'format', 'pattern', 'type']);
const TYPES: Readonly<Record<string, string>> = {
  array: 'must be an array',
  boolean: 'must be true or false',
  integer: 'must be a whole number',
  number: 'must be a number',
  object: 'must be an object',
  string: 'must be a string',
};

/** What a field of a record has to be, in words for people; undefined where the error does not know its schema. */
export function wordRule({ keyword, parentSchema }: ErrorObject): string | undefined {
  const schema = parentSchema as JsonSchema | undefined;
  if (!schema) return undefined;
  if (keyword === 'minLength' && schema.minLength === 1) return 'should not be empty';
  if (keyword === 'minimum') return `must not be less than ${schema.minimum}`;
  if (keyword === 'maximum') return `must not be greater than ${schema.maximum}`;
  return OF_FORM.has(keyword) ? wordForm(schema) : undefined;
}

function wordForm({ enum: values, pattern, anyOf, format, type = '' }: JsonSchema): string | undefined {
  if (values) return `must be one of the following values: ${values.join(', ')}`;
  if (pattern !== undefined) return FORMS.find((form) => form.pattern.source === pattern)?.words;
  if (anyOf) return DAY_OR_TIMESTAMP_WORDS;
  return format === 'date-time' ? TIMESTAMP_WORDS : TYPES[type];
}
