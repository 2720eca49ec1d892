/** Lets so many do something at once; the rest waits, first come, first served. */
export class Places {
  readonly #waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Whoever comes next takes this very place.
      if (next) next();
      else this.free += 1;
    }
  }
}
