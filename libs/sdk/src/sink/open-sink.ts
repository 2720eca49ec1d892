import { MeshError } from '@crm-mesh/contract';
import { Unavailable } from '../delivery-errors.js';
import type { Plugin } from '../plugin.js';
import { holdTransaction, unlessAborted } from './hold-transaction.js';
import { createInbox, forgetRows, listDone } from './inbox-rows.js';
import { isAway } from './is-away.js';
import type { SinkReader, SinkWork } from './sink-transaction.js';

/** A plugin's own database, opened where its handler runs. */
export interface Sink {
  /** Of the plugin. */
  readonly consumer: string;
  /** One at a time on SQLite; rolled back when the signal aborts. Rejects with `Unavailable` where the database is away. */
  transaction<Result>(work: SinkWork<Result>, signal?: AbortSignal): Promise<Result>;
  /** Reads beside the transactions: it waits for none of them, and holds none of them up. */
  readonly reader: SinkReader;
  /** Forgets what was done before: nothing can bring it again. */
  forget(beforeMs: number): Promise<void>;
  /** Which of the events its inbox has as done. */
  listDone(eventIds: readonly string[]): Promise<string[]>;
  /** Nothing of it is used any more. */
  close(): Promise<void>;
}

/** The driver waits for a lock with the whole thread: not for long. */
const BUSY_TIMEOUT_MS = 250;
/** A handler may ask others for so long within a transaction, before PostgreSQL takes its process for dead and ends it. */
const IDLE_TRANSACTION_MS = 60_000;

/** Opens a plugin's sink and makes its inbox; undefined where it has none. */
export async function openSink<C>(
  { name: consumer, sink }: Pick<Plugin<never, C>, 'name' | 'sink'>,
  config: C,
): Promise<Sink | undefined> {
  if (!sink) return undefined;
  const url = sink(config);
  const store = await open(consumer, url);
  const reader = new Reader(store, () => open(consumer, url), url);
  const transaction: Sink['transaction'] = async (work, signal) => {
    try {
      // Not waited for after an abort: PostgreSQL may be held up by a statement, behind which it rolls back.
      return await unlessAborted(
        store.write((tx) => holdTransaction(tx, store.dialect, work, signal)),
        signal,
      );
    } catch (error) {
      throw isAway(error) ? new Unavailable('the database cannot be reached', { cause: error }) : error;
    }
  };
  try {
    await transaction(createInbox);
  } catch (error) {
    await store.close();
    throw error;
  }
  return {
    consumer,
    transaction,
    reader,
    forget: async (beforeMs) => {
      while (await transaction((tx) => forgetRows(tx, consumer, beforeMs)));
    },
    listDone: (eventIds) => transaction((tx) => listDone(tx, consumer, eventIds)),
    close: async () => {
      await reader.close();
      await store.close();
    },
  };
}

type OpenedStore = Awaited<ReturnType<typeof open>>;

/**
 * On SQLite the store's one connection would see what a transaction under way may roll back, and wait for it: the first
 * question opens another one.
 */
class Reader implements SinkReader {
  #own: Promise<OpenedStore> | undefined;

  constructor(
    private readonly store: OpenedStore,
    private readonly openAnother: () => Promise<OpenedStore>,
    private readonly url: string,
  ) {}

  get dialect(): SinkReader['dialect'] {
    return this.store.dialect;
  }

  async all<Row>(sql: string, parameters?: Parameters<SinkReader['all']>[1]): Promise<Row[]> {
    try {
      return await (await this.#openOwn()).read<Row>(sql, parameters);
    } catch (error) {
      throw isAway(error) ? new Unavailable('the database cannot be reached', { cause: error }) : error;
    }
  }

  async close(): Promise<void> {
    const own = await this.#own?.catch(() => undefined);
    await own?.close();
  }

  #openOwn(): OpenedStore | Promise<OpenedStore> {
    // What lies in memory has one connection.
    if (this.dialect === 'postgres' || this.url === 'sqlite::memory:') return this.store;
    this.#own ??= this.openAnother().catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }
}

async function open(consumer: string, url: string) {
  // Who has no sink need not have a database.
  const { openStore } = await import('@crm-mesh/store');
  try {
    return await openStore({
      ...{ url, migrations: [] },
      busyTimeoutMs: BUSY_TIMEOUT_MS,
      idleTransactionMs: IDLE_TRANSACTION_MS,
    });
  } catch (error) {
    const cause = error instanceof MeshError ? (error.cause ?? error) : error;
    const reason = cause instanceof MeshError ? cause.what : String(cause);
    throw new MeshError('MESH_SINK_UNAVAILABLE', `The sink of "${consumer}" cannot be opened: ${reason}.`, { cause });
  }
}
