import type { Lease, Nats } from '@crm-mesh/jetstream';
import { diffDescriptions, type SchemaChange } from '@crm-mesh/sources';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connection } from '../connections/connections.js';
import { pauseFor } from '../pause-for.js';
import { findReaders } from './find-readers.js';
import { listPlugins } from './list-plugins.js';
import { SchemaNotices } from './schema-notices.js';
import { readSchema, saveSchema } from './schema-rows.js';

export interface SchemaWatchOptions {
  nats: Nats;
  store: Store;
  /** Asked at each look: a source that is loaded anew brings others. */
  listConnections(): readonly Connection[];
  log: Logger;
  metrics: Metrics;
  acquireLease(signal: AbortSignal): Promise<Lease>;
  now(): number;
  /** Default 1 hour. */
  everyMs?: number;
  /** A start is no moment to ask for more than is needed. Default 1 minute. */
  firstAfterMs?: number;
}

const EVERY_MS = 3_600_000;
const FIRST_AFTER_MS = 60_000;
const RETRY_MS = 60_000;

/** Looks from time to time whether the metadata of CRMs is as it was; of all publishers one does. */
export class SchemaWatch {
  readonly #stopping = new AbortController();
  readonly #notices: SchemaNotices;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: SchemaWatchOptions) {
    this.#notices = new SchemaNotices(options);
  }

  start(): void {
    if (this.#listDescribed().length > 0) this.#ended = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  #listDescribed(): readonly Connection[] {
    return this.options.listConnections().filter(({ source }) => source.describe);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { firstAfterMs = FIRST_AFTER_MS, log } = this.options;
    await pauseFor(firstAfterMs, signal);
    while (!signal.aborted) {
      try {
        await this.#lead(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'the schemas of CRMs could not be watched; it is tried again');
        await pauseFor(RETRY_MS, signal);
      }
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const lease = await this.options.acquireLease(signal);
    const over = AbortSignal.any([signal, abortWhen(lease.lost)]);
    try {
      while (!over.aborted) {
        for (const connection of this.#listDescribed()) if (!over.aborted) await this.look(connection);
        await pauseFor(this.options.everyMs ?? EVERY_MS, over);
      }
    } finally {
      await lease.release();
    }
  }

  /** Tells what has changed since the last look, and then keeps what was seen. A CRM that does not answer is asked next time. */
  async look(connection: Connection): Promise<void> {
    const { store, now, log } = this.options;
    const name = `${connection.tenant}/${connection.name}`;
    try {
      const description = await connection.source.describe!(connection.context);
      const before = await readSchema(store, name);
      const changes = before === undefined ? [] : diffDescriptions(before, description);
      if (changes.length > 0) await this.#tell(connection, name, changes);
      if (before === undefined || changes.length > 0) await saveSchema(store, name, { description, atMs: now() });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn({ connection: name, reason }, 'the metadata of a CRM cannot be read now');
    }
  }

  async #tell(connection: Connection, name: string, changes: readonly SchemaChange[]): Promise<void> {
    const { source, context, ruled } = connection;
    const plugins = await listPlugins(this.options.nats);
    for (const change of changes) {
      const sourceReads = source.reads?.(change.entity, context.config) ?? [];
      const own = ruled?.get(change.entity) ?? new Map<string, string>();
      const readBy = findReaders(change, { sourceReads, ruled: own, plugins });
      await this.#notices.tell({ connection: name, ...change, readBy });
    }
  }
}

function abortWhen(lost: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  void lost.then(() => controller.abort());
  return controller.signal;
}
