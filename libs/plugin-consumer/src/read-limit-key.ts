import { parseEventSubject } from '@crm-mesh/contract';
import { parseEvent } from '@crm-mesh/contract/checking';
import type { HandlerItem } from '@crm-mesh/delivery';

/** What `delivery.each` counts an event under. What cannot be read is counted under the empty text, with all that lacks it. */
export function readLimitKey(by: string, item: HandlerItem): string {
  const address = parseEventSubject(item.subject);
  if (by === 'tenant') return address?.tenant ?? '';
  if (by === 'connection') return address ? `${address.tenant}/${address.connection}` : '';
  if (by === 'entity') return address?.entity ?? '';
  return readField(by.split('.'), item.data);
}

function readField(path: readonly string[], data: Uint8Array): string {
  try {
    let value: unknown = parseEvent(data);
    for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
    return value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  } catch {
    return '';
  }
}
