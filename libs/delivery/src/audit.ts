import {
  auditSubject,
  parseEventSubject,
  parseRawSubject,
  type EventPattern,
  type RecordKey,
} from '@crm-mesh/contract';
import type { Nats, OutgoingMessage } from '@crm-mesh/jetstream';
import type { DeadLetter } from './dead-letter.js';

/** What became of a dead letter, and by whom, as it lies in CRM_AUDIT under `audit.<did>.<consumer>.<record>` (JSON). */
export interface AuditEntry {
  /** The same for the same deed: after a kill -9 an entry may be there twice. */
  id: string;
  at: string;
  by: string;
  /** `superseded`: somebody asked to redrive it, and it was not run, for a newer event of its record was. */
  did: 'redrive' | 'drop' | 'superseded';
  consumer: string;
  /** Without its payload. Absent where it was closed already, and its copy found superseded when its turn came. */
  deadLetter?: DeadLetter & { sequence: number };
  /** Of such a copy: the message that it is a copy of. */
  original?: { stream: string; sequence: number; subject: string };
  /** `superseded`: sequence of the newer event in CRM_EVENTS. */
  newer?: number;
  /** `redrive`: hash of the patch that it went through. */
  patch?: string;
  /** `redrive`: it was to run whatever came since. */
  again?: boolean;
}

/** A replay that has begun, or is over: under `audit.replay.<consumer>`. */
export interface ReplayEntry extends Pick<AuditEntry, 'id' | 'at' | 'by' | 'consumer'> {
  did: 'replay';
  run: string;
  phase: 'begun' | 'over';
  /** Of CRM_EVENTS; the sequences are of that. */
  incarnation: string;
  from: number;
  /** Absent: up to all that the consumer was given. */
  to?: number;
  filterSubject?: string;
  events?: readonly EventPattern[];
  again?: boolean;
  /** No copy of it lies in CRM_DIRECT before. */
  directFrom: number;
  /** `over`: copies, and what the inbox knew. */
  sent?: number;
  skipped?: number;
}

/** What a reconciliation mended of one record: under `audit.repair.<consumer or connection>.<record>`. */
export interface RepairEntry extends Pick<AuditEntry, 'id' | 'at' | 'by' | 'consumer'> {
  did: 'repair';
  record: RecordKey;
  /** Of the reconciliation. */
  run: string;
  /** What was wrong with it. */
  label: string;
}

/** All that concerns one record. */
export type RecordDeed = AuditEntry | RepairEntry;

export async function publishAudit(nats: Nats, entry: RecordDeed | ReplayEntry): Promise<void> {
  await nats.publish(toAuditMessage(entry));
}

export function toAuditMessage(entry: RecordDeed | ReplayEntry): OutgoingMessage {
  return {
    subject: auditSubject(entry.did, entry.consumer, findRecord(entry)),
    payload: JSON.stringify(entry),
    messageId: `audit:${entry.id}`,
    headers: { 'content-type': 'application/json' },
  };
}

/** Undefined of what concerns many, and of what no record is named by. */
function findRecord(entry: RecordDeed | ReplayEntry): RecordKey | undefined {
  if (entry.did === 'replay') return undefined;
  if (entry.did === 'repair') return entry.record;
  const subject = (entry.deadLetter?.original ?? entry.original)?.subject ?? '';
  return parseEventSubject(subject) ?? parseRawSubject(subject);
}
