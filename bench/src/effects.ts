export interface EffectsTold {
  count: number;
  /** Epoch milliseconds of the first. */
  firstMs: number;
  /** Milliseconds from when each was due to its effect, as far as it said when; not sorted. */
  latenciesMs: number[];
}

/** What handlers did, counted where they did it. */
export class Effects {
  #count = 0;
  #firstMs = 0;
  #latenciesMs: number[] = [];

  note(dueNs?: string): void {
    if (this.#count === 0) this.#firstMs = Date.now();
    this.#count += 1;
    if (dueNs !== undefined) this.#latenciesMs.push(Number(process.hrtime.bigint() - BigInt(dueNs)) / 1e6);
  }

  /** What was counted in another thread. */
  add({ count, firstMs }: { count: number; firstMs: number }): void {
    if (this.#count === 0) this.#firstMs = firstMs;
    this.#count += count;
  }

  tell(): EffectsTold {
    return { count: this.#count, firstMs: this.#firstMs, latenciesMs: this.#latenciesMs };
  }

  reset(): void {
    this.#count = 0;
    this.#latenciesMs = [];
  }
}
