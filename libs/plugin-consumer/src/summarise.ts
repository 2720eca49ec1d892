import type { Plugin } from '@crm-mesh/sdk';
import type { PluginSummary } from './plugin-code.js';

export function summarise({
  name,
  description,
  events,
  reads,
  delivery,
  key,
  handleBatch,
  sink,
  reconcile,
}: Plugin): PluginSummary {
  return {
    name,
    events,
    hasKey: key !== undefined,
    handlesBatches: handleBatch !== undefined,
    hasSink: sink !== undefined,
    ...(reconcile === undefined ? {} : { hasReconcile: true as const }),
    ...(reads === undefined ? {} : { reads }),
    ...(description === undefined ? {} : { description }),
    ...(delivery === undefined ? {} : { delivery }),
  };
}
