import { castForReader } from '@crm-mesh/contract';
import { parseEvent } from '@crm-mesh/contract/checking';
import type { HandlerItem } from '@crm-mesh/delivery';
import type { Plugin } from '@crm-mesh/sdk';

/** An event that cannot be read has no key of the plugin's; it is buried as soon as it runs. */
export function readLane(plugin: Pick<Plugin, 'key' | 'schemas'>, item: HandlerItem): string {
  try {
    return String(plugin.key?.(castForReader(parseEvent(item.data), plugin.schemas)));
  } catch {
    return item.subject;
  }
}
