import { Transform, Type } from 'class-transformer';
import { IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import { parseBytes, parseDurationMs } from './quantities.js';

export interface KeyDescription {
  /** For people; the default is shown beside it. */
  meaning: string;
  /** For people: `duration`, `bytes`, `text` … */
  type: string;
  /** Where the class has no initialiser that says it. */
  default?: string;
  /** The class of a nested object, or of the items of a list. */
  nested?: new () => object;
  list?: boolean;
}

const described = new Map<unknown, Map<string, KeyDescription>>();

/** Says what a key of mesh.yaml means; `docs/configuration.md` is made of these. */
export function Key(description: KeyDescription): PropertyDecorator {
  return (target, name) => {
    const keys = described.get(target.constructor) ?? new Map<string, KeyDescription>();
    described.set(target.constructor, keys.set(String(name), description));
    if (description.nested === undefined) return;
    const { nested } = description;
    Type(() => nested)(target, name);
    ValidateNested({ each: description.list ?? false })(target, name);
  };
}

export function listKeys(type: unknown): ReadonlyMap<string, KeyDescription> {
  return described.get(type) ?? new Map<string, KeyDescription>();
}

/** A key that may be absent; `undefined` and `null` count as absent. */
export const Optional = IsOptional;

/** `7d` in the file, milliseconds in the program. */
export function Duration(): PropertyDecorator {
  return buildQuantity('isDuration', parseDurationMs, 'must be a duration such as 30s, 12h or 7d (0: no limit)');
}

/** `2mb` in the file, bytes in the program. */
export function Bytes(): PropertyDecorator {
  return buildQuantity('isBytes', parseBytes, 'must be a size such as 512kb, 2mb or 10gb');
}

/** Numbers may come as text out of `${env:…}`. */
export function NumericText(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value,
  );
}

function buildQuantity(
  name: string,
  parse: (value: unknown) => number | undefined,
  message: string,
): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
  return (target, property) => {
    Transform(({ value }: { value: unknown }) => (isUnset(value) ? undefined : (parse(value) ?? value)))(
      target,
      property,
    );
    ValidateBy({ name, validator: { validate, defaultMessage: () => message } })(target, property);
  };
}

const isUnset = (value: unknown): boolean => value === undefined || value === null;
