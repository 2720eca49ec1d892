import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { MappingConfig } from '../mapping/mapping-config.js';
import { readKey } from './keys.js';

/** A system that signs its webhooks as Standard Webhooks says (Svix and many others). */
export class StandardWebhooksConfig {
  /** `whsec_…` (shared secret) or `whpk_…` (the sender's public key); several while they are being rotated. */
  @IsString({ each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(4)
  @ValidateBy(
    {
      name: 'isWebhookKey',
      validator: {
        validate: (secret) => typeof secret === 'string' && readKey(secret) !== undefined,
        defaultMessage: () =>
          'each of $property must be whsec_ and base64 of at least 16 bytes, or whpk_ and base64 of 32 bytes',
      },
    },
    { each: true },
  )
  secrets!: string[];

  /** What the headers' names begin with: `webhook` for `webhook-id`, `svix` for `svix-id`. */
  @Matches(/^[a-z0-9-]+$/, { message: '$property must be lower-case letters, digits and hyphens' })
  headerPrefix: string = 'webhook';

  /** How far the sender's clock may be from ours, in both directions. */
  @IsInt()
  @Min(1)
  @Max(3_600)
  toleranceSeconds: number = 300;

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
