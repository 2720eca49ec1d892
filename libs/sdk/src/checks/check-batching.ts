import type { DeliveryOptions, DeliveryPreset } from '../delivery-options.js';
import { expandPreset } from './delivery-presets.js';
import type { Problem } from './problem.js';

const NEEDS_BATCHES = 'Write handleBatch(events, context) in the place of handle, or choose another policy.';

/** What goes only with `handleBatch`, and what does not go with it; `delivery` is right in itself. */
export function checkBatching(
  handlesBatches: boolean,
  delivery: DeliveryOptions | DeliveryPreset | undefined,
  path = 'delivery',
): Problem[] {
  const { ack, batch, order, rateLimit, each } = expandPreset(delivery);
  if (!handlesBatches) {
    if (ack === 'all')
      return [{ field: `${path}.ack`, what: 'is "all", which needs handleBatch', cure: NEEDS_BATCHES }];
    return batch === undefined ? [] : [{ field: `${path}.batch`, what: 'needs handleBatch', cure: NEEDS_BATCHES }];
  }
  const problems: Problem[] = [];
  // An event that fails may have newer ones of its record beside it in the batch.
  if (order === 'strict')
    problems.push({
      field: `${path}.order`,
      what: 'is "strict", which does not go with handleBatch',
      cure: 'Write handle(event, context) in the place of handleBatch, or choose another order.',
    });
  // They count single runs, and a batch has events of many keys.
  for (const [key, value] of Object.entries({ rateLimit, each })) {
    if (value === undefined) continue;
    const cure = 'Leave it out, and bound the batches by concurrency and batch; or write handle(event, context).';
    problems.push({ field: `${path}.${key}`, what: 'does not go with handleBatch', cure });
  }
  return problems;
}
