import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Min,
  ValidateNested,
} from 'class-validator';
import { NORMALISER } from '../normaliser/normaliser.js';

export class DropCommand {
  @IsIn([NORMALISER], { message: 'consumer: the publisher runs none but the normaliser' })
  consumer!: string;

  /** Sequences in CRM_DEAD. */
  @IsArray()
  @ArrayMaxSize(10_000)
  @IsInt({ each: true })
  @Min(1, { each: true })
  sequences!: number[];

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;
}

class CommandPatch {
  @IsString()
  @IsNotEmpty()
  hash!: string;

  /** By sequence in CRM_DEAD, as JSON text. */
  @IsObject()
  payloads!: Record<string, string>;
}

export class RedriveCommand extends DropCommand {
  /** The ledger drops what is older all the same. */
  @IsOptional()
  @IsBoolean()
  again?: boolean;

  /** What goes instead of the payloads that were buried. */
  @IsOptional()
  @ValidateNested()
  @Type(() => CommandPatch)
  patch?: CommandPatch;
}

class ConnectionCommand {
  @IsString()
  @IsNotEmpty()
  tenant!: string;

  /** Its name. */
  @IsString()
  @IsNotEmpty()
  connection!: string;
}

export class CancelBackfillCommand extends ConnectionCommand {}

export class BackfillCommand extends ConnectionCommand {
  /** Absent: all that the source can scan. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  entities?: string[];

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;
}

export class LedgerRebuildCommand {
  /** `verify`: it is compared, and the ledger stays as it is. */
  @IsIn(['rebuild', 'verify'])
  goal!: 'rebuild' | 'verify';

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;
}

class RetellPosition {
  @IsString()
  entity!: string;

  @IsString()
  id!: string;
}

export class RetellCommand extends ConnectionCommand {
  /** Absent: all. */
  @IsOptional()
  @IsString()
  entity?: string;

  /** A field of the canonical record; absent: any that could not be read. */
  @IsOptional()
  @IsString()
  field?: string;

  /** As the last answer had it. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RetellPosition)
  after?: RetellPosition;

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;
}

export class ExplainQuestion {
  /** `acme/hubspot/deal/4711`, or `deal/4711`. */
  @IsString()
  @IsNotEmpty()
  record!: string;

  /** Also what changed fields held. */
  @IsOptional()
  @IsBoolean()
  values?: boolean;
}
