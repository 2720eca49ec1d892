import { eventFilter, markFields, parseEventSubject, type MeshEvent, type RecordKey } from '@crm-mesh/contract';
import { isClaimed, type Nats, type StoredMessage } from '@crm-mesh/jetstream';

/** An event of one record, with what says whether a plugin is told of it. */
export interface ReadEvent {
  sequence: number;
  subject: string;
  storedAtMs: number;
  version: number;
  origin: string;
  eventId: string;
  isEnd: boolean;
  /** Of the fields that were asked for. */
  mark?: string;
}

/** More are not read: who asks wants the newest, and reads on from there. */
const MOST_EVENTS = 1_000;

/** A record's events that are still in the stream, the oldest first. `fields`: marks them by these. */
export async function readRecordEvents(
  nats: Nats,
  key: RecordKey,
  fields: readonly string[] | undefined,
): Promise<ReadEvent[]> {
  const { tenant, connection, entity, id } = key;
  const events: ReadEvent[] = [];
  for await (const message of readFew(nats, 'CRM_EVENTS', eventFilter({ tenant, connection, entity, id }))) {
    const event = await readEvent(nats, message, fields);
    if (event) events.push(event);
  }
  return events;
}

/** The first messages of a filter. */
export async function* readFew(nats: Nats, stream: string, filterSubject: string): AsyncGenerator<StoredMessage> {
  let read = 0;
  for await (const message of nats.readSparse(stream, filterSubject)) {
    yield message;
    if (++read >= MOST_EVENTS) return;
  }
}

/** Undefined where somebody has put something there that is no event, or its data is lost. */
async function readEvent(
  nats: Nats,
  { sequence, subject, storedAtMs, data }: StoredMessage,
  fields: readonly string[] | undefined,
): Promise<ReadEvent | undefined> {
  const address = parseEventSubject(subject);
  const whole = isClaimed(data) ? await nats.readClaim(data) : data;
  if (!address || !whole) return undefined;
  try {
    const event = JSON.parse(Buffer.from(whole).toString()) as MeshEvent;
    const isEnd = address.action === 'deleted' || address.action === 'erased';
    const mark = fields && !isEnd ? { mark: markFields(event.data, fields) } : {};
    const { recordversion: version, origin, id: eventId } = event;
    return { ...{ sequence, subject, storedAtMs, version, origin, eventId, isEnd }, ...mark };
  } catch {
    return undefined;
  }
}
