import type { Plugin } from '@crm-mesh/sdk';
import type { PluginSummary } from './plugin-code.js';

export function summarise({ name, description, events, delivery, key }: Plugin): PluginSummary {
  return {
    name,
    events,
    hasKey: key !== undefined,
    ...(description === undefined ? {} : { description }),
    ...(delivery === undefined ? {} : { delivery }),
  };
}
