import 'reflect-metadata';
import {
  SKIPPABLE_ORIGINS,
  type DeliveryOptions,
  type DeliveryPreset,
  type EachLimit,
  type RateLimit,
  type SkippableOrigin,
} from '@crm-mesh/sdk';
import { IsArray, IsIn, IsInt, IsNumber, Matches, Max, Min, ValidateBy } from 'class-validator';
import { Key, NumericText, Optional } from './config-key.js';

class BackoffOverride {
  @Key({ type: 'number', meaning: 'The wait before the second attempt, in milliseconds.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  initialMs?: number;

  @Key({ type: 'number', meaning: 'The longest wait, in milliseconds.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  maxMs?: number;

  @Key({ type: 'number', meaning: 'By how much each wait is longer than the one before.' })
  @Optional()
  @NumericText()
  @IsNumber()
  @Min(1)
  factor?: number;
}

class BatchOverride {
  @Key({ type: 'number', meaning: 'Events of a full batch.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  size?: number;

  @Key({ type: 'number', meaning: 'Longest wait of a batch that does not fill, in milliseconds.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  waitMs?: number;
}

export const PRESET_NAMES: readonly DeliveryPreset[] = ['webhook', 'queue', 'stream'];

class RateLimitOverride implements RateLimit {
  @Key({ type: 'number', meaning: 'Runs that may begin each second; 0.2: one in five seconds.' })
  @NumericText()
  @IsNumber()
  @Min(0.001)
  @Max(10_000)
  perSecond!: number;

  @Key({ type: 'number', meaning: 'So many at once after a quiet time.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  @Max(10_000)
  burst?: number;
}

class EachOverride implements EachLimit {
  @Key({ type: 'text', meaning: 'tenant, connection, entity or a field such as data.ownerId.' })
  @Matches(/^(?:tenant|connection|entity|data(?:\.[A-Za-z_$][\w$]*)+)$/, {
    message: 'must be tenant, connection, entity or a field such as data.ownerId',
  })
  by!: EachLimit['by'];

  @Key({ type: 'number', meaning: 'Handlers that run at once, for each.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  @Max(1_000)
  concurrency?: number;

  @Key({ type: 'object', meaning: 'Runs that may begin, for each.', nested: RateLimitOverride })
  @Optional()
  rateLimit?: RateLimitOverride;
}

/** `plugins.<name>.delivery`: what mesh.yaml may override of a plugin's own delivery options. */
export class DeliveryOverride implements DeliveryOptions {
  @Key({ type: 'text', meaning: 'webhook, queue or stream; `delivery: queue` says the same.' })
  @Optional()
  @IsIn(PRESET_NAMES)
  preset?: DeliveryPreset;

  @Key({ type: 'text', meaning: 'explicit, all or none; fixed when the durable is made.' })
  @Optional()
  @IsIn(['explicit', 'all', 'none'])
  ack?: 'explicit' | 'all' | 'none';

  @Key({ type: 'object', meaning: 'Bounds of a batch, for a plugin with handleBatch.', nested: BatchOverride })
  @Optional()
  batch?: BatchOverride;

  @Key({ type: 'number', meaning: 'Handlers that run at once.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  @Max(1_000)
  concurrency?: number;

  @Key({ type: 'number', meaning: 'Longest run of a handler, in milliseconds.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  timeoutMs?: number;

  @Key({ type: 'number', meaning: 'Runs that an event gets before it is buried.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  maxAttempts?: number;

  @Key({ type: 'object', meaning: 'Waits between attempts.', nested: BackoffOverride })
  @Optional()
  backoff?: BackoffOverride;

  @Key({ type: 'number', meaning: 'Events that the host holds at once.' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  maxAckPending?: number;

  @Key({ type: 'text', meaning: 'Where a new plugin begins: new, all, snapshot, {sequence} or {time}.' })
  @Optional()
  @ValidateBy({
    name: 'isStart',
    validator: {
      validate: isStart,
      defaultMessage: () => 'must be new, all, snapshot, {sequence: 1} or {time: 2026-01-31T00:00:00Z}',
    },
  })
  startFrom?: 'new' | 'all' | 'snapshot' | { sequence: number } | { time: string };

  @Key({ type: 'text', meaning: 'record, strict or none.' })
  @Optional()
  @IsIn(['record', 'strict', 'none'])
  order?: 'record' | 'strict' | 'none';

  @Key({ type: 'text', meaning: 'true, false or {afterEvents}: whether a newer update supersedes those before it.' })
  @Optional()
  @ValidateBy({
    name: 'isCoalesce',
    validator: { validate: isCoalesce, defaultMessage: () => 'must be true, false or {afterEvents: 2} or more' },
  })
  coalesce?: boolean | { afterEvents: number };

  @Key({ type: 'text', meaning: 'inbox or none.' })
  @Optional()
  @IsIn(['inbox', 'none'])
  idempotency?: 'inbox' | 'none';

  @Key({ type: 'text', meaning: 'worker or inline.' })
  @Optional()
  @IsIn(['worker', 'inline'])
  isolation?: 'worker' | 'inline';

  @Key({ type: 'number', meaning: "Largest heap of the plugin's worker, in MB." })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(16)
  heapMb?: number;

  @Key({ type: 'object', meaning: 'Runs that may begin, over all.', nested: RateLimitOverride })
  @Optional()
  rateLimit?: RateLimitOverride;

  @Key({ type: 'object', meaning: 'Limits for each tenant, connection, … by itself.', nested: EachOverride })
  @Optional()
  each?: EachOverride;

  @Key({ type: 'list', meaning: 'Events of these origins are skipped: webhook, poll, backfill, repair, echo.' })
  @Optional()
  @IsArray()
  @IsIn(SKIPPABLE_ORIGINS, { each: true })
  skipOrigins?: SkippableOrigin[];
}

function isCoalesce(value: unknown): boolean {
  if (typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { afterEvents, ...others } = value as { afterEvents?: unknown };
  return Number.isInteger(afterEvents) && Number(afterEvents) >= 2 && Object.keys(others).length === 0;
}

function isStart(value: unknown): boolean {
  if (value === 'new' || value === 'all' || value === 'snapshot') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, time } = value as { sequence?: unknown; time?: unknown };
  if (Number.isInteger(sequence) && Number(sequence) > 0) return true;
  return typeof time === 'string' && !Number.isNaN(Date.parse(time));
}
