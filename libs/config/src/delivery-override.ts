import 'reflect-metadata';
import type { DeliveryOptions, DeliveryPreset } from '@crm-mesh/sdk';
import { IsIn, IsInt, IsNumber, Max, Min, ValidateBy } from 'class-validator';
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

  @Key({ type: 'text', meaning: 'record or none.' })
  @Optional()
  @IsIn(['record', 'none'])
  order?: 'record' | 'none';

  @Key({ type: 'text', meaning: 'inbox or none.' })
  @Optional()
  @IsIn(['inbox', 'none'])
  idempotency?: 'inbox' | 'none';
}

function isStart(value: unknown): boolean {
  if (value === 'new' || value === 'all' || value === 'snapshot') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, time } = value as { sequence?: unknown; time?: unknown };
  if (Number.isInteger(sequence) && Number(sequence) > 0) return true;
  return typeof time === 'string' && !Number.isNaN(Date.parse(time));
}
