import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { MappingConfig } from '../mapping/mapping-config.js';
import { isSignable } from './signed-content.js';

const HEADER_NAME = { message: '$property must be the name of a header, in lower case' };

/** When the sender signed, as it says so in a header. */
export class HmacTimestamp {
  @Matches(/^[a-z0-9-]+$/, HEADER_NAME)
  header!: string;

  @IsIn(['s', 'ms'])
  unit: 's' | 'ms' = 's';

  /** How far the sender's clock may be from ours, in both directions. */
  @IsInt()
  @Min(1)
  @Max(3_600)
  toleranceSeconds: number = 300;
}

/** A system that signs its webhooks with an HMAC of its own making. */
export class HmacConfig {
  /** Two while one is being rotated. */
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  secrets!: string[];

  /** What the secret's text stands for: itself, or bytes. */
  @IsIn(['text', 'hex', 'base64'])
  secretEncoding: 'text' | 'hex' | 'base64' = 'text';

  /** Where the signature stands. */
  @Matches(/^[a-z0-9-]+$/, HEADER_NAME)
  header!: string;

  @IsIn(['sha256', 'sha512', 'sha1'])
  algorithm: 'sha256' | 'sha512' | 'sha1' = 'sha256';

  /** How the signature is written. */
  @IsIn(['hex', 'base64'])
  encoding: 'hex' | 'base64' = 'hex';

  /** What stands before it, e.g. `sha256=`. */
  @IsString()
  prefix: string = '';

  /** What is signed, of `{body}`, `{timestamp}`, `{method}` and `{url}`. */
  @ValidateBy({
    name: 'isSignable',
    validator: {
      validate: isSignable,
      defaultMessage: () =>
        '$property must hold {body}, and no placeholder besides {body}, {timestamp}, {method}, {url}; {timestamp} needs `timestamp`',
    },
  })
  signed: string = '{body}';

  @IsOptional()
  @Type(() => HmacTimestamp)
  @ValidateNested()
  timestamp?: HmacTimestamp;

  /** Where the list of events stands, in a body that holds several; `.` is the body itself. A body that is one event is taken as it is. */
  @IsString()
  @IsNotEmpty()
  events: string = '.';

  /** Dotted path to an event's type. */
  @IsString()
  @IsNotEmpty()
  type: string = 'type';

  /** A header that holds the type instead. */
  @IsOptional()
  @Matches(/^[a-z0-9-]+$/, HEADER_NAME)
  typeHeader?: string;

  /** Dotted path to an event's own id, the same whenever it is sent again. Default: the same content is the same event. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  eventId?: string;

  /** A header that holds the id of the delivery instead, the same whenever it is sent again. */
  @IsOptional()
  @Matches(/^[a-z0-9-]+$/, HEADER_NAME)
  eventIdHeader?: string;

  /** How long events of one record are gathered; more than 0 only with whole payloads. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(60_000)
  coalesceMs?: number;

  @Type(() => MappingConfig)
  @ValidateNested()
  mapping: MappingConfig = new MappingConfig();
}
