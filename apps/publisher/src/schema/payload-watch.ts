import { setTimeout as delay } from 'node:timers/promises';
import type { Nats } from '@crm-mesh/jetstream';
import type { Notification } from '@crm-mesh/contract';
import { PayloadShape, type PayloadChange } from '@crm-mesh/sources';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connection } from '../connections/connections.js';
import { findReaders } from './find-readers.js';
import { listPlugins } from './list-plugins.js';
import { SchemaNotices } from './schema-notices.js';
import { readShape, saveShape } from './schema-rows.js';

export interface PayloadWatchOptions {
  nats: Nats;
  store: Store;
  log: Logger;
  metrics: Metrics;
  now(): number;
  /** What has changed is told, and what was seen is saved, so often. Default 30 s. */
  everyMs?: number;
}

const EVERY_MS = 30_000;
/** Of each entity: a burst of thousands shows no more than its first few. */
const LOOKS_PER_SECOND = 20;

/** One entity of one connection. */
interface Watched {
  connection: Connection;
  entity: string;
  /** Undefined as long as it is read from the store. */
  shape?: PayloadShape;
  /** Seen and not told yet. */
  changes: PayloadChange[];
  isSaved: boolean;
  second: number;
  looks: number;
}

/** Looks at some of the CRMs' objects as they pass, for fields that appear, vanish or are of another type than before. */
export class PayloadWatch {
  readonly #notices: SchemaNotices;
  readonly #watched = new Map<string, Watched>();
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: PayloadWatchOptions) {
    this.#notices = new SchemaNotices(options);
  }

  start(): void {
    this.#ended = this.#run(this.#stopping.signal);
  }

  /** Tells and saves what is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    await this.flush();
  }

  /** Waits for nothing, and keeps nothing of the object but the names and types in it. */
  look(connection: Connection, { entity, origin, change, payload }: Notification, fetched: unknown): void {
    // What is loaded is old, and what is gone has no fields.
    if (origin === 'backfill' || change === 'deleted' || change === 'erased') return;
    const object = connection.source.fetch ? fetched : (fetched ?? payload);
    if (typeof object !== 'object' || object === null || object instanceof Error) return;
    const watched = this.#find(connection, entity);
    const nowMs = this.options.now();
    if (!watched.shape || !isInTurn(watched, nowMs)) return;
    watched.changes.push(...watched.shape.take(object, nowMs));
    watched.isSaved = false;
  }

  /** Told first: what is saved is not found again. */
  async flush(): Promise<void> {
    const { store, log, now } = this.options;
    for (const watched of this.#watched.values()) {
      if (watched.isSaved || !watched.shape) continue;
      const { connection, entity, shape } = watched;
      const name = nameOf(connection);
      try {
        await this.#tell(watched);
        watched.isSaved = true;
        await saveShape(store, { connection: name, entity }, { shape, atMs: now() });
      } catch (error) {
        watched.isSaved = false;
        log.warn({ err: error, connection: name, entity }, 'what CRM objects look like could not be told or saved yet');
      }
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { everyMs = EVERY_MS } = this.options;
    while (!signal.aborted) {
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.flush();
    }
  }

  #find(connection: Connection, entity: string): Watched {
    const key = `${nameOf(connection)} ${entity}`;
    let watched = this.#watched.get(key);
    if (!watched) {
      watched = { connection, entity, changes: [], isSaved: true, second: 0, looks: 0 };
      this.#watched.set(key, watched);
      void this.#load(key, watched);
    }
    watched.connection = connection;
    return watched;
  }

  async #load(key: string, watched: Watched): Promise<void> {
    const { store, log } = this.options;
    try {
      watched.shape = new PayloadShape(await readShape(store, nameOf(watched.connection), watched.entity));
    } catch (error) {
      // The next object tries again.
      this.#watched.delete(key);
      log.debug({ err: error, key }, 'what CRM objects look like could not be read yet');
    }
  }

  async #tell(watched: Watched): Promise<void> {
    if (watched.changes.length === 0) return;
    const { connection, entity } = watched;
    const { source, context, ruled = new Map<string, ReadonlyMap<string, string>>() } = connection;
    const plugins = await listPlugins(this.options.nats);
    const sourceReads = source.reads?.(entity, context.config) ?? [];
    const own = ruled.get(entity) ?? new Map<string, string>();
    for (let change = watched.changes[0]; change; change = watched.changes[0]) {
      if (!isLeftToMetadata(connection, change)) {
        const readBy = findReaders({ entity, ...change }, { sourceReads, ruled: own, plugins });
        await this.#notices.tell({ connection: nameOf(connection), entity, ...change, seenIn: 'payloads', readBy });
      }
      watched.changes.shift();
    }
  }
}

/** A CRM that describes itself says what is new before any record has it. */
function isLeftToMetadata({ source }: Connection, { kind }: PayloadChange): boolean {
  return source.describe !== undefined && (kind === 'field-added' || kind === 'value-added');
}

function isInTurn(watched: Watched, nowMs: number): boolean {
  const second = Math.floor(nowMs / 1_000);
  if (watched.second !== second) Object.assign(watched, { second, looks: 0 });
  watched.looks += 1;
  return watched.looks <= LOOKS_PER_SECOND;
}

const nameOf = ({ tenant, name }: Connection): string => `${tenant}/${name}`;
