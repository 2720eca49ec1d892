import { DEFAULT_POLICY, type DeliveryPolicy } from '@crm-mesh/delivery';
import type { DeliveryOptions } from '@crm-mesh/sdk';

/** How a plugin is delivered to: mesh.yaml's word, else the plugin's, else the default. */
export function choosePolicy(own: DeliveryOptions = {}, override: DeliveryOptions = {}): DeliveryPolicy {
  const { coalesce, ...said } = { ...dropUndefined(own), ...dropUndefined(override) };
  const backoff = { ...DEFAULT_POLICY.backoff, ...dropUndefined(own.backoff), ...dropUndefined(override.backoff) };
  const policy = { ...DEFAULT_POLICY, ...said, backoff, coalesceAfterEvents: countBehind(coalesce) };
  return { ...policy, idempotency: chooseIdempotency(policy.order, said.idempotency) };
}

function countBehind(coalesce: DeliveryOptions['coalesce']): number {
  if (typeof coalesce === 'object') return coalesce.afterEvents;
  return coalesce ? 2 : 0;
}

function chooseIdempotency(
  order: DeliveryPolicy['order'],
  said: DeliveryOptions['idempotency'],
): DeliveryPolicy['idempotency'] {
  // What is redriven comes by two ways, and the inbox is what knows them for the same.
  if (order === 'strict') return 'inbox';
  // Without order there is no older event that a redelivery could run after a newer one.
  return said ?? (order === 'record' ? 'inbox' : 'none');
}

function dropUndefined<T extends object>(value: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, part]) => part !== undefined)) as Partial<T>;
}
