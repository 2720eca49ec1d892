import { DEFAULT_POLICY, type DeliveryPolicy } from '@crm-mesh/delivery';
import type { DeliveryOptions } from '@crm-mesh/sdk';

/** How a plugin is delivered to: mesh.yaml's word, else the plugin's, else the default. */
export function choosePolicy(own: DeliveryOptions = {}, override: DeliveryOptions = {}): DeliveryPolicy {
  const said = { ...dropUndefined(own), ...dropUndefined(override) };
  const backoff = { ...DEFAULT_POLICY.backoff, ...dropUndefined(own.backoff), ...dropUndefined(override.backoff) };
  const policy = { ...DEFAULT_POLICY, ...said, backoff };
  // Without order there is no older event that a redelivery could run after a newer one.
  return { ...policy, idempotency: said.idempotency ?? (policy.order === 'record' ? 'inbox' : 'none') };
}

function dropUndefined<T extends object>(value: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, part]) => part !== undefined)) as Partial<T>;
}
