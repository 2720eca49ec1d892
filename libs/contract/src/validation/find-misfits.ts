import type { ErrorObject, ValidateFunction } from 'ajv';
import { isEntity } from '../event-types.js';
import { nameSchema } from '../schema/json-schema.js';
import { findRecordClass, makeRecordSchema } from '../schema/record-schema.js';
import { describeClassProblems } from './class-check.js';
import { compileSchema, compileThorough, describeAjvErrors } from './compile-schema.js';

/** A field that a record can do without, with a value that breaks its schema. */
export interface Misfit {
  /** `amount`, or a part of the address: `address.country`. */
  field: string;
  /** In words for people, never with the value. */
  why: string;
}

interface Validators {
  /** Says no at the first thing that is wrong. */
  quick: ValidateFunction;
  thorough: ValidateFunction;
  leavable: ReadonlySet<string>;
}

/** Compiled at first use. */
const validatorsByName = new Map<string, Validators>();

/**
 * The fields without which the record, or the patch of one, would keep its schema. What no record can be without is not
 * among them, nor is a field that the model does not know: {@link validateRecord} refuses those.
 */
export function findMisfits(entity: string, data: Readonly<Record<string, unknown>>): Misfit[] {
  if (!isEntity(entity)) return [];
  const name = nameSchema(entity);
  const validators = findValidators(name);
  if (validators.quick(data)) return [];
  validators.thorough(data);
  const fields = new Map<string, ErrorObject>();
  for (const error of validators.thorough.errors ?? []) {
    const field = nameField(error);
    if (validators.leavable.has(field.split('.', 1)[0]!) && !fields.has(field)) fields.set(field, error);
  }
  // A whole address that is none has no parts.
  for (const field of fields.keys())
    if (fields.has(field.split('.', 1)[0]!) && field.includes('.')) fields.delete(field);
  if (fields.size === 0) return [];
  const worded = describeClassProblems(findRecordClass(name), data, true);
  return [...fields].map(([field, error]) => ({
    field,
    why: worded.find((problem) => isAbout(problem, field)) ?? describeAjvErrors([error]).join(),
  }));
}

function findValidators(name: string): Validators {
  const known = validatorsByName.get(name);
  if (known) return known;
  const whole = makeRecordSchema(name);
  // What is missing is asked for where the record is whole: here, what is there is looked at.
  const schema = { ...whole, required: [] };
  const required = new Set(whole.required);
  const leavable = new Set(Object.keys(whole.properties ?? {}).filter((field) => !required.has(field)));
  const validators = { quick: compileSchema(schema), thorough: compileThorough(schema), leavable };
  validatorsByName.set(name, validators);
  return validators;
}

/** A list stands or falls as a whole; an address part by part. */
function nameField({ instancePath }: ErrorObject): string {
  const [, field = '', part] = instancePath.split('/');
  return field === 'address' && part !== undefined ? `${field}.${part}` : field;
}

function isAbout(problem: string, field: string): boolean {
  return problem.startsWith(field) && [' ', '.', ':'].includes(problem.charAt(field.length));
}
