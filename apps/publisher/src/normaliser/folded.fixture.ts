import { buildEvent, type AnyRecord, type Notification, type RecordKey } from '@crm-mesh/contract';
import { foldEvent, foldSeen, openEntry, type LedgerEntry, type LoggedEvent, type StoredEntry } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';
import { decideEvent } from './decide-event.js';
import type { Decision } from './decision.js';

// For the specs of this folder.

export const at = (second: number): string => new Date(second * 1_000).toISOString();
/** Later than anything the specs state. */
export const LATER_MS = Date.parse('2026-01-01T00:00:00Z');

export function makeNotification(part: Partial<Notification> = {}): Notification {
  const key = { tenant: 'acme', connection: 'crm', entity: 'deal', id: '7' };
  const told = {
    dedupeKey: 'd',
    change: 'updated',
    origin: 'webhook',
    receivedAt: at(100),
    verifiedBy: 'test',
    payload: {},
  } as const;
  return { ...key, ...told, ...part };
}

export function makePresent(record: object, modifiedAt?: number): MappedRecord {
  const time = modifiedAt === undefined ? {} : { modifiedAt: at(modifiedAt) };
  return { state: 'present', record: { id: '7', ...record } as AnyRecord, ...time };
}

/** One record's way through decider and ledger, without a server. */
export class Folded {
  readonly decisions: Decision[] = [];
  /** CRM_EVENTS. */
  readonly log: LoggedEvent[] = [];
  #stored: StoredEntry | undefined;
  /** The row that a dead process leaves behind. */
  #committed: StoredEntry | undefined;

  get entry(): LedgerEntry | undefined {
    return this.#stored && openEntry(this.#stored);
  }

  state(mapped: MappedRecord, part: Partial<Notification> = {}, more: { isRead?: boolean } = {}): Decision {
    const notification = makeNotification(part);
    const decision = decideEvent({ entry: this.entry, mapped, notification, now: LATER_MS, ...more });
    this.decisions.push(decision);
    if (decision.kind === 'publish') this.#append(decision, notification);
    else if (decision.reason !== 'stale' && decision.reason !== 'merged') {
      this.#stored = foldSeen(this.#stored, keyOf(notification), decision);
      // As the ledger does before the notification is acknowledged.
      this.#committed = this.#stored;
    }
    return decision;
  }

  /** The process dies before its last events are committed: the next one replays them over the row. */
  crash(): void {
    this.#stored = this.log.reduce<StoredEntry | undefined>(foldEvent, this.#committed);
  }

  /** What the log alone makes of the record. */
  rebuild(): LedgerEntry | undefined {
    const stored = this.log.reduce<StoredEntry | undefined>(foldEvent, undefined);
    return stored && openEntry(stored);
  }

  #append(decision: Extract<Decision, { kind: 'publish' }>, notification: Notification): void {
    const address = { ...keyOf(notification), action: decision.action };
    const { version, origin, changes, mergedIds, mergedInto, fieldTimes } = decision;
    const time = new Date(decision.atMs).toISOString();
    const ids = { correlationId: 'c', causationId: 'c' };
    const event = buildEvent({
      address,
      version,
      origin,
      time,
      ...ids,
      record: decision.data,
      changes,
      mergedIds,
      mergedInto,
    });
    this.log.push({ address, event, sequence: this.log.length + 1, fieldTimes });
    this.#stored = foldEvent(this.#stored, this.log.at(-1)!);
  }
}

function keyOf({ tenant, connection, entity, id }: RecordKey): RecordKey {
  return { tenant, connection, entity, id };
}
