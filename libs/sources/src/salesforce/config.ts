import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
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

const GRANTS = ['jwt-bearer', 'client_credentials', 'refresh_token'] as const;
/** Of an object or a field, as the API calls it. */
const API_NAME = /^[A-Za-z]\w{0,79}$/;

const isGrant =
  (...grants: string[]) =>
  ({ grant }: SalesforceAuth): boolean =>
    grants.includes(grant);

/** How the mesh logs in: as a connected app (external client app) of the organisation. */
export class SalesforceAuth {
  /** `jwt-bearer`: a key of the app's certificate, and the user to act as. */
  @IsIn(GRANTS)
  grant: (typeof GRANTS)[number] = 'jwt-bearer';

  /** The app's consumer key. */
  @IsString()
  @IsNotEmpty()
  clientId!: string;

  /** The app's consumer secret. Needed by `client_credentials`, and by `refresh_token` where the app says so. */
  @ValidateIf((auth: SalesforceAuth) => isGrant('client_credentials')(auth) || auth.clientSecret !== undefined)
  @IsString()
  @IsNotEmpty()
  clientSecret?: string;

  /** With `jwt-bearer`: the login name of the user to act as. */
  @ValidateIf(isGrant('jwt-bearer'))
  @IsString()
  @IsNotEmpty()
  username?: string;

  /** With `jwt-bearer`: the private key of the app's certificate, PKCS 8 as PEM. */
  @ValidateIf(isGrant('jwt-bearer'))
  @Matches(/^-----BEGIN PRIVATE KEY-----/, { message: '$property must be a private key (PKCS 8) as PEM' })
  privateKey?: string;

  /** With `refresh_token`. */
  @ValidateIf(isGrant('refresh_token'))
  @IsString()
  @IsNotEmpty()
  refreshToken?: string;

  /** Where tokens are fetched: Salesforce’s own login, `https://test.salesforce.com` for its sandboxes, or a My Domain. */
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  loginUrl: string = 'https://login.salesforce.com';

  /** With `jwt-bearer`: whom the assertion is for. Default: `loginUrl`. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  audience?: string;
}

/** Change Data Capture through the Pub/Sub API. */
export class SalesforceStream {
  /** Switch it off where the edition has no Change Data Capture: then polls and outbound messages tell what changed. */
  @IsBoolean()
  enabled: boolean = true;

  /** Host and port. */
  @Matches(/^[\w.-]+:\d{1,5}$/, { message: '$property must be host:port' })
  endpoint: string = 'api.pubsub.salesforce.com:7443';

  /** Only the sandbox CRM is without. */
  @IsBoolean()
  tls: boolean = true;

  /** All selected objects, one of them (`/data/AccountChangeEvent`), or a channel of your own (`/data/Mesh__chn`). */
  @Matches(/^\/data\/\w+$/, { message: '$property must be a channel such as /data/ChangeEvents' })
  channel: string = '/data/ChangeEvents';

  /** Salesforce says something at least every 270 s; when it was silent for so long, the stream is opened anew. */
  @IsInt()
  @Min(1_000)
  silenceMs: number = 330_000;
}

/** How many requests the connection may make; the day's limit is Salesforce's own. */
export class SalesforceRateLimit {
  @IsInt()
  @Min(1)
  requests: number = 100;

  @IsInt()
  @Min(100)
  intervalMs: number = 10_000;

  /** Requests under way at once. */
  @IsInt()
  @Min(1)
  @Max(25)
  concurrent: number = 10;
}

/** One Salesforce organisation. */
export class SalesforceConfig {
  /** The organisation that this connection stands for (15 or 18 characters); another one's messages are refused. */
  @Matches(/^00D[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$/, { message: '$property must be the id of an organisation (00D…)' })
  organizationId!: string;

  @Type(() => SalesforceAuth)
  @ValidateNested()
  @IsObject()
  auth!: SalesforceAuth;

  @Matches(/^\d{2,3}\.0$/, { message: '$property must be a version such as "66.0"' })
  apiVersion: string = '66.0';

  /** The objects that are polled and scanned, by their API names. What else comes by stream or message is told too. */
  @Matches(API_NAME, { each: true, message: '$property must list API names such as Account or My_Object__c' })
  @ArrayMinSize(1)
  @ArrayUnique()
  objects: string[] = ['Account', 'Contact', 'Lead', 'Opportunity'];

  /** Fields to read besides the canonical ones, by entity: `{deal: [Region__c]}`. They come as `custom`. */
  @IsObject()
  @ValidateBy({
    name: 'isFieldTable',
    validator: {
      validate: (table: object) => Object.values(table).every(isNameList),
      defaultMessage: () => '$property must list API names of fields by entity, such as {deal: [Region__c]}',
    },
  })
  customFields: Record<string, string[]> = {};

  /** ISO 4217: what an organisation with one currency counts in (its records do not say). */
  @IsOptional()
  @Matches(/^[A-Z]{3}$/, { message: '$property must be a currency code of three capital letters, such as EUR' })
  currency?: string;

  /** Stands in the origin of every change that the mesh makes. */
  @Matches(/^[\w.-]{1,64}$/, { message: '$property must be one word of letters, digits, `.`, `_` and `-`' })
  clientName: string = 'crm-event-mesh';

  /** Reads the line items of opportunities; switch it off where the organisation has no products. */
  @IsBoolean()
  lineItems: boolean = true;

  @Type(() => SalesforceStream)
  @ValidateNested()
  stream: SalesforceStream = new SalesforceStream();

  @Type(() => SalesforceRateLimit)
  @ValidateNested()
  rateLimit: SalesforceRateLimit = new SalesforceRateLimit();

  /** How long one request to the API may take. */
  @IsInt()
  @Min(100)
  timeoutMs: number = 30_000;

  /** How long signs of one record are gathered before it is read once. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(60_000)
  coalesceMs?: number;
}

function isNameList(list: unknown): boolean {
  return Array.isArray(list) && list.every((name) => typeof name === 'string' && API_NAME.test(name));
}
