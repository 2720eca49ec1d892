import {
  buildEvent,
  eventSubject,
  type Action,
  type AnyRecord,
  type EventAddress,
  type RecordKey,
} from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Store, Transaction } from '@crm-mesh/store';
import fc from 'fast-check';
import { encodeFieldTimes, FIELD_TIMES_HEADER } from '../field-times.js';
import type { LoggedEvent } from '../ledger-entry.js';
import type { Ledger } from '../ledger.js';

// For the specs of the rebuild: histories of a few records, told as the normaliser tells them.

const IDS = ['a.1', 'b', 'c *', 'ä', 'e'];

export interface Happening {
  kind: 'write' | 'patch' | 'delete' | 'erase' | 'merge' | 'seen' | 'seen-patch' | 'gone';
  id: string;
  other: string;
  /** Seconds by which what is seen, or told in a patch, is before or behind the last event. */
  shift: number;
}

export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('write', 'write', 'patch', 'delete', 'erase', 'merge', 'seen', 'seen-patch', 'gone'),
    id: fc.constantFrom(...IDS),
    other: fc.constantFrom(...IDS),
    shift: fc.integer({ min: -3, max: 3 }),
  }) as fc.Arbitrary<Happening>,
  { minLength: 1, maxLength: 25 },
);

/** Tells histories of records; versions go 1, 2, 3 …, as the message ids want them. */
export class Teller {
  readonly #versions = new Map<string, number>();
  #second = 100;

  constructor(
    private readonly nats: Nats,
    readonly connection: string,
  ) {}

  keyOf(id: string): RecordKey {
    return { tenant: 'acme', connection: this.connection, entity: 'contact', id };
  }

  async happen({ kind, id, other, shift }: Happening, ledger: Ledger): Promise<void> {
    this.#second += 1;
    const atMs = (this.#second + shift) * 1_000;
    const patched = { base: 0, fields: { [`field ${shift}`]: atMs } };
    switch (kind) {
      case 'write':
        return ledger.apply(await this.tell(id, 'updated'));
      case 'patch':
        return ledger.apply(await this.tell(id, 'updated', { fieldTimes: patched }));
      case 'delete':
        return this.#versions.has(id) ? ledger.apply(await this.tell(id, 'deleted')) : undefined;
      case 'erase':
        return ledger.apply(await this.tell(id, 'erased'));
      case 'merge':
        if (other === id) return;
        await ledger.apply(await this.tell(id, 'merged', { mergedIds: [other] }));
        if (this.#versions.has(other)) await ledger.apply(await this.tell(other, 'deleted', { mergedInto: id }));
        return;
      case 'seen':
        if (this.#versions.has(id)) await ledger.noteSeen(this.keyOf(id), { atMs });
        return;
      case 'seen-patch':
        if (this.#versions.has(id)) await ledger.noteSeen(this.keyOf(id), { atMs, fieldTimes: patched });
        return;
      case 'gone':
        return ledger.noteSeen(this.keyOf(`never told ${id}`), { atMs, mergedInto: other });
    }
  }

  /** Appends an event, as the normaliser does. */
  async tell(
    id: string,
    action: Action,
    { fieldTimes, ...merge }: Pick<LoggedEvent, 'fieldTimes'> & { mergedIds?: string[]; mergedInto?: string } = {},
  ): Promise<LoggedEvent> {
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    const address: EventAddress = { ...this.keyOf(id), action };
    const ids = { correlationId: 'c', causationId: 'c' };
    const time = new Date(this.#second * 1_000).toISOString();
    const record = (action === 'erased' ? { id } : { id, email: `mail ${this.#second}` }) as AnyRecord;
    const event = buildEvent({ address, version, origin: 'webhook', time, ...ids, record, changes: {}, ...merge });
    const headers = fieldTimes && { [FIELD_TIMES_HEADER]: encodeFieldTimes(fieldTimes) };
    const payload = JSON.stringify(event);
    const sent = { subject: eventSubject(address), payload, messageId: event.id, ...(headers && { headers }) };
    const { sequence } = await this.nats.publish(sent);
    return { address, event, sequence, fieldTimes };
  }
}

/** A store whose transactions break off after so many statements, as when the process ends there. */
export function cutOff(real: Store, cut: { after: number }): Store {
  const count = (): void => {
    if (cut.after-- <= 0) throw new Error('cut off');
  };
  const within = (tx: Transaction): Transaction => ({
    run: async (sql, values) => (count(), tx.run(sql, values)),
    all: async (sql, values) => (count(), tx.all(sql, values)),
  });
  return { ...real, write: (work) => real.write((tx) => work(within(tx))) };
}
