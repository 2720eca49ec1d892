import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import { suggestName } from './suggest-name.js';
import type { Path } from './yaml-source.js';

export interface ClassProblem {
  segments: Path;
  message: string;
  cure: string;
}

export interface Checked<T> {
  instance: T;
  problems: ClassProblem[];
}

/** Makes an instance of a class-validator class out of plain data; keys that the class does not know are problems. */
export function checkClass<T extends object>(type: new () => T, data: unknown): Checked<T> {
  const plain = (typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {}) as object;
  const instance = plainToInstance(type, plain, { exposeDefaultValues: true });
  if (plain !== data && data !== undefined && data !== null) {
    return {
      instance,
      problems: [
        { segments: [], message: 'must be a map of keys and values', cure: 'Write `key: value` lines below it.' },
      ],
    };
  }
  const known = listKnownKeys(type);
  if (known.length === 0) {
    // Nothing is declared, so that class-validator would refuse the object as a whole.
    const problems = Object.keys(plain).map((key) => describeUnknown([key], known));
    return { instance, problems };
  }
  const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  return { instance, problems: errors.flatMap((error) => flatten(error, [])) };
}

function flatten(error: ValidationError, above: Path): ClassProblem[] {
  const segments = [...above, toSegment(error)];
  const { whitelistValidation, ...broken } = error.constraints ?? {};
  const own: ClassProblem[] = [];
  if (whitelistValidation) own.push(describeUnknown(segments, listKnownKeys((error.target as object).constructor)));
  if (Object.keys(broken).length > 0) own.push(describeBroken(segments, Object.values(broken), error));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, segments))];
}

/** Items of a list are reported under their index. */
function toSegment(error: ValidationError): string | number {
  return Array.isArray(error.target) ? Number(error.property) : error.property;
}

function describeUnknown(segments: Path, known: readonly string[]): ClassProblem {
  const suggestion = suggestName(String(segments.at(-1)), known);
  if (suggestion) return { segments, message: 'is no known key', cure: `Did you mean "${suggestion}"?` };
  return {
    segments,
    message: 'is no known key',
    cure: known.length > 0 ? `Known here: ${known.join(', ')}.` : 'Remove it: nothing is configurable here.',
  };
}

/** The messages of class-validator begin with the property's name, which the path already says. */
function describeBroken(segments: Path, messages: readonly string[], error: ValidationError): ClassProblem {
  const own = messages.map((message) =>
    message.startsWith(`${error.property} `) ? message.slice(error.property.length + 1) : message,
  );
  const text = own.join(' and ');
  if (error.value !== undefined) return { segments, message: text, cure: 'Mend the value.' };
  return { segments, message: `is missing: it ${text}`, cure: 'Add the key.' };
}

function listKnownKeys(type: unknown): string[] {
  const all = getMetadataStorage().getTargetValidationMetadatas(type as new () => object, '', false, false);
  return [...new Set(all.map((metadata) => metadata.propertyName))];
}
