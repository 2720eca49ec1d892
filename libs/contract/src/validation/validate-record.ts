import { MeshError } from '../errors.js';
import { isEntity } from '../event-types.js';
import type { RecordOf } from '../records/index.js';
import { carriesRecord, listRequiredFields } from '../schema/envelope-schema.js';
import { nameSchema, type JsonSchema } from '../schema/json-schema.js';
import { readDataSchema, readRecordSchema } from '../schema/read-schema.js';
import { createChecker, type Checker } from './checker.js';
import { describeAjvErrors } from './compile-schema.js';

const MAX_PROBLEMS = 3;

/** Compiled at first use: `record deal`, `data deal true` (with the whole record) … */
const checkers = new Map<string, Checker>();

/**
 * Whether `data` is a canonical record of the entity. Unknown fields are refused except inside `custom`, and so is
 * null. Throws MESH_EVENT_INVALID, which names the field and never the value.
 */
export function validateRecord<E extends string>(entity: E, data: unknown): RecordOf<E> {
  const name = readSchemaName(entity);
  const checker = findChecker(`record ${name}`, () => readRecordSchema(name));
  if (!checker.accepts(data)) throw createInvalid(`A ${entity} record`, checker, data);
  return data as RecordOf<E>;
}

/** As {@link validateRecord}, for the `data` of an event. */
export function validateEventData(entity: string, action: string, data: unknown): void {
  const name = readSchemaName(entity);
  const checker = findChecker(`data ${name} ${carriesRecord(action)}`, () => ({
    ...readDataSchema(name),
    required: listRequiredFields(readRecordSchema(name), action),
  }));
  if (!checker.accepts(data)) throw createInvalid(`The data of a crm.${entity}.${action} event`, checker, data);
}

function readSchemaName(entity: string): string {
  if (isEntity(entity)) return nameSchema(entity);
  throw new MeshError('MESH_EVENT_INVALID', 'The entity is none of the known ones, nor "custom-…" in lower case.');
}

function findChecker(key: string, readSchema: () => JsonSchema): Checker {
  let checker = checkers.get(key);
  if (!checker) checkers.set(key, (checker = createChecker(readSchema())));
  return checker;
}

function createInvalid(what: string, checker: Checker, data: unknown): MeshError {
  const problems = describeAjvErrors(checker.listErrors(data));
  const rest = problems.length > MAX_PROBLEMS ? ` (and ${problems.length - MAX_PROBLEMS} more)` : '';
  return new MeshError(
    'MESH_EVENT_INVALID',
    `${what} breaks its schema: ${problems.slice(0, MAX_PROBLEMS).join('; ')}${rest}.`,
  );
}
