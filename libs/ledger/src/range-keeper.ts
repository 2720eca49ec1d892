import { digestMark } from '@crm-mesh/contract';
import type { Transaction } from '@crm-mesh/store';
import { addToRanges, readLeaves, readRangeMarks, removeRange, type Leaf, type LeafChange } from './range-rows.js';
import type { ScopeTokens } from './row-keys.js';
import type { RowsTable } from './ledger-rows.js';

/** More records than this split a range in two. */
const MAX_RECORDS = 512;
/** What ranges are made of that are written anew: room is left. */
const FRESH_RECORDS = 384;

/** What one row comes to for its range. */
export interface MarkChange {
  scope: ScopeTokens;
  place: string;
  /** The version that counted before; absent: none did. */
  before: number | undefined;
  after: number | undefined;
}

/** One entity's ranges, as they lie in the store. */
interface Ranges {
  scope: ScopeTokens;
  leaves: Leaf[];
}

/**
 * Keeps number and digest of the records of each range of places, as in the leaves of a B-tree: one that grows too large is
 * split, and one that is empty goes to its left neighbour. All within the transaction that writes the rows.
 */
export class RangeKeeper {
  readonly #scopes = new Map<string, Ranges>();

  constructor(private readonly table: RowsTable) {}

  /** Somebody else may have written, or what we wrote may not stand: ranges are read again. */
  forget(): void {
    this.#scopes.clear();
  }

  /** The rows have been written already. */
  async apply(transaction: Transaction, changes: readonly MarkChange[]): Promise<void> {
    const changed = new Map<Leaf, LeafChange>();
    const grown = new Map<Leaf, Ranges>();
    for (const change of changes) {
      const ranges = await this.#open(transaction, change.scope, changed);
      const leaf = findLeaf(ranges.leaves, change.place);
      addChange(changed, { leaf, change });
      if (leaf.records > MAX_RECORDS || leaf.records <= 0) grown.set(leaf, ranges);
    }
    await addToRanges(transaction, [...changed.values()], this.table);
    for (const [leaf, ranges] of grown) {
      if (leaf.records > MAX_RECORDS) await this.#split(transaction, ranges, leaf);
      else if (leaf.records === 0 && leaf.from !== '') await this.#merge(transaction, ranges, leaf);
    }
  }

  /** Writes the ranges of an entity that has none yet, from its rows. */
  async fill(transaction: Transaction, scope: ScopeTokens): Promise<void> {
    const leaf = { from: '', records: 0 };
    await addToRanges(transaction, [{ scope, from: '', records: 0, digest: 0 }], this.table);
    await this.#split(transaction, { scope, leaves: [leaf] }, leaf);
  }

  async #open(transaction: Transaction, scope: ScopeTokens, changed: Map<Leaf, LeafChange>): Promise<Ranges> {
    const name = scope.join('.');
    const known = this.#scopes.get(name);
    if (known) return known;
    const ranges: Ranges = { scope, leaves: await readLeaves(transaction, scope, this.table) };
    if (ranges.leaves.length === 0) {
      const first: Leaf = { from: '', records: 0 };
      ranges.leaves.push(first);
      changed.set(first, { scope, from: '', records: 0, digest: 0 });
    }
    this.#scopes.set(name, ranges);
    return ranges;
  }

  async #split(transaction: Transaction, { scope, leaves }: Ranges, leaf: Leaf): Promise<void> {
    const index = leaves.indexOf(leaf);
    const range = { from: leaf.from, to: leaves[index + 1]?.from };
    const pieces: LeafChange[] = [];
    // In pages: ranges that are filled for the first time hold all that there is.
    for await (const marks of readRangeMarks(transaction, scope, range, this.table)) {
      const count = Math.ceil(marks.length / FRESH_RECORDS);
      for (let piece = 0; piece < count; piece += 1) {
        const [start, end] = [piece, piece + 1].map((edge) => Math.round((edge * marks.length) / count));
        const part = marks.slice(start, end);
        const digest = part.reduce((sum, { place, version }) => sum + digestMark(place, version), 0);
        pieces.push({ scope, from: part[0]!.place, records: part.length, digest });
      }
    }
    if (pieces[0]) pieces[0].from = leaf.from;
    else pieces.push({ scope, from: leaf.from, records: 0, digest: 0 });
    await removeRange(transaction, scope, leaf.from, this.table);
    await addToRanges(transaction, pieces, this.table);
    leaves.splice(index, 1, ...pieces.map(({ from, records }) => ({ from, records })));
  }

  /** The left neighbour ends where the next one begins, and so takes its places over. */
  async #merge(transaction: Transaction, { scope, leaves }: Ranges, leaf: Leaf): Promise<void> {
    await removeRange(transaction, scope, leaf.from, this.table);
    leaves.splice(leaves.indexOf(leaf), 1);
  }
}

function addChange(
  changed: Map<Leaf, LeafChange>,
  { leaf, change: { scope, place, before, after } }: { leaf: Leaf; change: MarkChange },
): void {
  if (before === after) return;
  const sum = changed.get(leaf) ?? { scope, from: leaf.from, records: 0, digest: 0 };
  const records = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  sum.records += records;
  leaf.records += records;
  if (after !== undefined) sum.digest += digestMark(place, after);
  if (before !== undefined) sum.digest -= digestMark(place, before);
  changed.set(leaf, sum);
}

/** The last one that begins at the place or before it. */
function findLeaf(leaves: readonly Leaf[], place: string): Leaf {
  let [low, high] = [0, leaves.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (leaves[middle]!.from <= place) low = middle;
    else high = middle - 1;
  }
  return leaves[low]!;
}
