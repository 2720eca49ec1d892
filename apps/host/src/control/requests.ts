import { isEventPattern } from '@crm-mesh/contract';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsInt,
  IsISO8601,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

export class ResumeRequest {
  @IsString()
  @IsNotEmpty()
  name!: string;
}

export class PauseRequest extends ResumeRequest {
  /** Absent: until it is resumed. */
  @IsOptional()
  @IsInt()
  @Min(1)
  forMs?: number;
}

export class DropRequest {
  @IsString()
  @IsNotEmpty()
  consumer!: string;

  /** Sequences in CRM_DEAD. */
  @ArrayMinSize(1)
  @ArrayMaxSize(10_000)
  @IsInt({ each: true })
  @Min(1, { each: true })
  sequences!: number[];

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;
}

class RedrivePatch {
  @IsString()
  @IsNotEmpty()
  hash!: string;

  /** By sequence in CRM_DEAD, as JSON text. */
  @IsObject()
  payloads!: Record<string, string>;
}

export class RedriveRequest extends DropRequest {
  /** Also what a newer event has superseded. */
  @IsOptional()
  @IsBoolean()
  again?: boolean;

  /** What goes instead of the payloads that were buried. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RedrivePatch)
  patch?: RedrivePatch;
}

/** A place in CRM_EVENTS: one of the two. */
class PlaceRequest {
  @ValidateIf((place: PlaceRequest) => place.time === undefined)
  @IsInt()
  @Min(1)
  sequence?: number;

  @ValidateIf((place: PlaceRequest) => place.sequence === undefined)
  @IsISO8601({ strict: true })
  time?: string;
}

const IS_PATTERN = {
  name: 'isEventPattern',
  validator: {
    validate: (value: unknown) => typeof value === 'string' && isEventPattern(value),
    defaultMessage: () => 'each of events must be one such as deal.won, deal.* or *',
  },
};

export class ReplayRequest {
  @IsString()
  @IsNotEmpty()
  consumer!: string;

  /** Who asks; kept in CRM_AUDIT. */
  @IsString()
  @IsNotEmpty()
  by!: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => PlaceRequest)
  from!: PlaceRequest;

  @IsOptional()
  @ValidateNested()
  @Type(() => PlaceRequest)
  to?: PlaceRequest;

  /** Of which records. */
  @IsOptional()
  @Matches(/^crm\.\S+$/)
  filterSubject?: string;

  @IsOptional()
  @ArrayMinSize(1)
  @ValidateBy(IS_PATTERN, { each: true })
  events?: string[];

  /** Also what an inbox knows. */
  @IsOptional()
  @IsBoolean()
  again?: boolean;
}

class ReplayCounts {
  @IsInt()
  @Min(0)
  sent!: number;

  @IsInt()
  @Min(0)
  skipped!: number;
}

export class ReplayStepRequest {
  @IsString()
  @IsNotEmpty()
  consumer!: string;

  @IsString()
  @IsNotEmpty()
  run!: string;

  /** Behind this event; absent: behind the last that was sent. */
  @IsOptional()
  @IsInt()
  @Min(0)
  after?: number;

  @IsInt()
  @Min(1)
  @Max(1_000)
  limit!: number;

  @IsDefined()
  @ValidateNested()
  @Type(() => ReplayCounts)
  soFar!: ReplayCounts;
}

class RecordToFind {
  /** `acme/hubspot/deal/4711` */
  @IsString()
  @IsNotEmpty()
  record!: string;

  /** Of the newest event that the plugin is told of it. */
  @IsOptional()
  @IsString()
  eventId?: string;
}

export class WhereaboutsRequest {
  @IsString()
  @IsNotEmpty()
  consumer!: string;

  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => RecordToFind)
  records!: RecordToFind[];
}

export class ReceiptsRequest {
  @IsString()
  @IsNotEmpty()
  consumer!: string;

  /** `acme/hubspot/deal/4711`, or `deal/4711`. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  record?: string;

  @IsInt()
  @Min(1)
  @Max(1_000)
  limit: number = 50;
}

export class ExplainRequest {
  /** `acme/hubspot/deal/4711` */
  @IsString()
  @IsNotEmpty()
  record!: string;

  /** Ids of records that it has swallowed. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  aliases?: string[];
}
