import type { DealStatus } from '@crm-mesh/contract';
import { DEAL_STATUSES } from '@crm-mesh/contract/records';
import { plainToInstance, Transform } from 'class-transformer';
import {
  ArrayUnique,
  IsIn,
  IsInstance,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { findUnknownField, toMap, toRules, type FieldRule } from './field-rule.js';

/** What one of the CRM's stages means. */
export class StageOverride {
  /** How people call it. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  name?: string;

  /** Default: as the CRM says. */
  @IsOptional()
  @IsIn(DEAL_STATUSES)
  status?: DealStatus;
}

/** What is otherwise with the records of one entity. */
export class EntityOverrides {
  /** Canonical field, or `custom.<name>` → where it comes from, in the CRM's own object. */
  @IsInstance(Map, { message: '$property must be a table: field → path or rule' })
  @ValidateNested()
  @Transform(({ obj }) => toRules((obj as EntityOverrides).fields))
  fields: Map<string, FieldRule> = new Map();

  /** By the CRM's id of the stage. In mesh.yaml a bare text stands for its name. */
  @IsInstance(Map, { message: '$property must be a table: stage → name or {name, status}' })
  @ValidateNested()
  @Transform(({ obj }) => toMap((obj as EntityOverrides).stages, toStage))
  stages: Map<string, StageOverride> = new Map();

  /** Fields that are left out: canonical ones, or `custom.<name>`. */
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @ArrayUnique()
  without: string[] = [];
}

/** What one connection maps otherwise than its source does: `connections[].mapping` of mesh.yaml. */
export class MappingOverrides {
  /** ISO 4217, for amounts of `fields` that come without one. */
  @IsOptional()
  @Matches(/^[A-Z]{3}$/, { message: '$property must be a currency code of three capital letters, such as EUR' })
  currency?: string;

  /** What a bare amount of `fields` counts. */
  @IsIn(['major', 'minor'])
  moneyUnit: 'major' | 'minor' = 'major';

  /** Per entity. */
  @IsInstance(Map, { message: '$property must be a table: entity → {fields, stages, without}' })
  @ValidateBy({
    name: 'hasKnownFields',
    validator: {
      validate: (entities) => findUnknownField(entities) === undefined,
      defaultMessage: (args) => findUnknownField(args?.value) ?? '',
    },
  })
  @ValidateNested()
  @Transform(({ obj }) => toMap((obj as MappingOverrides).entities, (value) => plainToInstance(EntityOverrides, value)))
  entities: Map<string, EntityOverrides> = new Map();

  /** A TypeScript file that has the last word: its default export is a `defineMapping`. Relative to mesh.yaml. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  file?: string;
}

function toStage(value: unknown): StageOverride {
  return plainToInstance(StageOverride, typeof value === 'string' ? { name: value } : value);
}
