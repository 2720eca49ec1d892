/** Sequences `from` to `to` of the stream, both included. */
export interface SequenceRange {
  from: number;
  to: number;
}

/** The highest sequence up to which everything is applied, while sequences come in any order. */
export class LogPosition {
  #upTo: number;
  readonly #beyond = new Set<number>();
  #lowestBeyond = Infinity;

  constructor(upTo: number) {
    this.#upTo = upTo;
  }

  get upTo(): number {
    return this.#upTo;
  }

  mark(sequence: number): void {
    if (sequence <= this.#upTo) return;
    this.#beyond.add(sequence);
    this.#lowestBeyond = Math.min(this.#lowestBeyond, sequence);
    if (sequence === this.#upTo + 1) this.#close();
  }

  /** Everything up to here is applied, or is not in the stream. */
  advanceTo(sequence: number): void {
    if (sequence <= this.#upTo) return;
    this.#upTo = sequence;
    this.#close();
  }

  /** The first sequences that are missing below one that is applied. */
  gap(): SequenceRange | undefined {
    if (this.#beyond.size === 0) return undefined;
    return { from: this.#upTo + 1, to: this.#lowestBeyond - 1 };
  }

  #close(): void {
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
    if (this.#lowestBeyond > this.#upTo) return;
    for (const sequence of this.#beyond) if (sequence <= this.#upTo) this.#beyond.delete(sequence);
    // After the loop what is left lies above; its lowest is looked for only when a run was closed.
    this.#lowestBeyond = Infinity;
    for (const sequence of this.#beyond) this.#lowestBeyond = Math.min(this.#lowestBeyond, sequence);
  }
}
