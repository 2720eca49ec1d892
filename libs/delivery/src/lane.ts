import type { Delivery, StoredMessage } from '@crm-mesh/jetstream';
import type { HandlerItem } from './consumer-spec.js';
import type { Attempt } from './outcome.js';
import { keyOf, type ItemRef } from './store/item-rows.js';

/** A message in hand, or read from the store: not settled yet. */
export interface Held {
  readonly key: string;
  readonly ref: ItemRef;
  readonly item: HandlerItem;
  /** The newest delivery of it; absent for what was read from a parked lane (acked when it was parked). */
  delivery: Delivery | undefined;
  /** For its headers; absent where the message is gone. */
  readonly message: Pick<StoredMessage, 'header'> | undefined;
  /** When its ack_wait was last set to zero. */
  extendedAtMs: number;
  /** When it came into our hands. */
  readonly receivedAtMs: number;
  /** Runs that counted. */
  attempts: number;
  history: Attempt[];
  /** The store may know something of it that we have not asked yet. */
  mayBeKnown: boolean;
  /** It was in hand when the process ended uncleanly, and has not run since. */
  isSuspect: boolean;
  /** JSON text that its handler gave back, to be kept with it. */
  receipt?: string;
  /** Its handler found its effect there already. */
  wasDone?: true;
  /** It stands in its lane, or needs none; a plugin's `key` may have to be asked first. */
  isPlaced: boolean;
}

export function createHeld(
  input: Pick<Held, 'ref' | 'item' | 'mayBeKnown'> &
    Partial<Pick<Held, 'delivery' | 'message' | 'isSuspect'>> & { nowMs: number },
): Held {
  return {
    key: keyOf(input.ref),
    ref: input.ref,
    item: input.item,
    delivery: input.delivery,
    message: input.message ?? input.delivery,
    extendedAtMs: input.nowMs,
    receivedAtMs: input.nowMs,
    attempts: 0,
    history: [],
    mayBeKnown: input.mayBeKnown,
    isSuspect: input.isSuspect ?? false,
    isPlaced: false,
  };
}

/** The FIFO of one record inside one consumer. */
export class Lane {
  /** In stream order, the oldest first. */
  waiting: Held[] = [];
  /** `ready`: in the queue for a place to run. */
  state: 'idle' | 'ready' | 'running' = 'idle';
  notBeforeMs = 0;
  /** The part of the downstream whose breaker `notBeforeMs` waits for, or a turn under a limit; undefined: for time alone. */
  waitsFor: string | symbol | undefined;
  /** So many of the oldest run alone, though their lane gathers: one of them failed all the others. */
  oneByOne = 0;
  /** Its oldest was in hand when the handler's worker ended. */
  isSuspect = false;
  timer: NodeJS.Timeout | undefined;
  /** Lies in the store: how many there, and how many are on their way there. */
  parked: { count: number; arriving: number } | undefined;

  constructor(readonly key: string) {}

  /** Redeliveries come back in any order: each is put where its sequence belongs among those of its stream. */
  insert(held: Held): void {
    let index = this.waiting.length;
    // What came through another stream stands in between, and says nothing of the order within this one.
    for (let at = index - 1; at >= 0; at--) {
      const other = this.waiting[at]!;
      if (other.ref.stream !== held.ref.stream) continue;
      if (other.ref.sequence < held.ref.sequence) break;
      index = at;
    }
    this.waiting.splice(index, 0, held);
  }

  waitUntil(dueMs: number, waitsFor?: Lane['waitsFor']): void {
    this.notBeforeMs = dueMs;
    this.waitsFor = waitsFor;
  }

  remove(settled: readonly Held[]): void {
    // Nearly always: all that waits, or the oldest alone.
    if (settled.length === 1 && settled[0] === this.waiting[0]) return void this.waiting.shift();
    const gone = new Set(settled);
    this.waiting = this.waiting.filter((held) => !gone.has(held));
  }

  /** Returns which of these waited here. */
  drop(gone: ReadonlySet<Held>): Held[] {
    const dropped = this.waiting.filter((held) => gone.has(held));
    if (dropped.length > 0) this.remove(dropped);
    return dropped;
  }

  isEmpty(): boolean {
    return this.waiting.length === 0 && !this.parked;
  }
}
