import type { ErrorObject, ValidateFunction } from 'ajv';
import { MeshError } from '../errors.js';
import { isEntity } from '../event-types.js';
import type { RecordOf } from '../records/index.js';
import { carriesRecord, listRequiredFields } from '../schema/event-schema.js';
import { nameSchema } from '../schema/json-schema.js';
import { findRecordClass, makeDataSchema, makeRecordSchema } from '../schema/record-schema.js';
import { compileSchema, describeAjvErrors } from './compile-schema.js';
import { describeClassProblems } from './class-check.js';

const MAX_PROBLEMS = 3;

/** Compiled at first use: `record deal`, `data deal true` (with the whole record) … */
const validators = new Map<string, ValidateFunction>();

/**
 * Whether `data` is a canonical record of the entity. Unknown fields are refused except inside `custom`, and so is
 * null. Throws MESH_EVENT_INVALID, which names the field and never the value.
 */
export function validateRecord<E extends string>(entity: E, data: unknown): RecordOf<E> {
  const name = readSchemaName(entity);
  const validate = findValidator(`record ${name}`, () => makeRecordSchema(name));
  if (!validate(data))
    throw createInvalid(`A ${entity} record`, describeClassProblems(findRecordClass(name), data), validate.errors);
  return data as RecordOf<E>;
}

/** As {@link validateRecord}, for the `data` of an event. */
export function validateEventData(entity: string, action: string, data: unknown): void {
  const name = readSchemaName(entity);
  const validate = findValidator(`data ${name} ${carriesRecord(action)}`, () => ({
    ...makeDataSchema(name),
    required: listRequiredFields(name, action),
  }));
  if (validate(data)) return;
  const {
    changes: _changes,
    mergedIds: _mergedIds,
    mergedInto: _mergedInto,
    ...record
  } = data as Record<string, unknown>;
  const problems = describeClassProblems(findRecordClass(name), record, !carriesRecord(action));
  throw createInvalid(`The data of a crm.${entity}.${action} event`, problems, validate.errors);
}

function readSchemaName(entity: string): string {
  if (isEntity(entity)) return nameSchema(entity);
  throw new MeshError('MESH_EVENT_INVALID', 'The entity is none of the known ones, nor "custom-…" in lower case.');
}

function findValidator(key: string, makeSchema: () => object): ValidateFunction {
  let validate = validators.get(key);
  if (!validate) validators.set(key, (validate = compileSchema(makeSchema())));
  return validate;
}

function createInvalid(what: string, problems: string[], errors: ErrorObject[] | null | undefined): MeshError {
  const worded = problems.length > 0 ? problems : describeAjvErrors(errors);
  const rest = worded.length > MAX_PROBLEMS ? ` (and ${worded.length - MAX_PROBLEMS} more)` : '';
  return new MeshError(
    'MESH_EVENT_INVALID',
    `${what} breaks its schema: ${worded.slice(0, MAX_PROBLEMS).join('; ')}${rest}.`,
  );
}
