import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Min,
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
