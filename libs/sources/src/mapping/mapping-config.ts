import { isEntity, isEventType } from '@crm-mesh/contract';
import { isObject } from '@crm-mesh/sdk/kit';
import { plainToInstance, Transform } from 'class-transformer';
import {
  Allow,
  IsIn,
  IsInstance,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
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

/** How the fields of one entity are found; what is not named keeps its name. */
export class EntityMapping {
  @IsInstance(Map, { message: '$property must be a table: field → path or rule' })
  @ValidateNested()
  @Transform(({ obj }) => toRules((obj as EntityMapping).fields))
  fields: Map<string, FieldRule> = new Map();
}

/** How the JSON of a connection without a CRM behind it becomes canonical records. */
export class MappingConfig {
  /** What stands before `contact.created` in the sender's types, e.g. `com.example.crm.`. */
  @IsString()
  typePrefix: string = '';

  /** The sender's types that are named otherwise: `{order.paid: deal.won}`. */
  @IsObject()
  @ValidateBy({
    name: 'isTypeTable',
    validator: {
      validate: (table) =>
        isObject(table) && Object.values(table).every((type) => typeof type === 'string' && isEventType(type)),
      defaultMessage: () => '$property must name canonical event types, such as {order.paid: deal.won}',
    },
  })
  types: Record<string, string> = {};

  /** What to do with a type that is in no table: refuse the request (400), or accept and drop it. */
  @IsIn(['refuse', 'ignore'])
  unknownTypes: 'refuse' | 'ignore' = 'refuse';

  /** Dotted path to the record's id; where nothing stands there, what follows the first slash of `subject`. */
  @IsString()
  @IsNotEmpty()
  id: string = 'data.id';

  /** Dotted path to the time of the change. Default: `time` (CloudEvents), `timestamp` (Standard Webhooks). */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  modifiedAt?: string;

  /** Dotted path to the object that holds the fields. */
  @IsString()
  @IsNotEmpty()
  record: string = 'data';

  /**
   * Whether an event carries the whole record, or only what changed (`patch`: merged over the last known state, field
   * by field by the time at which each was told).
   */
  @IsIn(['whole', 'patch'])
  payload: 'whole' | 'patch' = 'whole';

  /** ISO 4217, for amounts that come without one. */
  @IsOptional()
  @Matches(/^[A-Z]{3}$/, { message: '$property must be a currency code of three capital letters, such as EUR' })
  currency?: string;

  /** What a bare amount counts: euros (`major`) or cents (`minor`). */
  @IsIn(['major', 'minor'])
  moneyUnit: 'major' | 'minor' = 'major';

  /** Per entity: where its fields come from. */
  @IsInstance(Map, { message: '$property must be a table: entity → {fields}' })
  @ValidateBy({
    name: 'hasKnownFields',
    validator: {
      validate: (entities) => findUnknownField(entities) === undefined,
      defaultMessage: (args) => findUnknownField(args?.value) ?? '',
    },
  })
  @ValidateNested()
  @Transform(({ obj }) => toMap((obj as MappingConfig).entities, (value) => plainToInstance(EntityMapping, value)))
  entities: Map<string, EntityMapping> = new Map();
}

function findUnknownField(entities: unknown): string | undefined {
  if (!(entities instanceof Map)) return undefined;
  for (const [entity, mapping] of entities as Map<string, EntityMapping>) {
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

function toRules(value: unknown): unknown {
  return toMap(value, (rule) =>
    typeof rule === 'string' ? plainToInstance(FieldRule, { path: rule }) : plainToInstance(FieldRule, rule),
  );
}

/** What is no table is left for the validator to refuse. */
function toMap(value: unknown, convert: (value: unknown) => object): unknown {
  if (value instanceof Map || !isObject(value)) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}
