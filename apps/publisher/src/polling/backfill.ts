import { auditSubject } from '@crm-mesh/contract';
import type { BackfillState, EntityBackfill, TaskHealth } from '@crm-mesh/control';
import type { Nats } from '@crm-mesh/jetstream';
import type { ScanPage, ScanRequest } from '@crm-mesh/sdk';
import type { Connection } from '../connections/connections.js';
import { MinuteRate } from '../connections/minute-rate.js';
import { findCurrent, takeScanPage } from './backfill-state.js';
import type { CursorKey, Kept } from './cursors.js';
import { PageReader } from './read-pages.js';
import { noteSuccess, type Task } from './task.js';
import type { TaskDependencies } from './task-dependencies.js';

/** Under `audit.backfill.<tenant/connection>`. */
export interface BackfillAudit {
  id: string;
  at: string;
  by: string;
  did: 'backfill';
  phase: 'begun' | 'over' | 'cancelled';
  run: string;
  tenant: string;
  connection: string;
  /** Records that were read, by entity. */
  records: Record<string, number>;
}

/** Whoever asks for one writes it down; so often it is looked for. */
const LOOK_MS = 1_000;

export function keyOfBackfill({ tenant, name }: Pick<Connection, 'tenant' | 'name'>): CursorKey {
  return { tenant, connection: name, work: 'backfill', entity: '' };
}

/** Loads what there is, one entity after the other, and gives way to all that is live. */
export class Backfill implements Task {
  readonly key: CursorKey;
  readonly health: TaskHealth = { state: 'waiting', failures: 0 };
  readonly #pages: PageReader<ScanRequest, ScanPage>;
  #rate: MinuteRate;
  /** When this run was taken up here. */
  #sinceMs: number | undefined;
  #kept: Kept<BackfillState> | undefined;

  constructor(private readonly options: TaskDependencies & { connection: Connection; nats: Nats }) {
    const { connection } = options;
    this.key = keyOfBackfill(connection);
    const context = connection.contextFor('backfill');
    this.#pages = new PageReader({
      ...{ shared: options, connection, health: this.health, urgency: 'backfill' },
      proof: { origin: 'backfill', verifiedBy: 'scan' },
      ask: (request) => connection.source.scan!.page(request, context),
    });
    this.#rate = new MinuteRate(options.now);
  }

  /** Records a minute, by the last one. */
  get perMinute(): number {
    const sinceMs = this.#sinceMs ?? this.options.now();
    const shareOfMinute = Math.min(1, Math.max(1_000, this.options.now() - sinceMs) / 60_000);
    return Math.round(this.#rate.lastMinute / shareOfMinute);
  }

  forget(): void {
    this.#kept = undefined;
    this.#pages.forget();
  }

  async step(signal: AbortSignal): Promise<number> {
    const { cursors, now, connection, nats } = this.options;
    const kept = (this.#kept ??= await cursors.read<BackfillState>(this.key));
    const { state } = kept;
    if (!state || state.ended) {
      this.forget();
      this.#rate = new MinuteRate(now);
      this.#sinceMs = undefined;
      return now() + LOOK_MS;
    }
    this.#sinceMs ??= now();
    const current = findCurrent(state);
    // Told again by whoever goes on after a kill, under the same id.
    if (!current || state.savedMs === undefined)
      await publishBackfillAudit(nats, connection, { state, phase: current ? 'begun' : 'over', nowMs: now() });
    if (current) await this.#readPage(state, current, signal);
    else {
      this.#kept = await cursors.save(this.key, kept, { ...state, ended: { atMs: now(), how: 'over' } });
      connection.context.log.info({ run: state.run }, 'the backfill is over');
    }
    return 0;
  }

  async #readPage(state: BackfillState, { entity, cursor }: EntityBackfill, signal: AbortSignal): Promise<void> {
    const { cursors, now } = this.options;
    const request = { entity, fields: 'records' as const, ...(cursor === undefined ? {} : { cursor }) };
    const page = await this.#pages.store(request, { ...this.key, entity }, signal);
    this.#rate.add(page.drafts.length);
    this.#kept = await cursors.save(this.key, this.#kept!, takeScanPage(state, page, now()));
    noteSuccess(this.health);
  }
}

/** Resolves when CRM_AUDIT has it. */
export async function publishBackfillAudit(
  nats: Nats,
  { tenant, name }: Pick<Connection, 'tenant' | 'name'>,
  { state, phase, nowMs }: { state: BackfillState; phase: BackfillAudit['phase']; nowMs: number },
): Promise<void> {
  const { run, by, entities } = state;
  const records = Object.fromEntries(entities.map(({ entity, records: read }) => [entity, read]));
  const id = `backfill:${run}:${phase}`;
  const at = new Date(nowMs).toISOString();
  const entry: BackfillAudit = { id, at, by, did: 'backfill', phase, run, tenant, connection: name, records };
  await nats.publish({
    subject: auditSubject('backfill', `${tenant}/${name}`),
    payload: JSON.stringify(entry),
    messageId: `audit:${id}`,
    headers: { 'content-type': 'application/json' },
  });
}
