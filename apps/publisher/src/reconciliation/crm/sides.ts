import { escapeToken, MeshError, type RecordKey, type RecordPlace } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger, LedgerEntry } from '@crm-mesh/ledger';
import type { FetchedRecords, NotificationDraft, ScanPage, SourceContext } from '@crm-mesh/sdk';
import type { Store } from '@crm-mesh/store';
import type { Connection, Connections } from '../../connections/connections.js';
import { abortable } from '../../polling/abortable.js';
import type { Pressure } from '../../polling/pressure.js';
import { countCalls } from './count-calls.js';
import { idOfPlace } from './scratch.js';

export interface CrmLegDependencies {
  nats: Nats;
  store: Store;
  ledger: Ledger;
  connections: Connections;
  pressure: Pressure;
  /** Epoch milliseconds. */
  now(): number;
  /** Instead of what the connection needs, see `chooseGraceMs`. */
  graceMs?: number | undefined;
}

/** What is compared. */
export interface CrmScope {
  run: string;
  tenant: string;
  connection: string;
  entity: string;
  /** `records`: also what is other content at the same time, at the cost of reading whole records. Default `versions`. */
  fields?: 'versions' | 'records' | undefined;
  /** These records alone. */
  ids?: readonly string[] | undefined;
}

/** What the CRM answered to one question. */
export interface Asked<Answer> {
  answer: Answer;
  connection: Connection;
  /** Counts on: a mapping may ask for more. */
  context: SourceContext;
  /** When it was asked, epoch milliseconds. */
  readMs: number;
  /** Calls of its API so far; what asks without it counts as one. */
  countCalls(): number;
}

/** What is told meanwhile is found out by a second look. */
const MAX_AGE_MS = 5_000;

/** The CRM and the ledger, as far as one comparison looks at them. */
export class Sides {
  constructor(
    readonly scope: CrmScope,
    readonly dependencies: CrmLegDependencies,
  ) {}

  /** Asked anew for each step: a source that changes brings another one. */
  get connection(): Connection {
    const { tenant, connection: name } = this.scope;
    const connection = this.dependencies.connections.find(tenant, name);
    if (connection) return connection;
    throw new MeshError('MESH_CONNECTION_UNKNOWN', `No connection ${tenant}/${name} is configured.`);
  }

  get canFetch(): boolean {
    return this.connection.source.fetch !== undefined;
  }

  /** A page of the scan; of a source that cannot fetch always whole records. */
  scanPage(cursor: string | undefined, signal: AbortSignal): Promise<Asked<ScanPage>> {
    const { entity, fields = 'versions' } = this.scope;
    const wanted = this.canFetch ? fields : 'records';
    return this.#ask(signal, async ({ source }, context) => {
      if (!source.scan)
        throw new MeshError('MESH_CONTROL_INVALID', `The source "${source.name}" cannot go through all records.`);
      const more = cursor === undefined ? {} : { cursor };
      const page = await source.scan.page({ entity, fields: wanted, ...more }, context);
      if (cursor === undefined || page.cursor !== cursor) return page;
      throw new Error('the source gave the cursor again that it was asked with');
    });
  }

  fetch(ids: readonly string[], signal: AbortSignal): Promise<Asked<FetchedRecords>> {
    return this.#ask(signal, ({ source }, context) => source.fetch!(this.scope.entity, ids, context));
  }

  /** Of those that are gone, who has swallowed which; undefined where the CRM does not say. */
  async findWinners(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<Asked<ReadonlyMap<string, string>> | undefined> {
    if (ids.length === 0 || !this.connection.source.scan?.findWinners) return undefined;
    return this.#ask(signal, async ({ source: { scan } }, context) => {
      return (await scan?.findWinners?.(this.scope.entity, ids, context)) ?? new Map<string, string>();
    });
  }

  /** It gives way to what is live. */
  async #ask<Answer>(
    signal: AbortSignal,
    ask: (connection: Connection, context: SourceContext) => Promise<Answer>,
  ): Promise<Asked<Answer>> {
    const { pressure, now } = this.dependencies;
    await pressure.untilLow('repair', signal, () => undefined);
    const { connection } = this;
    const counted = countCalls(connection);
    const readMs = now();
    const answer = await abortable(ask(connection, counted.context), signal);
    return { answer, connection, readMs, context: counted.context, countCalls: () => Math.max(1, counted.calls()) };
  }

  /** Another publisher may write it. */
  async readEntries(places: readonly RecordPlace[]): Promise<(LedgerEntry | undefined)[]> {
    await this.dependencies.ledger.ensureFresh(MAX_AGE_MS);
    return this.dependencies.ledger.getMany(places.map((place) => this.keyOf(place)));
  }

  keyOf(place: RecordPlace): RecordKey {
    const { tenant, connection, entity } = this.scope;
    return { tenant, connection, entity, id: idOfPlace(place) };
  }
}

/** Without those whose id no subject can hold: they can never have been told. */
export function placeDrafts(drafts: readonly NotificationDraft[]): Map<RecordPlace, NotificationDraft> {
  const placed = drafts.map((draft) => [placeOf(draft.id), draft] as const);
  return new Map(placed.filter((pair): pair is readonly [RecordPlace, NotificationDraft] => pair[0] !== undefined));
}

export function placeOf(id: string): RecordPlace | undefined {
  try {
    return escapeToken(id);
  } catch {
    return undefined;
  }
}
