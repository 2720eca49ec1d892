const SECONDS = 60;

/** How many there were in the last minute. */
export class MinuteRate {
  readonly #perSecond = Array.from({ length: SECONDS }, () => 0);
  #second = 0;

  constructor(private readonly now: () => number) {}

  add(count: number): void {
    this.#forgetOld();
    this.#perSecond[this.#second % SECONDS]! += count;
  }

  get lastMinute(): number {
    this.#forgetOld();
    return this.#perSecond.reduce((sum, count) => sum + count, 0);
  }

  #forgetOld(): void {
    const second = Math.floor(this.now() / 1_000);
    for (let old = Math.max(this.#second + 1, second - SECONDS + 1); old <= second; old += 1)
      this.#perSecond[old % SECONDS] = 0;
    this.#second = second;
  }
}
