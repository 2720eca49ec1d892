/**
 * Shared by all consumers of a process. After an unclean end those that were in hand run first, apart from everything
 * else, so that the one that ends the process is found and nothing that merely ran beside it is blamed.
 */
export class Quarantine {
  readonly #members = new Set<object>();
  readonly #listeners = new Set<() => void>();
  #turn: Promise<unknown> = Promise.resolve();

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

  /** One consumer's suspects at a time. */
  async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }
}
