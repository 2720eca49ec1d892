import { isEntity } from '@crm-mesh/contract';
import { isObject } from '@crm-mesh/sdk/kit';
import { plainToInstance, Transform } from 'class-transformer';
import { Allow, IsIn, IsInstance, IsNotEmpty, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { readFieldKinds } from './field-kinds.js';

/** Where one canonical field comes from. In mesh.yaml a bare text stands for its `path`. */
export class FieldRule {
  /** Dotted path below the record, e.g. `customer.name` or `items[0].sku`. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  path?: string;

  /** A constant, instead of a path. */
  @Allow()
  const?: unknown;

  /** The sender's words as ours, e.g. `{closed_won: won}`. A value that is not listed passes as it is. */
  @IsOptional()
  @IsObject()
  values?: Record<string, unknown>;

  /** What a bare amount counts; default: the mapping's `moneyUnit`. */
  @IsOptional()
  @IsIn(['major', 'minor'])
  unit?: 'major' | 'minor';

  /** A currency code, or the dotted path to one. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  currency?: string;

  /** For `lines`: where the fields of each line come from. */
  @IsOptional()
  @IsInstance(Map, { message: '$property must be a table: field → path or rule' })
  @ValidateNested()
  @Transform(({ obj }) => toRules((obj as FieldRule).fields))
  fields?: Map<string, FieldRule>;
}

/** What is wrong with the names in a table of entities; undefined: nothing. */
export function findUnknownField(entities: unknown): string | undefined {
  if (!(entities instanceof Map)) return undefined;
  for (const [entity, mapping] of entities as Map<string, { fields: ReadonlyMap<string, FieldRule> }>) {
    if (!isEntity(entity)) return `entities.${entity}: there is no such entity; custom ones are named custom-…`;
    if (!(mapping?.fields instanceof Map)) continue;
    const kinds = readFieldKinds(entity);
    for (const field of mapping.fields.keys()) {
      if (field === 'id') return `entities.${entity}.fields.id: the id is found by \`id\` of the mapping`;
      if (!kinds.has(field) && !field.startsWith('custom.')) {
        return `entities.${entity}.fields.${field}: ${entity} has no such field; for one of your own write custom.${field}`;
      }
    }
  }
  return undefined;
}

export function toRules(value: unknown): unknown {
  return toMap(value, (rule) =>
    typeof rule === 'string' ? plainToInstance(FieldRule, { path: rule }) : plainToInstance(FieldRule, rule),
  );
}

/** What is no table is left for the validator to refuse. */
export function toMap(value: unknown, convert: (value: unknown) => object): unknown {
  if (value instanceof Map || !isObject(value)) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}
