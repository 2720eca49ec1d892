import type { HandlerItem } from './consumer-spec.js';
import type { PartlyDone, RunOutcome } from './outcome.js';
import type { BatchBounds } from './policy.js';

/** What a lane brings into a batch; its oldest first. */
export interface BatchPart {
  items: HandlerItem[];
  attempt: number;
}

/** What it came to, and how many items ran with it. */
export interface PartResult {
  outcome: RunOutcome;
  together: number;
}

/** A lane's place in a batch that is about to run, and waits for what its lanes bring. */
export interface Seat {
  /** So many items at most. */
  readonly room: number;
  bring(part: BatchPart): Promise<PartResult>;
  /** Brings nothing. After {@link bring} it does nothing. */
  leave(): void;
}

export interface BatchesOptions extends BatchBounds {
  /** Batches that run side by side. */
  atOnce: number;
  /** Never rejects. */
  run(batch: BatchPart): Promise<RunOutcome>;
}

interface Member {
  count(): number;
  seat(seat: Seat | undefined): void;
}

/** Puts together what many lanes want to run: a batch runs when it is full, or when its oldest has waited long enough. */
export class Batches {
  readonly #alone: Member[] = [];
  #filling: Member[] = [];
  /** About so many items wait in those lanes: what each gets is counted, what it loses is not. */
  #waiting = 0;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  #running = 0;
  #halted = false;

  constructor(private readonly options: BatchesOptions) {}

  /** Resolves when the lane may bring what it has; undefined: at a stop. `alone`: with no other lane's. */
  join(count: () => number, alone: boolean): Promise<Seat | undefined> {
    return new Promise((resolve) => {
      if (this.#halted) return resolve(undefined);
      (alone ? this.#alone : this.#filling).push({ count, seat: resolve });
      if (!alone) {
        this.#waiting += count();
        this.#timer ??= setTimeout(() => this.#becomeDue(), this.options.waitMs);
      }
      this.#runNext();
    });
  }

  /** A lane that waits for its place has got one more. */
  grow(): void {
    this.#waiting++;
    if (this.#running < this.options.atOnce) this.#runNext();
  }

  /** Begins no run any more. */
  halt(): void {
    this.#halted = true;
    clearTimeout(this.#timer);
    for (const member of [...this.#alone.splice(0), ...this.#filling.splice(0)]) member.seat(undefined);
  }

  #becomeDue(): void {
    this.#isDue = true;
    this.#runNext();
  }

  #runNext(): void {
    while (this.#running < this.options.atOnce) {
      const lonely = this.#alone.shift();
      if (lonely) this.#seat([{ member: lonely, room: 1 }]);
      // What is due goes on filling until there is a place for it.
      else if (this.#filling.length > 0 && (this.#isDue || this.#isFull())) this.#seat(this.#take());
      else return;
    }
  }

  /** Counts anew only when there may be enough: to ask every lane at each that joins costs the square of a batch. */
  #isFull(): boolean {
    if (this.#waiting < this.options.size) return false;
    this.#waiting = countAll(this.#filling);
    return this.#waiting >= this.options.size;
  }

  /** The first of what waits, as much as fits. */
  #take(): { member: Member; room: number }[] {
    let left = this.options.size;
    const taken: { member: Member; room: number }[] = [];
    for (const member of this.#filling) {
      if (left === 0) break;
      const room = Math.min(left, Math.max(1, member.count()));
      taken.push({ member, room });
      left -= room;
    }
    this.#filling = this.#filling.slice(taken.length);
    this.#waiting = countAll(this.#filling);
    clearTimeout(this.#timer);
    this.#isDue = false;
    this.#timer = this.#filling.length > 0 ? setTimeout(() => this.#becomeDue(), this.options.waitMs) : undefined;
    return taken;
  }

  #seat(taken: { member: Member; room: number }[]): void {
    this.#running++;
    const batch = new SeatedBatch(taken.length, async (parts) => {
      const outcome = await this.#run(parts);
      this.#running--;
      this.#runNext();
      return outcome;
    });
    for (const { member, room } of taken) member.seat(batch.offer(room));
  }

  async #run(parts: readonly BatchPart[]): Promise<RunOutcome> {
    if (parts.length === 0) return { kind: 'done' };
    const items = parts.flatMap((part) => part.items);
    return this.options.run({ items, attempt: Math.max(...parts.map((part) => part.attempt)) });
  }
}

function countAll(members: readonly Member[]): number {
  return members.reduce((sum, { count }) => sum + count(), 0);
}

/** Runs when each of its lanes has brought something or left. */
class SeatedBatch {
  readonly #brought: (BatchPart & { resolve(result: PartResult): void })[] = [];

  constructor(
    private missing: number,
    private readonly run: (parts: readonly BatchPart[]) => Promise<RunOutcome>,
  ) {}

  offer(room: number): Seat {
    let isOver = false;
    const end = (): void => {
      isOver = true;
      if (--this.missing === 0) void this.#runAll();
    };
    return {
      room,
      leave: () => {
        if (!isOver) end();
      },
      bring: (part) =>
        new Promise((resolve) => {
          this.#brought.push({ ...part, resolve });
          end();
        }),
    };
  }

  async #runAll(): Promise<void> {
    const together = this.#brought.reduce((sum, { items }) => sum + items.length, 0);
    const outcome = await this.run(this.#brought);
    let start = 0;
    for (const { items, resolve } of this.#brought) {
      resolve({ outcome: cutOutcome(outcome, start, items.length), together });
      start += items.length;
    }
  }
}

/** A lane's share of what a batch came to. */
function cutOutcome(outcome: RunOutcome, start: number, count: number): RunOutcome {
  if (outcome.kind !== 'partly') return outcome;
  const failed: PartlyDone['failed'] = outcome.failed
    .filter(({ index }) => index >= start && index < start + count)
    .map(({ index, outcome: own }) => ({ index: index - start, outcome: own }));
  const skipped = (outcome.skipped ?? []).filter((index) => index >= start && index < start + count);
  if (failed.length + skipped.length === 0) return { kind: 'done' };
  return { kind: 'partly', failed, skipped: skipped.map((index) => index - start) };
}
