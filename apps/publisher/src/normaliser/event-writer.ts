import {
  buildEvent,
  eventSubject,
  formatRecordKey,
  hashContent,
  notificationMessageId,
  type EventAddress,
  type MeshEvent,
  type Notification,
  type RecordKey,
} from '@crm-mesh/contract';
import { validateRecord } from '@crm-mesh/contract/checking';
import type { Nats } from '@crm-mesh/jetstream';
import { encodeFieldTimes, FIELD_TIMES_HEADER, readLoggedEvent, type Ledger, type LoggedEvent } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';
import type { Logger } from '@crm-mesh/telemetry';
import type { Publication } from './decision.js';
import { decideEvent } from './decide-event.js';
import { encodeGathered, GATHERED_HEADER } from './gathered-header.js';
import type { NormaliserCounts } from './normaliser-counts.js';

/** A quarter of the stream's duplicate window: a decision may be that old, and so may what the ledger had read for it. */
const MAX_AGE_MS = 30_000;
const MAX_TRIES = 20;
const HEADERS = { 'content-type': 'application/cloudevents+json' };

/** This process leads no more: what is in hand goes back, for the one that does. */
export class NotLeading extends Error {
  override readonly name = 'NotLeading';
}

export interface EventWriterOptions {
  nats: Nats;
  ledger: Ledger;
  log: Logger;
  counts: NormaliserCounts;
  /** Asked before every publish. */
  isLeading(): boolean;
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds that never go back, also not while the process was stopped. */
  monotonicNow(): number;
}

/** What a source says of a record, on the strength of a notification. */
export interface Statement {
  notification: Notification;
  mapped: MappedRecord;
  /** The CRM gave the record's object under its id. */
  isRead?: boolean;
  /** Where it stands for several notifications: their sequences in CRM_RAW. */
  gathered?: readonly number[];
}

/**
 * Turns statements into events. The log is the truth: publish, answer, then the ledger. The message id
 * `record@version` is the fence: of two different successors of one version the stream takes the first, and who comes
 * second learns it from the answer, reads what is there and decides again. What was stored before the stream's window
 * of remembered ids is in the ledger already, for a decision is made on a ledger that is younger than that.
 */
export class EventWriter {
  constructor(private readonly options: EventWriterOptions) {}

  async write(statement: Statement): Promise<void> {
    await this.#writeOne(statement);
    // Also when the merge was told before: the process may have ended between.
    for (const swallowed of listSwallowed(statement)) await this.#writeOne(swallowed);
  }

  async #writeOne(statement: Statement): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (await this.tryWrite(statement)) return;
      this.options.counts.countAgain();
    }
    throw new Error(`${formatRecordKey(statement.notification)}: no decision stood for ${MAX_TRIES} tries`);
  }

  /** False: decide again. */
  private async tryWrite({ notification, mapped, isRead, gathered }: Statement): Promise<boolean> {
    const { ledger, counts, log, now, monotonicNow } = this.options;
    await ledger.ensureFresh(MAX_AGE_MS);
    const entry = await ledger.get(notification);
    const decidedAtMs = monotonicNow();
    const decision = decideEvent({ entry, mapped, isRead, notification, now: now() });
    if (decision.kind === 'drop') {
      if (decision.reason !== 'stale' && decision.reason !== 'merged')
        await ledger.noteSeen(keyOf(notification), decision);
      counts.countDropped(decision.reason);
      log.debug({ record: formatRecordKey(notification), reason: decision.reason }, 'dropped');
      return true;
    }
    const draft = { ...this.build(notification, decision), notification, decision, gathered };
    if (monotonicNow() - decidedAtMs > MAX_AGE_MS) return false;
    if (!this.options.isLeading()) throw new NotLeading('another publisher leads the normaliser');
    return this.publish(draft);
  }

  private build(
    notification: Notification,
    decision: Publication,
  ): Pick<Draft, 'address' | 'subject' | 'event' | 'payload'> {
    if (decision.action !== 'deleted' && decision.action !== 'erased')
      validateRecord(notification.entity, decision.data);
    const address = { ...keyOf(notification), action: decision.action };
    const causationId = notificationMessageId(notification);
    const event = buildEvent({
      address,
      version: decision.version,
      origin: decision.origin,
      time: new Date(decision.atMs).toISOString(),
      correlationId: causationId,
      causationId,
      record: decision.data,
      changes: decision.changes,
      mergedIds: decision.mergedIds,
      mergedInto: decision.mergedInto,
    });
    return { address, subject: eventSubject(address), event, payload: JSON.stringify(event) };
  }

  private async publish(draft: Draft): Promise<boolean> {
    const { address, subject, event, payload, notification, decision } = draft;
    const { nats, ledger, counts, log } = this.options;
    const { version, origin, fieldTimes } = decision;
    const headers = describeHeaders(draft);
    const ack = await nats.publish({ subject, payload, messageId: event.id, headers });
    let logged: LoggedEvent | undefined = { address, event, sequence: ack.sequence, fieldTimes };
    if (ack.duplicate) logged = await this.readOurs(ack.sequence, event);
    if (!logged) {
      await ledger.catchUp(keyOf(notification), ack.sequence);
      return false;
    }
    await ledger.apply(logged);
    counts.countPublished(notification, decision);
    const type = `${notification.entity}.${decision.action}`;
    log.info(
      { type, record: formatRecordKey(notification), version, origin, subject, sequence: ack.sequence },
      'event',
    );
    return true;
  }

  /** What is stored under our message id, if it is our own earlier try, whose answer was lost. */
  private async readOurs(sequence: number, event: MeshEvent): Promise<LoggedEvent | undefined> {
    const stored = await this.options.nats.getMessage('CRM_EVENTS', sequence);
    const logged = stored && (await readLoggedEvent(this.options.nats, stored));
    if (!logged) {
      await this.options.ledger.refresh();
      return undefined;
    }
    const { event: other } = logged;
    const isSame = other.id === event.id && other.type === event.type && other.causationid === event.causationid;
    return isSame && hashContent(other.data) === hashContent(event.data) ? logged : undefined;
  }
}

interface Draft {
  address: EventAddress;
  subject: string;
  event: MeshEvent;
  payload: string;
  notification: Notification;
  decision: Publication;
  gathered: readonly number[] | undefined;
}

function describeHeaders({ decision: { fieldTimes }, gathered }: Draft): Record<string, string> {
  return {
    ...HEADERS,
    ...(fieldTimes ? { [FIELD_TIMES_HEADER]: encodeFieldTimes(fieldTimes) } : {}),
    ...(gathered ? { [GATHERED_HEADER]: encodeGathered(gathered) } : {}),
  };
}

/** What a merge says of those that it swallowed: they are gone, each once, and into what. */
function listSwallowed({ notification }: Statement): Statement[] {
  const { mergedIds = [], fetched: _fetched, ...rest } = notification;
  const { id: mergedInto, modifiedAt } = notification;
  const mapped: MappedRecord = { state: 'deleted', mergedInto, ...(modifiedAt !== undefined && { modifiedAt }) };
  const ids = new Set(mergedIds.filter((id) => id !== mergedInto));
  return [...ids].map((id) => ({ notification: { ...rest, id, change: 'deleted' }, mapped }));
}

function keyOf({ tenant, connection, entity, id }: RecordKey): RecordKey {
  return { tenant, connection, entity, id };
}
