import { parseEventSubject } from '@crm-mesh/contract';
import { parseEvent } from '@crm-mesh/contract/checking';
import { isClaimed, type Nats, type StoredMessage } from '@crm-mesh/jetstream';
import { decodeFieldTimes, FIELD_TIMES_HEADER } from './field-times.js';
import type { LoggedEvent } from './ledger-entry.js';

/**
 * The event that a message of CRM_EVENTS holds; undefined when somebody else put something there that is none. Of one whose
 * data lay in the object store and is lost the version is still known: what comes next is told against nothing.
 */
export async function readLoggedEvent(
  nats: Pick<Nats, 'readClaim'>,
  message: StoredMessage,
): Promise<LoggedEvent | undefined> {
  if (!isClaimed(message.data)) return parseLogged(message, message.data);
  const whole = await nats.readClaim(message.data);
  return whole ? parseLogged(message, whole) : parseLogged(message, withoutData(message));
}

function withoutData({ subject, data }: StoredMessage): Uint8Array {
  const { dataref: _dataref, ...rest } = JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...rest, data: { id: parseEventSubject(subject)?.id, changes: {} } }));
}

function parseLogged(message: StoredMessage, data: Uint8Array): LoggedEvent | undefined {
  const address = parseEventSubject(message.subject);
  if (!address) return undefined;
  try {
    const times = message.header(FIELD_TIMES_HEADER);
    const fieldTimes = times === undefined ? undefined : decodeFieldTimes(times);
    return { address, event: parseEvent(data), sequence: message.sequence, ...(fieldTimes && { fieldTimes }) };
  } catch {
    return undefined;
  }
}
