import { DEFAULT_BATCH, DEFAULT_POLICY, type DeliveryPolicy } from '@crm-mesh/delivery';
import type { DeliveryOptions, DeliveryPreset, Plugin } from '@crm-mesh/sdk';
import { dropUndefined, expandPreset } from '@crm-mesh/sdk/running';

type Said = DeliveryOptions | DeliveryPreset;

/** How a plugin is delivered to: mesh.yaml's word, else the plugin's, else the default. */
export function choosePolicy(
  own: Said = {},
  override: Said = {},
  { handleBatch }: Pick<Plugin, 'handleBatch'> = {},
): DeliveryPolicy {
  const [ours, theirs] = [expandPreset(own), expandPreset(override)];
  const { batch: _batch, ...said } = { ...dropUndefined(ours), ...dropUndefined(theirs) };
  const backoff = { ...DEFAULT_POLICY.backoff, ...dropUndefined(ours.backoff), ...dropUndefined(theirs.backoff) };
  const usual = handleBatch ? { ...DEFAULT_POLICY, concurrency: 1 } : DEFAULT_POLICY;
  const policy = { ...usual, ...said, backoff };
  const batch = { ...DEFAULT_BATCH, ...dropUndefined(ours.batch), ...dropUndefined(theirs.batch) };
  return {
    ...policy,
    idempotency: chooseIdempotency(policy, said.idempotency),
    // More than may be in hand would never come together.
    ...(handleBatch ? { batch: { ...batch, size: Math.min(batch.size, policy.maxAckPending) } } : {}),
  };
}

function chooseIdempotency(
  { ack, order }: Pick<DeliveryPolicy, 'ack' | 'order'>,
  said: DeliveryPolicy['idempotency'] | undefined,
): DeliveryPolicy['idempotency'] {
  // What the server holds for settled when it is delivered never comes again.
  if (ack === 'none') return 'none';
  // Without order there is no older event that a redelivery could run after a newer one.
  return said ?? (order === 'record' || ack === 'all' ? 'inbox' : 'none');
}
