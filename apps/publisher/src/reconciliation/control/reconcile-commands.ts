import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

class BudgetCommand {
  @IsOptional()
  @IsInt()
  @Min(1)
  maxRepairs?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  maxCalls?: number;

  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(100)
  maxPercent?: number;
}

export class ReconcilePairCommand {
  /** `acme/hubspot`, or the name of a plugin. */
  @IsString()
  @IsNotEmpty()
  pair!: string;
}

export class ReconcileCommand extends ReconcilePairCommand {
  /** Absent: all. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  entities?: string[];

  /** `acme/hubspot/deal/4711` */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  record?: string;

  /** Ids. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  from?: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  to?: string;

  /** Of a connection: also what is other content at the same time. */
  @IsOptional()
  @IsBoolean()
  content?: boolean;

  /** Absent: it only compares. */
  @IsOptional()
  @IsBoolean()
  repair?: boolean;

  /** The answer to what it would ask, or has asked. */
  @IsOptional()
  @IsBoolean()
  yes?: boolean;

  /** The run whose question is answered; absent: the newest one's. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  answers?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => BudgetCommand)
  budget?: BudgetCommand;

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;
}

export class ReconcileReportCommand {
  /** Absent: the newest. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  run?: string;

  /** Absent: of any. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  pair?: string;

  /** So many of each label. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100)
  examples?: number;
}

export class ReconcileListCommand {
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  pair?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}
