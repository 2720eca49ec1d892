import { settle } from '@crm-mesh/jetstream';
import type { Held } from './lane.js';

export interface AckFloorOptions {
  /** What is in hand. */
  listUnfinished(): Iterable<Held>;
  /** Whether everything that was delivered is in hand: an ack would settle what is missing, too. */
  isComplete(): boolean;
}

/**
 * Of a durable with the ack policy `all`: an ack settles everything older, too. So what is finished waits here until
 * everything older is, and what was finished together is settled by one ack.
 */
export class AckFloor {
  readonly #finished = new Map<string, Held>();
  #asked = false;

  constructor(private readonly options: AckFloorOptions) {}

  get(key: string): Held | undefined {
    return this.#finished.get(key);
  }

  /** Finished, and pending for the server all the same. */
  list(): Held[] {
    return [...this.#finished.values()];
  }

  finish(held: Held): void {
    this.#finished.set(held.key, held);
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => this.advance());
  }

  /** Tells the server how far everything is finished. */
  advance(): void {
    this.#asked = false;
    if (this.#finished.size === 0 || !this.options.isComplete()) return;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { ref, delivery } of this.options.listUnfinished()) {
      if (delivery) oldest = Math.min(oldest, ref.sequence);
    }
    let newest: Held | undefined;
    for (const held of this.#finished.values()) {
      if (held.ref.sequence > oldest) continue;
      this.#finished.delete(held.key);
      if (!newest || held.ref.sequence > newest.ref.sequence) newest = held;
    }
    if (newest?.delivery) settle(newest.delivery, 'ack');
  }
}
