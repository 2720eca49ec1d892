import type { AnyRecord, Notification } from '@crm-mesh/contract';
import fc from 'fast-check';
import { at } from './folded.fixture.js';

// A small CRM, what became of its records, and the signs of it: for one-event.spec.ts.

const IDS = ['1', '2', '3'] as const;
/** Seconds between two changes. */
const STEP = 10;

type Life = { state: 'present'; email: string; mergedIds: string[] } | { state: 'deleted' } | { state: 'merged' };
/** What was true of a record from a second on. */
type Fact = Life & { since: number };

export interface Sign {
  notification: Notification;
  /** When it reaches the normaliser. */
  arrivesAt: number;
}

interface Operation {
  kind: 'write' | 'delete' | 'restore' | 'merge';
  id: string;
  other: string;
  value: number;
  /** How its webhook fares. */
  isLost: boolean;
  copies: number;
  delay: number;
}

interface Poll {
  step: number;
  delay: number;
}

export interface History {
  operations: Operation[];
  polls: Poll[];
  lastPollDelay: number;
  /** Thin webhooks: the record is read when the sign arrives. */
  isThin: boolean;
}

const delay = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200 }));

export const histories: fc.Arbitrary<History> = fc.record({
  operations: fc.array(
    fc.record({
      kind: fc.constantFrom('write', 'write', 'write', 'delete', 'restore', 'merge'),
      id: fc.constantFrom(...IDS),
      other: fc.constantFrom(...IDS),
      value: fc.integer({ min: 0, max: 2 }),
      isLost: fc.boolean(),
      copies: fc.integer({ min: 1, max: 2 }),
      delay,
    }),
    { minLength: 3, maxLength: 14 },
  ),
  polls: fc.array(fc.record({ step: fc.integer({ min: 1, max: 14 }), delay }), { maxLength: 3 }),
  lastPollDelay: delay,
  isThin: fc.boolean(),
});

/** The CRM that an arbitrary history describes: what cannot be done to a record is left out. */
export class CrmHistory {
  readonly #facts = new Map<string, Fact[]>();
  readonly signs: Sign[] = [];
  readonly #end: number;

  constructor(
    readonly connection: string,
    readonly history: History,
  ) {
    const { operations, polls, lastPollDelay } = history;
    this.#end = (operations.length + 1) * STEP;
    for (const [index, operation] of operations.entries()) this.#operate(operation, (index + 1) * STEP);
    for (const poll of polls) this.#poll(poll.step * STEP + 5, poll.delay);
    // What no webhook told the poller finds.
    this.#poll(this.#end, lastPollDelay);
    this.signs.sort((left, right) => left.arrivesAt - right.arrivesAt);
  }

  /** What the CRM's API answers at that second. */
  read(id: string, second: number): AnyRecord | undefined {
    const fact = this.factAt(id, second);
    if (fact?.state !== 'present') return undefined;
    return { id, email: fact.email, modifiedAt: at(fact.since) } as AnyRecord;
  }

  factAt(id: string, second = Infinity): Fact | undefined {
    return this.#facts.get(id)?.findLast(({ since }) => since <= second);
  }

  get ids(): readonly string[] {
    return IDS;
  }

  /** Whether it was ever gone. */
  wasGone(id: string): boolean {
    return (this.#facts.get(id) ?? []).some(({ state }) => state !== 'present');
  }

  #operate(operation: Operation, second: number): void {
    const { id, other } = operation;
    const [own, others] = [this.factAt(id), this.factAt(other)];
    const email = `${operation.value}@example.com`;
    const mergedIds = own?.state === 'present' ? own.mergedIds : [];
    if (operation.kind === 'write' && (own === undefined || own.state === 'present')) {
      this.#set(id, { since: second, state: 'present', email, mergedIds });
      this.#tell(operation, second, own ? 'updated' : 'created');
    } else if (operation.kind === 'delete' && own?.state === 'present') {
      this.#set(id, { since: second, state: 'deleted' });
      this.#tell(operation, second, 'deleted');
    } else if (operation.kind === 'restore' && own?.state === 'deleted') {
      this.#set(id, { since: second, state: 'present', email, mergedIds: [] });
      this.#tell(operation, second, 'restored');
    } else if (operation.kind === 'merge' && id !== other && own?.state === 'present' && others?.state === 'present') {
      const swallowed = { ...others };
      this.#set(id, { since: second, state: 'present', email, mergedIds: [...mergedIds, other] });
      this.#set(other, { since: second, state: 'merged' });
      this.#tell(operation, second, 'merged', { mergedIds: [other] });
      // In some CRMs the loser's deletion is told too, in any order.
      if (operation.value === 0) this.#tell({ ...operation, id: other, delay: operation.value }, second, 'deleted');
      // And of some a late sign says neither when it was nor that the record is gone.
      if (!this.history.isThin && !operation.isLost) this.#tellGhost(other, swallowed.email);
    }
  }

  #set(id: string, fact: Fact): void {
    this.#facts.set(id, [...(this.#facts.get(id) ?? []), fact]);
  }

  // oxlint-disable-next-line max-params -- which, when, what and what else
  #tell(operation: Operation, second: number, change: Notification['change'], more: Partial<Notification> = {}): void {
    if (operation.isLost) return;
    const { id } = operation;
    const payload = this.read(id, second) ?? {};
    const notification = this.#notify(id, { change, modifiedAt: at(second), payload, origin: 'webhook', ...more });
    for (let copy = 0; copy < operation.copies; copy += 1)
      this.signs.push({ notification, arrivesAt: second + operation.delay * (copy + 1) });
  }

  #tellGhost(id: string, email: string): void {
    const told = { change: 'updated', origin: 'webhook', receivedAt: at(9_000), payload: { id, email } } as const;
    this.signs.push({ notification: this.#notify(id, told), arrivesAt: 10_000 });
  }

  /** Rows of what there is, and of what is gone. */
  #poll(second: number, rowDelay: number): void {
    for (const id of IDS) {
      const fact = this.factAt(id, second);
      if (!fact) continue;
      const record = this.read(id, second);
      const mergedIds = fact.state === 'present' && fact.mergedIds.length > 0 ? fact.mergedIds : undefined;
      const row = this.#notify(id, {
        ...{ change: record ? 'updated' : 'deleted', origin: 'poll', modifiedAt: at(fact.since), payload: {} },
        ...(record && { fetched: record }),
        ...(mergedIds && { mergedIds }),
      });
      this.signs.push({ notification: row, arrivesAt: second + rowDelay });
    }
  }

  #notify(id: string, told: Partial<Notification>): Notification {
    const key = { tenant: 'acme', connection: this.connection, entity: 'contact', id };
    const dedupeKey = `${id}/${told.origin}/${told.change}/${told.modifiedAt}`;
    const usual = {
      change: 'unknown',
      origin: 'poll',
      receivedAt: at(9_000),
      verifiedBy: 'test',
      payload: {},
    } as const;
    return { ...key, dedupeKey, ...usual, ...told };
  }
}
