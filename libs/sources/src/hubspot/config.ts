import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
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
  ValidateNested,
} from 'class-validator';
import { isHubspotEntity } from './object-types.js';

export const SIGNATURE_VERSIONS = ['v3', 'v1', 'v2'] as const;
export type SignatureVersion = (typeof SIGNATURE_VERSIONS)[number];

/** How many requests the connection may make; HubSpot's answers lower it when others use the same account. */
export class HubspotRateLimit {
  /** 100 on Free and Starter, 190 on Professional and Enterprise, 110 for OAuth apps. */
  @IsInt()
  @Min(1)
  requests: number = 100;

  @IsInt()
  @Min(100)
  intervalMs: number = 10_000;

  /** Requests under way at once. */
  @IsInt()
  @Min(1)
  @Max(100)
  concurrent: number = 10;

  /** Search has a limit of its own: 5 for each token. */
  @IsInt()
  @Min(1)
  @Max(1_000)
  searchesPerSecond: number = 5;
}

/** One HubSpot portal, seen by one private or public app. */
export class HubspotConfig {
  /** The app's client secret; two while it is being rotated. */
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  clientSecrets!: string[];

  /** Reads the records that webhooks name. */
  @IsString()
  @IsNotEmpty()
  accessToken!: string;

  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  apiUrl: string = 'https://api.hubapi.com';

  /** Which signatures are accepted. v1 and v2 carry no time: whoever records a request can send it again. */
  @IsIn(SIGNATURE_VERSIONS, { each: true })
  @ArrayMinSize(1)
  @ArrayUnique()
  signatures: SignatureVersion[] = ['v3'];

  /** The portal (account) that this connection stands for; events of others are refused. */
  @IsOptional()
  @Matches(/^\d+$/, { message: '$property must be the number of the portal, as text' })
  portalId?: string;

  /** The app's own number, by which its own writes are recognised. */
  @IsOptional()
  @Matches(/^\d+$/, { message: '$property must be the number of the app, as text' })
  appId?: string;

  /** ISO 4217: what a portal with one currency counts in (its deals do not say). */
  @IsOptional()
  @Matches(/^[A-Z]{3}$/, { message: '$property must be a currency code of three capital letters, such as EUR' })
  currency?: string;

  /** What is polled, scanned and described; the app needs the scopes to read them. Webhooks are taken whatever stands here. */
  @ValidateBy(
    {
      name: 'isHubspotEntity',
      validator: {
        validate: (entity: unknown) => typeof entity === 'string' && isHubspotEntity(entity),
        defaultMessage: () => 'each of $property must be an entity that HubSpot has, such as deal or custom-2-3812',
      },
    },
    { each: true },
  )
  @ArrayUnique()
  entities: string[] = ['contact', 'company', 'deal'];

  /**
   * How often a poll looks for deleted records, in milliseconds; 0: always. HubSpot can only list all that it keeps in
   * the bin, a hundred in each request: raise this where thousands lie there.
   */
  @IsInt()
  @Min(0)
  @Max(86_400_000)
  deletionsEveryMs: number = 0;

  /** Properties to read besides the canonical ones, by entity: `{deal: [region__c]}`. They come as `custom`. */
  @IsObject()
  @ValidateBy({
    name: 'isPropertyTable',
    validator: {
      validate: (table: object) => Object.values(table).every(isTextList),
      defaultMessage: () => '$property must list property names by entity, such as {deal: [my_property]}',
    },
  })
  customProperties: Record<string, string[]> = {};

  /** Reads the line items of deals and invoices; switch it off where the app lacks the scope. */
  @IsBoolean()
  lineItems: boolean = true;

  @Type(() => HubspotRateLimit)
  @ValidateNested()
  rateLimit: HubspotRateLimit = new HubspotRateLimit();

  /** How long one request to the API may take. */
  @IsInt()
  @Min(100)
  timeoutMs: number = 10_000;

  /** How long events of one record are gathered before it is read once. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(60_000)
  coalesceMs?: number;
}

function isTextList(list: unknown): boolean {
  return Array.isArray(list) && list.every((item) => typeof item === 'string' && item !== '');
}
