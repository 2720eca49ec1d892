import { ArrayMaxSize, ArrayMinSize, IsInt, IsNotEmpty, IsOptional, IsString, Min } from 'class-validator';

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

export class RedriveRequest {
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
