interface Waiter {
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Runs `commit` for what has gathered: at most `everyMs` after {@link request}, one at a time, again after a failure. */
export class CommitLoop {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #waiters: Waiter[] = [];
  #ended = false;

  constructor(
    private readonly commit: () => Promise<void>,
    private readonly everyMs: number,
  ) {}

  request(): void {
    if (this.#ended) return;
    this.#timer ??= setTimeout(() => void this.run().catch(() => this.request()), this.everyMs);
  }

  /** Resolves when everything put before the call is committed; rejects when that commit failed. */
  committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.request();
    });
  }

  /** Commits now. */
  async run(): Promise<void> {
    while (this.#running) await this.#running.catch(() => undefined);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#running = this.commit().finally(() => (this.#running = undefined));
    try {
      await this.#running;
      for (const { resolve } of waiters) resolve();
    } catch (error) {
      for (const { reject } of waiters) reject(error);
      throw error;
    }
  }

  /** The last commit; nothing is committed afterwards. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.run();
  }
}
