import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Min,
  ValidateNested,
} from 'class-validator';
import { MappingConfig } from '../mapping/mapping-config.js';

/** A system that sends CloudEvents over HTTP. */
export class CloudEventsConfig {
  /** Bearer tokens that senders may show; two while one is being rotated. */
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  tokens!: string[];

  /** Whether the token may stand in the query (`?access_token=…`), where proxies log it. */
  @IsBoolean()
  queryToken: boolean = true;

  /** Who may deliver, by the handshake of the CloudEvents webhook specification; `*` is everybody. Absent: no handshake. */
  @IsOptional()
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @ArrayMinSize(1)
  allowedOrigins?: string[];

  /** Requests per minute that the handshake grants at most. Absent: no limit. */
  @IsOptional()
  @IsInt()
  @Min(1)
  allowedRate?: number;

  /** Refuses deliveries that do not name an allowed origin. */
  @IsBoolean()
  requireOrigin: boolean = false;

  @Type(() => MappingConfig)
  @ValidateNested()
  mapping: MappingConfig = new MappingConfig();
}
