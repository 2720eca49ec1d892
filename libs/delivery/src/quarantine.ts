import { randomUUID } from 'node:crypto';

/**
 * Shared by all consumers of a process. After an unclean end those that were in hand run first, apart from everything
 * else, so that the one that ends the process is found and nothing that merely ran beside it is blamed.
 */
export class Quarantine {
  readonly #members = new Set<object>();
  readonly #listeners = new Set<() => void>();
  /** Of this process, from its start to its end. */
  readonly runId = randomUUID();
  #turn: Promise<unknown> = Promise.resolve();
  #endsCleanly = true;
  #ordinaryRuns = 0;
  #onQuiet: () => void = () => undefined;

  /** False after an exception that nobody caught: what was in hand may have been its cause. */
  get endsCleanly(): boolean {
    return this.#endsCleanly;
  }

  endUncleanly(): void {
    this.#endsCleanly = false;
  }

  /** A run outside of the quarantine begins. Returns the way to say that it has ended. */
  beginRun(): () => void {
    this.#ordinaryRuns += 1;
    return () => {
      this.#ordinaryRuns -= 1;
      if (this.#ordinaryRuns === 0) this.#onQuiet();
    };
  }

  /** While true, only suspects run. */
  get isActive(): boolean {
    return this.#members.size > 0;
  }

  /** From its start until {@link leave} the consumer may have suspects. */
  join(member: object): void {
    this.#members.add(member);
  }

  leave(member: object): void {
    if (!this.#members.delete(member) || this.isActive) return;
    for (const listener of this.#listeners) listener();
  }

  /** Called when it is over. Returns the way to stop that. */
  onOver(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One consumer's suspects at a time, and not before what began to run ahead of the quarantine has ended. */
  async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#afterOthers(this.#turn, work);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #afterOthers(before: Promise<unknown>, work: () => Promise<void>): Promise<void> {
    await before;
    if (this.#ordinaryRuns > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve));
    await work();
  }
}
