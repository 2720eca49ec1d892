/** The wait before a step that needs the store or the server is tried again. */
const RETRY_MS = 1_000;

export interface InsistOptions {
  stopping: AbortSignal;
  onFailure(error: unknown): void;
}

/** Tries until the step succeeds. Once it failed while stopping, nothing succeeds any more: later steps must not overtake it. */
export class Insistence {
  #gaveUp: { error: unknown } | undefined;

  constructor(private readonly options: InsistOptions) {}

  async until<Result>(step: () => Promise<Result>): Promise<Result> {
    const { stopping, onFailure } = this.options;
    for (;;) {
      if (this.#gaveUp) throw this.#gaveUp.error;
      try {
        return await step();
      } catch (error) {
        onFailure(error);
        if (stopping.aborted) this.#gaveUp = { error };
        else await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
