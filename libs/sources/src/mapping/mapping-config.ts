import { isEventType } from '@crm-mesh/contract';
import { isObject } from '@crm-mesh/sdk/kit';
import { plainToInstance, Transform } from 'class-transformer';
import {
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
import { findUnknownField, toMap, toRules, type FieldRule } from './field-rule.js';

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

  /** Dotted path to the object that holds the fields; `.` is the event itself. */
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
