import { ValidationTypes, validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import type { RecordPart } from '../records/field-decorators.js';
import { findInherited } from '../schema/record-schema.js';
import { joinPath } from './compile-schema.js';

/**
 * What class-validator has against a record, as `field reason`, never with a value. Slow (some 60 µs): it words the
 * errors of what the compiled validator has refused. With `partial`, whatever is missing but the id is passed over; what
 * is there must be whole.
 */
export function describeClassProblems(recordClass: RecordPart, data: unknown, partial = false): string[] {
  if (!isRecord(data)) return ['it must be an object'];
  const problems: string[] = [];
  const instance = instantiate(recordClass, data, (field) => problems.push(`${field} should not exist`));
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    validationError: { target: false, value: false },
  });
  // Not class-validator's own skipping, which lets null pass, and parts that lack a field.
  const counted = errors.filter(({ property }) => !partial || property === 'id' || data[property] !== undefined);
  return [...problems, ...counted.flatMap((error) => describeErrors(error, ''))];
}

/**
 * Plain data as instances of its classes. By hand, as class-transformer drops fields named like members of
 * Object.prototype, and calls what stands in a field `constructor`.
 */
function instantiate(recordClass: RecordPart, data: Record<string, unknown>, refuse: (field: string) => void): object {
  const instance = Object.create(recordClass.prototype as object) as Record<string, unknown>;
  for (const [field, value] of Object.entries(data)) {
    if (field in Object.prototype) {
      refuse(field);
      continue;
    }
    const part = findInherited(recordClass, field);
    instance[field] = part ? instantiatePart(part, value, (inner) => refuse(`${field}.${inner}`)) : value;
  }
  return instance;
}

function instantiatePart(part: RecordPart, value: unknown, refuse: (field: string) => void): unknown {
  if (Array.isArray(value))
    return value.map((item: unknown) => (isRecord(item) ? instantiate(part, item, refuse) : item));
  return isRecord(value) ? instantiate(part, value, refuse) : value;
}

function describeErrors(error: ValidationError, parent: string): string[] {
  // What stands where no object may be (a list in a list) has no property of its own, whatever the library's types say.
  const property = (error.property as string | undefined) ?? '';
  const path = property ? joinPath(parent, property) : parent;
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => {
    if (constraint === ValidationTypes.WHITELIST) return `${path} should not exist`;
    const isAboutField = property !== '' && message.startsWith(property);
    return isAboutField ? `${path}${message.slice(property.length)}` : `${path}: ${message}`;
  });
  return [...own, ...(error.children ?? []).flatMap((child) => describeErrors(child, path))];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
