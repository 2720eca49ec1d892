import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsBoolean,
  IsIn,
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

const URL_RULES = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };

/** How many requests the connection may make; Pipedrive's answers lower it when others use the same token. */
export class PipedriveRateLimit {
  /** In 2 s and by plan: 20, 40, 100 or 120 with an API token; 80, 160, 400 or 480 with OAuth. */
  @IsInt()
  @Min(1)
  requests: number = 20;

  @IsInt()
  @Min(100)
  intervalMs: number = 2_000;

  /** Requests under way at once. */
  @IsInt()
  @Min(1)
  @Max(100)
  concurrent: number = 5;
}

/** An app of Pipedrive's marketplace, as one company installed it. */
export class PipedriveOAuth {
  @IsString()
  @IsNotEmpty()
  clientId!: string;

  @IsString()
  @IsNotEmpty()
  clientSecret!: string;

  @IsString()
  @IsNotEmpty()
  refreshToken!: string;

  @IsUrl(URL_RULES)
  tokenUrl: string = 'https://oauth.pipedrive.com/oauth/token';
}

/** One Pipedrive company, seen by one of its users or by one app. */
export class PipedriveConfig {
  /** The user that the webhook was registered with (`http_auth_user`). */
  @IsString()
  @IsNotEmpty()
  webhookUser!: string;

  /** The password that the webhook was registered with; two while it is being rotated. */
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  webhookPasswords!: string[];

  /** The name before `.pipedrive.com`. Without it the API is asked at `https://api.pipedrive.com`. */
  @IsOptional()
  @Matches(/^[a-z0-9-]+$/i, { message: '$property must be the name before ".pipedrive.com", such as acme' })
  companyDomain?: string;

  /** Wins over `companyDomain`. */
  @IsOptional()
  @IsUrl(URL_RULES)
  apiUrl?: string;

  /** Of a user of the company; or `oauth`. */
  @ValidateIf(({ oauth }: PipedriveConfig) => oauth === undefined)
  @IsString()
  @IsNotEmpty({ message: 'one of apiToken and oauth must be given' })
  apiToken?: string;

  @IsOptional()
  @Type(() => PipedriveOAuth)
  @ValidateNested()
  oauth?: PipedriveOAuth;

  /** The company that this connection stands for; webhooks of others are refused. */
  @IsOptional()
  @Matches(/^\d+$/, { message: '$property must be the number of the company, as text' })
  companyId?: string;

  /** The integration's own user: what it changed through the API is not told. Give it a seat of its own. */
  @IsOptional()
  @Matches(/^\d+$/, { message: '$property must be the number of the user, as text' })
  userId?: string;

  /** ISO 4217: for amounts that come without one, and of a product's prices the one to take. */
  @IsOptional()
  @Matches(/^[A-Z]{3}$/, { message: '$property must be a currency code of three capital letters, such as EUR' })
  currency?: string;

  /** How custom fields are called in `custom`: as people named them, or by their keys of 40 characters. */
  @IsIn(['name', 'key'])
  customFieldNames: 'name' | 'key' = 'name';

  /** Names that win over Pipedrive's, by entity and key: `{deal: {9f2c41…: kilnValue}}`. */
  @IsObject()
  @ValidateBy({
    name: 'isNameTable',
    validator: {
      validate: (table: object) => Object.values(table).every(isTextTable),
      defaultMessage: () => '$property must give names by entity and key, such as {deal: {9f2c41d0: kilnValue}}',
    },
  })
  customFields: Record<string, Record<string, string>> = {};

  /** Reads the products of deals: each webhook of a deal then costs requests. */
  @IsBoolean()
  lineItems: boolean = false;

  /** Reads each record instead of taking it from its webhook: costs requests, and tells fields that webhooks lack. */
  @IsBoolean()
  readRecords: boolean = false;

  @Type(() => PipedriveRateLimit)
  @ValidateNested()
  rateLimit: PipedriveRateLimit = new PipedriveRateLimit();

  /** How long one request to the API may take. */
  @IsInt()
  @Min(100)
  timeoutMs: number = 10_000;

  /** How long webhooks of one record are gathered before it is told once. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(60_000)
  coalesceMs?: number;
}

function isTextTable(table: unknown): boolean {
  if (typeof table !== 'object' || table === null) return false;
  return Object.values(table).every((name) => typeof name === 'string' && name !== '');
}
