import { parseEvent, parseEventSubject } from '@crm-mesh/contract';
import type { StoredMessage } from '@crm-mesh/jetstream';
import { decodeFieldTimes, FIELD_TIMES_HEADER } from './field-times.js';
import type { LoggedEvent } from './ledger-entry.js';

/** The event that a message of CRM_EVENTS holds; undefined when somebody else put something there that is none. */
export function readLoggedEvent(message: StoredMessage): LoggedEvent | undefined {
  const address = parseEventSubject(message.subject);
  if (!address) return undefined;
  try {
    const times = message.header(FIELD_TIMES_HEADER);
    const fieldTimes = times === undefined ? undefined : decodeFieldTimes(times);
    return { address, event: parseEvent(message.data), sequence: message.sequence, ...(fieldTimes && { fieldTimes }) };
  } catch {
    return undefined;
  }
}
