import {
  buildEvent,
  eventSubject,
  listStateActions,
  matchesPatterns,
  type AnyRecord,
  type EventPattern,
  type RecordKey,
} from '@crm-mesh/contract';
import type { ReadSnapshot, SnapshotEvent } from '@crm-mesh/delivery';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import type { PluginSummary } from './plugin-code.js';

/** As the ledger's owner tells it. */
interface SnapshotRecord {
  key: RecordKey;
  version: number;
  modifiedAtMs: number;
  data: AnyRecord;
}

interface SnapshotAnswer {
  records: SnapshotRecord[];
  after?: string;
}

/** A piece of an answer that is too large for one, as JSON text. */
interface SnapshotPart {
  part: string;
  hash: string;
  next?: number;
}

/** The records that a plugin listens to, as the publisher's ledger has them. */
export function readSnapshotFor({ name, events }: Pick<PluginSummary, 'name' | 'events'>, nats: Nats): ReadSnapshot {
  const entities = listEntities(events);
  return async ({ upTo, after }) => {
    const answer = await askPage(nats, { upTo, after, ...(entities ? { entities } : {}) });
    const told = answer.records.flatMap((record) => describeRecord(record, events, `snapshot:${name}:${upTo}`) ?? []);
    return { events: told, ...(answer.after === undefined ? {} : { after: answer.after }) };
  };
}

async function askPage(nats: Nats, request: object): Promise<SnapshotAnswer> {
  const parts: SnapshotPart[] = [];
  let partFrom: number | undefined;
  do {
    const wish = { ...request, partFrom };
    const answer = await requestControl<SnapshotAnswer | SnapshotPart>(nats, 'publisher', 'snapshot', wish);
    if ('records' in answer) return answer;
    parts.push(answer);
    partFrom = answer.next;
  } while (partFrom !== undefined);
  // A record of it was told anew meanwhile, and belongs to no snapshot any more.
  if (new Set(parts.map(({ hash }) => hash)).size > 1) return askPage(nats, request);
  return JSON.parse(parts.map(({ part }) => part).join('')) as SnapshotAnswer;
}

/** Undefined: all. */
function listEntities(events: readonly EventPattern[]): string[] | undefined {
  if (events.includes('*')) return undefined;
  return [...new Set(events.map((pattern) => pattern.split('.')[0]!))];
}

function describeRecord(
  { key, version, modifiedAtMs, data }: SnapshotRecord,
  events: readonly EventPattern[],
  cause: string,
): SnapshotEvent | undefined {
  const action = chooseAction(key, data, events);
  if (action === undefined) return undefined;
  const address = { ...key, action };
  const time = new Date(modifiedAtMs).toISOString();
  const event = buildEvent({
    ...{ address, version, origin: 'snapshot', time, record: data, changes: {} },
    ...{ correlationId: cause, causationId: cause },
  });
  return { id: event.id, subject: eventSubject(address), payload: JSON.stringify(event) };
}

/** The action that says what the record is now; undefined: the plugin listens to none that could say it. */
export function chooseAction(key: RecordKey, data: AnyRecord, events: readonly EventPattern[]): string | undefined {
  return listStateActions(key.entity, data).find((action) => matchesPatterns(events, eventSubject({ ...key, action })));
}
