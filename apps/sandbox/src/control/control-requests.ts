import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsNumberString,
  IsObject,
  IsOptional,
  IsUrl,
  Max,
  Min,
} from 'class-validator';
import { ValidationPipe, type Type as Class } from '@nestjs/common';
import { Type } from 'class-transformer';
import type { Delivery } from '../hubspot/webhooks/delivery-log.js';

const ANY_URL = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };

/** Refuses with 400 what the class does not know or allow. */
export function checkAs(expectedType: Class): ValidationPipe {
  return new ValidationPipe({ expectedType, transform: true, whitelist: true, forbidNonWhitelisted: true });
}

export class PlayRequest {
  /** Default 30; more than 0. */
  @IsOptional()
  @IsNumber()
  @Min(0.1)
  @Max(60_000)
  eventsPerMinute: number = 30;

  /** False stops it. */
  @IsOptional()
  @IsBoolean()
  running: boolean = true;
}

export class ScenarioWish {
  @IsOptional()
  @IsInt()
  @Min(0)
  seed?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_000)
  companies?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(5_000)
  deals?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10_000)
  duplicates?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  receiverFailures?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  dayMs?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  settleTimeoutMs?: number;
}

export class TargetWish {
  @IsUrl(ANY_URL)
  url!: string;

  @IsOptional()
  @IsUrl(ANY_URL)
  publicUrl?: string;
}

export class DeliveriesQuery {
  @IsOptional()
  @IsIn(['waiting', 'delivered', 'given-up'])
  state?: Delivery['state'];

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(5_000)
  limit: number = 100;
}

export class RecordsQuery {
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit: number = 50;
}

export class RecordWish {
  /** Absent: something is made up. */
  @IsOptional()
  @IsObject()
  properties?: Record<string, string>;
}

export class MergeWish {
  @IsNumberString({ no_symbols: true })
  mergedId!: string;
}
