import { rawSubject, type RecordKey } from '@crm-mesh/contract';
import { LRUCache } from 'lru-cache';
import type { StoredEntry } from './ledger-entry.js';

/** Entries in memory: those that are not committed yet, and the ones used last. */
export class EntryMemory {
  #dirty = new Map<string, StoredEntry>();
  #committing = new Map<string, StoredEntry>();
  readonly #recent: LRUCache<string, StoredEntry>;

  constructor(maxRecent: number) {
    this.#recent = new LRUCache({ max: maxRecent });
  }

  get dirtyCount(): number {
    return this.#dirty.size + this.#committing.size;
  }

  get(key: RecordKey): StoredEntry | undefined {
    const name = rawSubject(key);
    return this.#dirty.get(name) ?? this.#committing.get(name) ?? this.#recent.get(name);
  }

  /** What the store said; changes nothing where memory knows more. */
  remember(entry: StoredEntry): StoredEntry {
    const known = this.get(entry.key);
    if (known) return known;
    this.#recent.set(rawSubject(entry.key), entry);
    return entry;
  }

  /** To be committed. */
  put(entry: StoredEntry): void {
    const name = rawSubject(entry.key);
    this.#dirty.set(name, entry);
    this.#recent.set(name, entry);
  }

  /** Hands out what is to be committed; {@link endCommit} says how it went. */
  beginCommit(): StoredEntry[] {
    this.#committing = this.#dirty;
    this.#dirty = new Map();
    return [...this.#committing.values()];
  }

  endCommit(succeeded: boolean): void {
    if (!succeeded) this.#dirty = new Map([...this.#committing, ...this.#dirty]);
    this.#committing = new Map();
  }

  /** Others have written too: what the store says counts, but for what is to be committed. */
  forgetRecent(): void {
    this.#recent.clear();
  }

  clear(): void {
    this.#dirty.clear();
    this.#recent.clear();
  }
}
