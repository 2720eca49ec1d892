import { DEFAULT_BATCH, DEFAULT_POLICY, type DeliveryPolicy } from '@crm-mesh/delivery';
import type { DeliveryOptions, DeliveryPreset } from '@crm-mesh/sdk';
import { dropUndefined, expandPreset } from '@crm-mesh/sdk/running';
import type { PluginSummary } from './plugin-code.js';

type Said = DeliveryOptions | DeliveryPreset;

/** How a plugin is delivered to: mesh.yaml's word, else the plugin's, else the default. */
export function choosePolicy(
  own: Said = {},
  override: Said = {},
  { handlesBatches }: Pick<PluginSummary, 'handlesBatches'> = { handlesBatches: false },
): DeliveryPolicy {
  const [ours, theirs] = [expandPreset(own), expandPreset(override)];
  const whole = { ...dropUndefined(ours), ...dropUndefined(theirs) };
  const { isolation: _, heapMb: __, coalesce, batch: ___, ...said } = whole;
  const backoff = { ...DEFAULT_POLICY.backoff, ...dropUndefined(ours.backoff), ...dropUndefined(theirs.backoff) };
  const usual = handlesBatches ? { ...DEFAULT_POLICY, concurrency: 1 } : DEFAULT_POLICY;
  // An update that is skipped must stand for none that is wanted; each of the two may come out of another file.
  const skips = said.skipOrigins !== undefined && said.skipOrigins.length > 0;
  const policy = { ...usual, ...said, backoff, coalesceAfterEvents: skips ? 0 : countBehind(coalesce) };
  const batch = { ...DEFAULT_BATCH, ...dropUndefined(ours.batch), ...dropUndefined(theirs.batch) };
  return {
    ...policy,
    idempotency: chooseIdempotency(policy, said.idempotency),
    // More than may be in hand would never come together.
    ...(handlesBatches ? { batch: { ...batch, size: Math.min(batch.size, policy.maxAckPending) } } : {}),
  };
}

function countBehind(coalesce: DeliveryOptions['coalesce']): number {
  if (typeof coalesce === 'object') return coalesce.afterEvents;
  return coalesce ? 2 : 0;
}

/** Where a plugin's code runs. */
export interface Isolation {
  isolation: 'worker' | 'inline';
  /** The largest heap of a worker, in MB. */
  heapMb: number;
}

const DEFAULT_ISOLATION: Isolation = { isolation: 'worker', heapMb: 256 };

export function chooseIsolation(own: Said = {}, override: Said = {}): Isolation {
  const said = [own, override].map((options) => dropUndefined(expandPreset(options)));
  const { isolation, heapMb } = { ...DEFAULT_ISOLATION, ...said[0], ...said[1] };
  return { isolation, heapMb };
}

function chooseIdempotency(
  { ack, order }: Pick<DeliveryPolicy, 'ack' | 'order'>,
  said: DeliveryPolicy['idempotency'] | undefined,
): DeliveryPolicy['idempotency'] {
  // What the server holds for settled when it is delivered never comes again.
  if (ack === 'none') return 'none';
  // What is redriven comes by two ways, and the inbox is what knows them for the same.
  if (order === 'strict') return 'inbox';
  // Without order there is no older event that a redelivery could run after a newer one.
  return said ?? (order === 'record' || ack === 'all' ? 'inbox' : 'none');
}
