import { parseEvent } from '@crm-mesh/contract';
import type { HandlerItem } from '@crm-mesh/delivery';
import type { Plugin } from '@crm-mesh/sdk';

/** An event that cannot be read has no key of the plugin's; it is buried as soon as it runs. */
export function readLane(plugin: Pick<Plugin, 'key'>, item: HandlerItem): string {
  try {
    return String(plugin.key?.(parseEvent(item.data)));
  } catch {
    return item.subject;
  }
}
