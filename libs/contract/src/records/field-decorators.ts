import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsArray, IsObject, IsString, Matches, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { isDay, isTimestamp } from './formats.js';
import { DAY_OR_TIMESTAMP_WORDS, DECIMAL, TIMESTAMP_WORDS, type TextForm } from './text-forms.js';

/**
 * The fields of canonical records, each one decorator that class-validator and the JSON Schema made from it read
 * alike. (class-validator alone lets an array pass for a nested object, one item for a list, null for anything
 * optional.)
 */

export type RecordPart = new () => object;

/** Names that the decorators below give to class-validator and to the schema's converters. */
export const IS_TIMESTAMP = 'isTimestamp';
export const IS_DAY_OR_TIMESTAMP = 'isDayOrTimestamp';

const parts = new Map<unknown, Map<string, () => RecordPart>>();

/** The class of a nested field (or of a list's items) that `declaringClass` declares itself. */
export function findPart(declaringClass: unknown, field: string): RecordPart | undefined {
  return parts.get(declaringClass)?.get(field)?.();
}

/** May be absent. Null is refused: what a CRM has cleared is absent, and only that. */
export function IsAbsentOr(): PropertyDecorator {
  return ValidateIf((_record, value) => value !== undefined);
}

/** Optional text. */
export function IsText(): PropertyDecorator {
  return compose(IsAbsentOr(), IsString());
}

/** Optional list of texts. */
export function IsTextList(): PropertyDecorator {
  return compose(IsAbsentOr(), IsArray(), IsString({ each: true }));
}

/** Optional point in time, see {@link isTimestamp}. */
export function IsTimestamp(): PropertyDecorator {
  return compose(
    IsAbsentOr(),
    ValidateBy({
      name: IS_TIMESTAMP,
      validator: {
        validate: isTimestamp,
        defaultMessage: () => `$property ${TIMESTAMP_WORDS}`,
      },
    }),
  );
}

/** Optional day or point in time, as precise as the CRM is. */
export function IsDayOrTimestamp(): PropertyDecorator {
  return compose(
    IsAbsentOr(),
    ValidateBy({
      name: IS_DAY_OR_TIMESTAMP,
      validator: {
        validate: (value) => isDay(value) || isTimestamp(value),
        defaultMessage: () => `$property ${DAY_OR_TIMESTAMP_WORDS}`,
      },
    }),
  );
}

/** Decimal text, so that no digit is lost: `12.50`. */
export function IsDecimal(): PropertyDecorator {
  return HasForm(DECIMAL);
}

/** Text of that form. */
export function HasForm({ pattern, words }: TextForm): PropertyDecorator {
  return Matches(pattern, { message: `$property ${words}` });
}

/** Optional nested object. */
export function IsPart(type: () => RecordPart): PropertyDecorator {
  return compose(IsAbsentOr(), IsObject(), ValidateNested(), Type(type), rememberPart(type));
}

/** Optional list of nested objects. */
export function IsPartList(type: () => RecordPart): PropertyDecorator {
  const each = { each: true };
  return compose(IsAbsentOr(), IsArray(), IsObject(each), ValidateNested(each), Type(type), rememberPart(type));
}

function rememberPart(type: () => RecordPart): PropertyDecorator {
  return (prototype, field) => {
    const fields = parts.get(prototype.constructor) ?? new Map<string, () => RecordPart>();
    parts.set(prototype.constructor, fields.set(String(field), type));
  };
}

function compose(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (prototype, field) => decorators.forEach((decorate) => decorate(prototype, field));
}
