import { isEntity } from '@crm-mesh/contract';
import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  IsIn,
  IsInstance,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { AuthConfig } from '../kit/api/auth-config.js';
import { toMap } from '../mapping/field-rule.js';
import { MappingConfig } from '../mapping/mapping-config.js';
import { hasKnownPlaceholders } from './fill-window.js';

/** How many requests the connection may make. */
export class JsonPollerRateLimit {
  @IsInt()
  @Min(1)
  requests: number = 5;

  @IsInt()
  @Min(100)
  intervalMs: number = 1_000;

  /** Requests under way at once. */
  @IsInt()
  @Min(1)
  @Max(100)
  concurrent: number = 2;
}

/** How the next page is asked for. */
export class PagingConfig {
  /** By a cursor or a link that the answer gives, or by the page's number or the first row's, until a page is empty. */
  @IsIn(['cursor', 'link', 'page', 'offset'])
  by!: 'cursor' | 'link' | 'page' | 'offset';

  /** `cursor` and `link`: where the answer holds it. Nothing there: it was the last page. */
  @ValidateIf(({ by }: PagingConfig) => by === 'cursor' || by === 'link')
  @IsString()
  @IsNotEmpty()
  path?: string;

  /** All but `link`: the parameter that it goes into. */
  @ValidateIf(({ by }: PagingConfig) => by !== 'link')
  @IsString()
  @IsNotEmpty()
  parameter?: string;

  /** `page`: the number of the first one. */
  @IsInt()
  @Min(0)
  first: number = 1;
}

const QUERY_TABLE = {
  name: 'isQueryTable',
  validator: {
    validate: (table: unknown) =>
      typeof table === 'object' && table !== null && Object.values(table).every(hasKnownPlaceholders),
    defaultMessage: () =>
      '$property must hold texts, numbers and booleans; placeholders are {from:iso}, {from:ms}, {from:s} and the same with `to`',
  },
};

/** One entity of the API. */
export class PolledEntity {
  /** Below `url`. */
  @Matches(/^\//, { message: '$property must begin with a slash' })
  path!: string;

  /** Parameters; `{from:iso}` and the like stand for the edges of the window that is asked for. */
  @IsObject()
  @ValidateBy(QUERY_TABLE)
  query: Record<string, string | number | boolean> = {};

  /** Parameters when everything is gone through. Default: those of `query` that hold no edge of a window. */
  @IsOptional()
  @IsObject()
  @ValidateBy(QUERY_TABLE)
  scanQuery?: Record<string, string | number | boolean>;

  /** Absent: the answer is one page. */
  @IsOptional()
  @Type(() => PagingConfig)
  @ValidateNested()
  paging?: PagingConfig;

  /** Dotted path to the list of rows; `.` is the answer itself. */
  @IsString()
  @IsNotEmpty()
  rows: string = '.';

  /** Dotted path to a row's id. */
  @IsString()
  @IsNotEmpty()
  id: string = 'id';

  /** Dotted path to when a row was changed. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  modifiedAt?: string;

  /** Dotted path to what says that a row was deleted: `true`, or the time of it. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  deleted?: string;
}

/** A JSON API that is asked what changed. */
export class JsonPollerConfig {
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  url!: string;

  @Type(() => AuthConfig)
  @ValidateNested()
  @ValidateBy({
    name: 'isOneOf',
    validator: {
      validate: (auth: object) => Object.values(auth).filter((value) => value !== undefined).length <= 1,
      defaultMessage: () => '$property must hold one of bearer, header, basic, oauth2',
    },
  })
  auth: AuthConfig = new AuthConfig();

  /** With each request. */
  @IsObject()
  headers: Record<string, string> = {};

  @Type(() => JsonPollerRateLimit)
  @ValidateNested()
  rateLimit: JsonPollerRateLimit = new JsonPollerRateLimit();

  /** How long one request may take. */
  @IsInt()
  @Min(100)
  timeoutMs: number = 10_000;

  /** By entity: where its rows are. */
  @IsInstance(Map, { message: '$property must be a table: entity → {path, …}' })
  @ValidateBy({
    name: 'hasKnownEntities',
    validator: {
      validate: (entities) =>
        !(entities instanceof Map) || [...entities.keys()].every((name) => isEntity(String(name))),
      defaultMessage: () => '$property must name canonical entities; custom ones are named custom-…',
    },
  })
  @ValidateNested()
  @Transform(({ obj }) => toMap((obj as JsonPollerConfig).entities, (value) => plainToInstance(PolledEntity, value)))
  entities!: Map<string, PolledEntity>;

  @Type(() => MappingConfig)
  @ValidateNested()
  mapping: MappingConfig = new MappingConfig();
}
