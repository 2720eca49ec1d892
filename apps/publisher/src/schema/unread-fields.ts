import type { Nats } from '@crm-mesh/jetstream';
import type { UnreadField } from '@crm-mesh/sdk';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connection } from '../connections/connections.js';
import { findFieldReaders } from './find-readers.js';
import { listPlugins } from './list-plugins.js';
import { SchemaNotices } from './schema-notices.js';

export interface UnreadFieldsOptions {
  nats: Nats;
  log: Logger;
  metrics: Metrics;
  now(): number;
  /** A field is told of at most so often. Default 1 hour. */
  everyMs?: number;
}

const EVERY_MS = 3_600_000;

interface Told {
  atMs: number;
  /** Since then. */
  times: number;
}

/** Counts what cannot be read of records, and tells of each field from time to time: never once for each record. */
export class UnreadFields {
  readonly #notices: SchemaNotices;
  readonly #unread;
  /** By connection, entity and field: as many as the canonical model has. */
  readonly #told = new Map<string, Told>();
  readonly #telling = new Set<Promise<void>>();

  constructor(private readonly options: UnreadFieldsOptions) {
    this.#notices = new SchemaNotices(options);
    this.#unread = options.metrics.counter(
      'mesh_fields_unread_total',
      'Statements of records that were told without a field, as it could not be read.',
      ['connection', 'entity', 'field'],
    );
  }

  /** Waits for nothing: records go on. */
  note(connection: Connection, entity: string, fields: readonly UnreadField[]): void {
    const name = `${connection.tenant}/${connection.name}`;
    for (const { field, why } of fields) {
      this.#unread.inc({ connection: name, entity, field });
      const times = this.#countUntold(`${name} ${entity}.${field}`);
      if (times === undefined) continue;
      const telling = this.#tell(connection, { connection: name, entity, field, why, times }).finally(() =>
        this.#telling.delete(telling),
      );
      this.#telling.add(telling);
    }
  }

  /** Resolves when nothing is being told any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#telling);
  }

  /** How often it was since it was told last; undefined: it is too early to tell it again. */
  #countUntold(key: string): number | undefined {
    const { now, everyMs = EVERY_MS } = this.options;
    const told = this.#told.get(key);
    if (told && now() - told.atMs < everyMs) {
      told.times += 1;
      return undefined;
    }
    this.#told.set(key, { atMs: now(), times: 0 });
    return (told?.times ?? 0) + 1;
  }

  async #tell(
    { ruled }: Connection,
    unread: { connection: string; entity: string; field: string; why: string; times: number },
  ): Promise<void> {
    const { nats, log } = this.options;
    try {
      const known = { ruled: ruled?.get(unread.entity) ?? new Map<string, string>(), plugins: await listPlugins(nats) };
      await this.#notices.tell({ ...unread, kind: 'field-unread', readBy: findFieldReaders(unread, known) });
    } catch (error) {
      log.warn({ err: error, ...unread }, 'a field cannot be read, and CRM_AUDIT could not be told so');
    }
  }
}
