import type { RecordKey } from '@crm-mesh/contract';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import type { Store, Transaction } from '@crm-mesh/store';
import { foldEvent, foldSwallowed, type LoggedEvent, type StoredEntry } from '../ledger-entry.js';
import { readEntriesOf } from '../ledger-rows.js';
import { readerOf } from '../ledger-state.js';
import { LedgerWriter } from '../ledger-writer.js';
import type { LedgerLog } from '../log-reader.js';
import { readLoggedEvent } from '../read-logged-event.js';
import { nameKey } from '../row-keys.js';
import type { Carry } from './decide-carry.js';

type Entries = Map<string, StoredEntry>;

export interface ShadowBuilderOptions {
  nats: Nats;
  store: Store;
  log: LedgerLog;
}

/** Builds a ledger beside the one that is used. */
export class ShadowBuilder {
  readonly #writer: LedgerWriter;

  constructor(private readonly options: ShadowBuilderOptions) {
    this.#writer = new LedgerWriter(options.store, 'ledger_shadow');
  }

  async read(keys: readonly RecordKey[]): Promise<Entries> {
    return readEntriesOf(readerOf(this.options.store), keys, 'ledger_shadow');
  }

  /** Folds what stands in the log into it; `save` is part of the transaction. */
  async fold(messages: readonly StoredMessage[], save: (transaction: Transaction) => Promise<void>): Promise<void> {
    const events = await this.#readEvents(messages);
    const known = await this.read([...listKeys(events)]);
    const changed: Entries = new Map();
    const change = (key: RecordKey, fold: (entry: StoredEntry | undefined) => StoredEntry): void => {
      const name = nameKey(key);
      const before = changed.get(name) ?? known.get(name);
      const after = fold(before);
      if (after !== before) changed.set(name, after);
    };
    for (const logged of events) {
      change(logged.address, (entry) => foldEvent(entry, logged));
      for (const key of listSwallowed(logged)) change(key, (entry) => foldSwallowed(entry, key, logged));
    }
    await this.write(async (transaction) => {
      await save(transaction);
      await this.#writer.put(transaction, [...changed.values()]);
    });
  }

  async carry(transaction: Transaction, carries: readonly Carry[]): Promise<void> {
    for (const { entry, isForced } of carries) if (entry && isForced) await this.#writer.remove(transaction, entry.key);
    const entries = carries.flatMap(({ entry }) => entry ?? []);
    await this.#writer.put(transaction, entries);
  }

  async write(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    await this.#writer.write(work);
  }

  async #readEvents(messages: readonly StoredMessage[]): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    for (const message of messages) {
      const logged = await readLoggedEvent(this.options.nats, message);
      if (logged) events.push(logged);
      else {
        const { sequence, subject } = message;
        this.options.log.warn({ sequence, subject }, 'no event of ours, passed over');
      }
    }
    return events;
  }
}

/** Each once. */
function listKeys(events: readonly LoggedEvent[]): Iterable<RecordKey> {
  const keys = new Map<string, RecordKey>();
  for (const logged of events)
    for (const key of [logged.address, ...listSwallowed(logged)]) keys.set(nameKey(key), key);
  return keys.values();
}

function listSwallowed({ address: { tenant, connection, entity }, event }: LoggedEvent): RecordKey[] {
  return (event.data.mergedIds ?? []).map((id) => ({ tenant, connection, entity, id }));
}
