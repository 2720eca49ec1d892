import type { RecordKey } from '@crm-mesh/contract';
import type { EntryMemory } from './entry-memory.js';
import {
  foldEvent,
  foldSeen,
  foldSwallowed,
  type LoggedEvent,
  type SeenStatement,
  type StoredEntry,
} from './ledger-entry.js';

/** Folds what happens into the entries in memory; what is not there is read first. */
export class EntryFolder {
  constructor(
    private readonly memory: EntryMemory,
    private readonly read: (key: RecordKey) => Promise<StoredEntry | undefined>,
  ) {}

  async find(key: RecordKey): Promise<StoredEntry | undefined> {
    const known = this.memory.get(key);
    if (known) return known;
    const stored = await this.read(key);
    return stored ? this.memory.remember(stored) : this.memory.get(key);
  }

  /** Resolves to whether the record was told of for the first time. */
  async fold(logged: LoggedEvent): Promise<boolean> {
    const { address, event } = logged;
    let isNew = false;
    await this.#change(address, (entry) => {
      const after = foldEvent(entry, logged);
      isNew = after.version > 0 && (entry?.version ?? 0) === 0;
      return after;
    });
    const { tenant, connection, entity } = address;
    for (const id of event.data.mergedIds ?? []) {
      const key = { tenant, connection, entity, id };
      await this.#change(key, (entry) => foldSwallowed(entry, key, logged));
    }
    return isNew;
  }

  /** Resolves to whether that is news. */
  foldSeen(key: RecordKey, seen: SeenStatement): Promise<boolean> {
    return this.#change(key, (entry) => foldSeen(entry, key, seen));
  }

  async #change(key: RecordKey, fold: (entry: StoredEntry | undefined) => StoredEntry): Promise<boolean> {
    const before = await this.find(key);
    // Nothing may be awaited from here on: another event of the record would be folded into an old entry.
    const current = this.memory.get(key) ?? before;
    const after = fold(current);
    if (after === current) return false;
    this.memory.put(after);
    return true;
  }
}
