import type { Delivery } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { vi } from 'vitest';
import type { ConsumerDependencies } from './consumer-dependencies.js';
import { Lane, type Held } from './lane.js';
import { LaneRunner } from './lane-runner.js';
import type { Settler } from './settler.js';

// For order.property.spec.ts: an engine with one bug, each of them a way in which a simpler engine would be built.

export interface SeededBug {
  name: string;
  /** How the model calls what it does. */
  symptom: RegExp;
  /** What a consumer with the bug is given. */
  parts?(store: Store): Partial<ConsumerDependencies>;
  /** Changes the engine itself, until `vi.restoreAllMocks`. */
  plant?(): void;
}

const OVERTAKEN = /^seed \d+: Error: \S+ ends before/;

export const SEEDED_BUGS: SeededBug[] = [
  { name: 'no barrier', symptom: OVERTAKEN, parts: () => ({ decideBarrier: () => ({ kind: 'open' }) }) },
  { name: 'a delayed nak for a wait in hand', symptom: OVERTAKEN, plant: plantDelayedNak },
  {
    name: 'redeliveries at the end of the lane',
    symptom: OVERTAKEN,
    plant: () =>
      vi.spyOn(Lane.prototype, 'insert').mockImplementation(function (this: Lane, held) {
        this.waiting.push(held);
      }),
  },
  {
    name: 'an inbox that nobody asks',
    symptom: /^seed \d+: Error: \S+ runs again/,
    parts: (store) => ({ store: forgetDone(store) }),
  },
];

/** Gives what failed back to the server, to be delivered again after the wait. */
function plantDelayedNak(): void {
  interface Waiting {
    waitHeld(lane: Lane, verdict: { retried: Held[]; delayMs: number }): Promise<void>;
    deps: { settler: Settler };
  }
  vi.spyOn(LaneRunner.prototype as unknown as Waiting, 'waitHeld').mockImplementation(async function (
    this: Waiting,
    lane,
    { retried, delayMs },
  ) {
    lane.remove(retried);
    for (const held of retried) {
      this.deps.settler.held.delete(held.key);
      (held.delivery as RawDelivery).respond(Buffer.from(`-NAK {"delay": ${delayMs * 1_000_000}}`), true);
    }
  });
}

type RawDelivery = Delivery & { respond(answer: Uint8Array, isFinal: boolean): void };

function forgetDone(store: Store): Store {
  return {
    dialect: store.dialect,
    read: async (sql, params) => (sql.includes('SELECT sequence FROM delivery_inbox') ? [] : store.read(sql, params)),
    write: store.write.bind(store),
    close: store.close.bind(store),
  };
}
