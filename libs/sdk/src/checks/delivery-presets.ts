import type { DeliveryOptions, DeliveryPreset } from '../delivery-options.js';

/** What each preset says; the rest is the default. */
export const PRESETS: Readonly<Record<DeliveryPreset, Readonly<DeliveryOptions>>> = {
  webhook: { ack: 'explicit', maxAttempts: 3, order: 'none', idempotency: 'none' },
  queue: { ack: 'explicit', maxAttempts: 5, order: 'record', idempotency: 'inbox' },
  stream: { ack: 'all', maxAttempts: 5, order: 'record', idempotency: 'inbox', startFrom: 'all' },
};

/** Delivery options with what their preset says written out. What stands beside the preset counts for more. */
export function expandPreset(delivery: DeliveryOptions | DeliveryPreset = {}): DeliveryOptions {
  const said = typeof delivery === 'string' ? { preset: delivery } : delivery;
  const { preset, ...options } = said;
  return preset === undefined ? options : { ...PRESETS[preset], ...dropUndefined(options) };
}

/** A key that is undefined says nothing. */
export function dropUndefined<T extends object>(value: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, part]) => part !== undefined)) as Partial<T>;
}
