import { parseEvent, parseEventSubject } from '@crm-mesh/contract';
import type { StoredMessage } from '@crm-mesh/jetstream';
import type { LoggedEvent } from './ledger-entry.js';

/** The event that a message of CRM_EVENTS holds; undefined when somebody else put something there that is none. */
export function readLoggedEvent(message: StoredMessage): LoggedEvent | undefined {
  const address = parseEventSubject(message.subject);
  if (!address) return undefined;
  try {
    return { address, event: parseEvent(message.data), sequence: message.sequence };
  } catch {
    return undefined;
  }
}
