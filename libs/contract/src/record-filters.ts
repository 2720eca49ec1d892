import type { RecordKey } from './record-key.js';
import { auditSubject, deadSubject, directSubject, eventFilter, rawSubject } from './subjects.js';

/** Filters that let through what concerns one record, and nothing else. */
export interface RecordFilters {
  /** Of `CRM_RAW`: its notifications. */
  raw: string;
  /** Of `CRM_EVENTS`: its events. */
  events: string;
  /** Of `CRM_DEAD`: its open dead letters, of notifications and of events. */
  dead: readonly string[];
  /** Of `CRM_DIRECT`: what was sent to one consumer alone. */
  direct: readonly string[];
  /** Of `CRM_AUDIT`: what was done to it. */
  audit: string;
}

/** By which subjects a record is found in each stream, without a look at anything else. Throws MESH_ID_*. */
export function listRecordFilters({ tenant, connection, entity, id }: RecordKey): RecordFilters {
  const key = { tenant, connection, entity, id };
  const [raw, events] = [rawSubject(key), eventFilter(key)];
  return {
    raw,
    events,
    dead: [raw, events].map((subject) => ofAnyConsumer(deadSubject(ANY, subject))),
    direct: [raw, events].map((subject) => ofAnyConsumer(directSubject(ANY, subject))),
    audit: auditSubject(ANY, ANY, key).replace(`.${ANY}.${ANY}.`, '.*.*.'),
  };
}

/** Stands where the wildcard comes, which no name can be. */
const ANY = 'any';

function ofAnyConsumer(subject: string): string {
  return subject.replace(`.${ANY}.`, '.*.');
}
