import type { ErrorObject } from 'ajv';
import { isEntity } from '../event-types.js';
import { nameSchema } from '../schema/json-schema.js';
import { readRecordSchema } from '../schema/read-schema.js';
import { createChecker, type Checker } from './checker.js';
import { describeAjvErrors } from './compile-schema.js';

/** A field that a record can do without, with a value that breaks its schema. */
export interface Misfit {
  /** `amount`, or a part of the address: `address.country`. */
  field: string;
  /** In words for people, never with the value. */
  why: string;
}

interface PartChecker extends Checker {
  leavable: ReadonlySet<string>;
}

/** Compiled at first use. */
const checkers = new Map<string, PartChecker>();

/**
 * The fields without which the record, or the patch of one, would keep its schema. What no record can be without is not
 * among them, nor is a field that the model does not know: {@link validateRecord} refuses those.
 */
export function findMisfits(entity: string, data: Readonly<Record<string, unknown>>): Misfit[] {
  if (!isEntity(entity)) return [];
  const checker = findChecker(nameSchema(entity));
  if (checker.accepts(data)) return [];
  const fields = new Map<string, ErrorObject>();
  for (const error of checker.listErrors(data)) {
    const field = nameField(error);
    if (checker.leavable.has(field.split('.', 1)[0]!) && !fields.has(field)) fields.set(field, error);
  }
  // A whole address that is none has no parts.
  for (const field of fields.keys())
    if (fields.has(field.split('.', 1)[0]!) && field.includes('.')) fields.delete(field);
  return [...fields].map(([field, error]) => ({ field, why: describeAjvErrors([error]).join() }));
}

function findChecker(name: string): PartChecker {
  const known = checkers.get(name);
  if (known) return known;
  const whole = readRecordSchema(name);
  const required = new Set(whole.required);
  const leavable = new Set(Object.keys(whole.properties ?? {}).filter((field) => !required.has(field)));
  // What is missing is asked for where the record is whole: here, what is there is looked at.
  const checker = { ...createChecker({ ...whole, required: [] }), leavable };
  checkers.set(name, checker);
  return checker;
}

/** A list stands or falls as a whole; an address part by part. */
function nameField({ instancePath }: ErrorObject): string {
  const [, field = '', part] = instancePath.split('/');
  return field === 'address' && part !== undefined ? `${field}.${part}` : field;
}
