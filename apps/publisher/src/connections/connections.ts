import type { Source, SourceContext } from '@crm-mesh/sdk';
import type { RecordLoader } from '@crm-mesh/sources';

/** One configured account of a source, for one tenant, and what came through it. */
export interface Connection {
  tenant: string;
  name: string;
  source: Source;
  context: SourceContext;
  loadRecord: RecordLoader;
  /** How long signs of one record are gathered before they are looked at. */
  coalesceMs: number;
  counts: ConnectionCounts;
}

/** Since the publisher started. */
export interface ConnectionCounts {
  /** Notifications that were answered 2xx. */
  received: number;
  /** Requests. */
  refused: number;
  /** Notifications that were stored before. */
  duplicates: number;
  lastReceivedAt?: string;
}

export class Connections {
  readonly #byName = new Map<string, Connection>();

  constructor(readonly all: readonly Connection[]) {
    for (const connection of all) this.#byName.set(nameOf(connection.tenant, connection.name), connection);
  }

  find(tenant: string, name: string): Connection | undefined {
    return this.#byName.get(nameOf(tenant, name));
  }
}

const nameOf = (tenant: string, name: string): string => JSON.stringify([tenant, name]);
