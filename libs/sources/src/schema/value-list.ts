import { hash } from 'node:crypto';

export type StoredValues = [seen: number, known: string[] | null];

/** A word of a list: `closed_won`, `A-1`. What people write has blanks, an `@`, or is longer. */
const WORD = /^[A-Za-z0-9_.-]{1,40}$/;
/** A field with at most so many words, at so many looks, is a list of words; with more than twice as many it is none. */
const FEW = 12;
const LEARN = 200;
/** A word that is seen so often is one of the list. */
const SEEN = 3;

/**
 * The words that a field holds, where they are few. Kept as hashes: a name that stands in a field must not lie in our tables
 * when it is erased elsewhere.
 */
export class ValueList {
  #seen: number;
  /** Undefined: the field is no list. */
  #known: Set<string> | undefined;
  readonly #odd = new Map<string, number>();

  constructor([seen, known]: StoredValues = [0, []]) {
    this.#seen = seen;
    this.#known = known ? new Set(known) : undefined;
  }

  toJSON(): StoredValues {
    return [this.#seen, this.#known ? [...this.#known] : null];
  }

  /** Whether the value is a new one of the list. */
  take(value: string): boolean {
    if (!this.#known || value === '') return false;
    if (!WORD.test(value)) return this.#giveUp();
    this.#seen += 1;
    const name = hash('sha256', value, 'base64url').slice(0, 11);
    if (this.#known.has(name)) return false;
    const isLearning = this.#seen <= LEARN;
    const times = (this.#odd.get(name) ?? 0) + 1;
    if (!isLearning && times < SEEN) {
      // A field of ever new words is no list.
      if (this.#odd.size >= FEW) return this.#giveUp();
      this.#odd.set(name, times);
      return false;
    }
    this.#odd.delete(name);
    this.#known.add(name);
    if (this.#known.size > (isLearning ? FEW : 2 * FEW)) return this.#giveUp();
    return !isLearning;
  }

  #giveUp(): false {
    this.#known = undefined;
    this.#odd.clear();
    return false;
  }
}
