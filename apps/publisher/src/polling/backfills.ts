import { randomUUID } from 'node:crypto';
import { MeshError } from '@crm-mesh/contract';
import type { BackfillState } from '@crm-mesh/control';
import type { Nats } from '@crm-mesh/jetstream';
import type { Connection, Connections } from '../connections/connections.js';
import { keyOfBackfill, publishBackfillAudit } from './backfill.js';
import type { Cursors } from './cursors.js';

export interface BackfillsOptions {
  nats: Nats;
  connections: Connections;
  cursors: Cursors;
  now(): number;
}

export interface BackfillRequest {
  tenant: string;
  connection: string;
  /** Absent: all that the source can scan. */
  entities?: readonly string[];
  by: string;
}

/** Backfills as they are written down; whoever leads the connection does them. */
export class Backfills {
  constructor(private readonly options: BackfillsOptions) {}

  /** Begins one; where one runs for the same entities, that is it. */
  async begin({ tenant, connection: name, entities, by }: BackfillRequest): Promise<BackfillState> {
    const { cursors, now } = this.options;
    const connection = this.#find(tenant, name);
    const wanted = chooseEntities(connection, entities);
    let state: BackfillState | undefined;
    await cursors.change<BackfillState>(keyOfBackfill(connection), (running) => {
      state = running;
      if (running && !running.ended) return undefined;
      const fresh = wanted.map((entity) => ({ entity, records: 0 }));
      return (state = { run: randomUUID().slice(0, 8), by, begunMs: now(), entities: fresh });
    });
    const running = state!.entities.map(({ entity }) => entity);
    if (running.join() === wanted.join()) return state!;
    const what = `A backfill of ${tenant}/${name} runs already, for ${running.join(', ')}.`;
    throw new MeshError('MESH_CONTROL_INVALID', what, { cure: 'Wait for its end, or end it with --cancel.' });
  }

  /** Ends the one that runs; resolves to it, or undefined where none does. */
  async cancel(tenant: string, name: string): Promise<BackfillState | undefined> {
    const { cursors, now, nats } = this.options;
    const connection = this.#find(tenant, name);
    let cancelled: BackfillState | undefined;
    await cursors.change<BackfillState>(keyOfBackfill(connection), (state) => {
      cancelled = undefined;
      if (!state || state.ended) return undefined;
      return (cancelled = { ...state, ended: { atMs: now(), how: 'cancelled' } });
    });
    if (cancelled) await publishBackfillAudit(nats, connection, { state: cancelled, phase: 'cancelled', nowMs: now() });
    return cancelled;
  }

  async read(tenant: string, name: string): Promise<BackfillState | undefined> {
    return (await this.options.cursors.read<BackfillState>(keyOfBackfill(this.#find(tenant, name)))).state;
  }

  #find(tenant: string, name: string): Connection {
    const connection = this.options.connections.find(tenant, name);
    if (connection) return connection;
    const names = this.options.connections.all.map((one) => `${one.tenant}/${one.name}`).join(', ');
    const what = `There is no connection ${tenant}/${name}.`;
    throw new MeshError('MESH_CONNECTION_UNKNOWN', what, { cure: `Name one of: ${names}.` });
  }
}

function chooseEntities({ source, context }: Connection, wished: readonly string[] | undefined): readonly string[] {
  const known = source.scan?.entities(context.config);
  if (!known)
    throw new MeshError('MESH_CONTROL_INVALID', `The source "${source.name}" cannot go through all records.`, {
      cure: 'Ask for a backfill of another connection.',
    });
  const unknown = wished?.find((entity) => !known.includes(entity));
  if (unknown === undefined) return wished ? known.filter((entity) => wished.includes(entity)) : known;
  throw new MeshError('MESH_CONTROL_INVALID', `The source "${source.name}" has no entity "${unknown}" to load.`, {
    cure: `Name some of: ${known.join(', ')}.`,
  });
}
