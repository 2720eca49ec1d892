import { setTimeout as delay } from 'node:timers/promises';

/** Waits so that on the whole no more than so many a second go. */
export class Pace {
  readonly #startedMs = performance.now();
  #done = 0;

  constructor(private readonly perSecond: number) {}

  /** Before the next `count`. */
  async admit(count: number): Promise<void> {
    await this.spend(0);
    this.#done += count;
  }

  /** After `count` more. */
  async spend(count: number): Promise<void> {
    this.#done += count;
    const dueMs = this.#startedMs + (this.#done / this.perSecond) * 1_000;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
  }
}
