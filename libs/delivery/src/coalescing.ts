import type { ConsumerSpec } from './consumer-spec.js';
import type { GroupRunner } from './group-runner.js';
import { createHeld, type Held, type Lane } from './lane.js';
import type { Parking } from './parking.js';
import type { Settler } from './settler.js';
import type { ParkedItem } from './store/parked-records.js';
import { countSuperseded, type WaitingEvent } from './superseded.js';

/** So many rows of a parked lane are looked at in one step. */
const ROWS_AT_ONCE = 500;

/** Settles the updates of a lane that fell behind which a newer one makes needless: `delivery.coalesce`. */
export class Coalescing {
  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: { settler: Settler; parking: Parking; groups: GroupRunner; now(): number },
  ) {}

  /** Before the lane runs. Rejects when the store refuses. */
  async passOver(lane: Lane): Promise<void> {
    // A suspect runs itself: nothing else may end the process in its name.
    if (lane.oneByOne > 0) return;
    if (!lane.parked) return this.passOverHeld(lane);
    while ((await this.passOverParked(lane)) === ROWS_AT_ONCE - 1);
  }

  private async passOverHeld(lane: Lane): Promise<void> {
    const { settler, groups } = this.deps;
    const events = lane.waiting.map(({ item }) => item);
    const oldest = lane.waiting.slice(0, this.countIn(events, events.length));
    if (oldest.length === 0) return;
    const { todo, known } = await groups.recall(oldest);
    await settler.writeDown(todo);
    lane.remove(oldest);
    for (const held of known) settler.release(held, 'ack', 'skipped');
    for (const held of todo) settler.release(held, 'ack', 'superseded');
  }

  private async passOverParked(lane: Lane): Promise<number> {
    const { parking, settler } = this.deps;
    const rows = await parking.list(lane, ROWS_AT_ONCE);
    const events = rows.map(({ ref, subject }) => ({ stream: ref.stream, subject }));
    const passed = rows.slice(0, this.countIn(events, lane.parked!.count));
    if (passed.length > 0)
      await parking.settle(
        lane,
        passed.map((parked) => ({ parked })),
      );
    for (const parked of passed) settler.notify(this.describe(parked), 'superseded');
    return passed.length;
  }

  private countIn(oldest: readonly WaitingEvent[], waitingCount: number): number {
    return countSuperseded({ oldest, waitingCount, afterEvents: this.spec.policy.coalesceAfterEvents });
  }

  private describe({ ref, subject }: ParkedItem): Held {
    const { stream, sequence } = ref;
    const item = { stream, subject, sequence, data: new Uint8Array(), storedAtMs: 0 };
    return createHeld({ ref, item, nowMs: this.deps.now(), mayBeKnown: false });
  }
}
