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

export class CancelBackfillCommand {
  @IsString()
  @IsNotEmpty()
  tenant!: string;

  /** Its name. */
  @IsString()
  @IsNotEmpty()
  connection!: string;
}

export class BackfillCommand extends CancelBackfillCommand {
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
