import type { ScanPage } from '@crm-mesh/sdk';

/** One entity of a backfill. */
export interface EntityBackfill {
  entity: string;
  /** Records that were read. */
  records: number;
  /** How many there are, where the CRM says it. */
  total?: number;
  cursor?: string;
  isDone?: true;
}

/** The last backfill of a connection; kept in the store. */
export interface BackfillState {
  run: string;
  /** Who asked for it. */
  by: string;
  begunMs: number;
  /** Of the last page. */
  savedMs?: number;
  entities: readonly EntityBackfill[];
  /** Absent: it runs. */
  ended?: { atMs: number; how: 'over' | 'cancelled' };
}

/** What is to be read next; undefined: that was all. */
export function findCurrent({ entities }: BackfillState): EntityBackfill | undefined {
  return entities.find(({ isDone }) => !isDone);
}

/** What is known once all of a page of the current entity is safe. */
export function takeScanPage(state: BackfillState, page: ScanPage, nowMs: number): BackfillState {
  const current = findCurrent(state);
  const entities = state.entities.map((one) => (one === current ? advance(one, page) : one));
  return { ...state, savedMs: nowMs, entities };
}

function advance(
  { entity, records, total }: EntityBackfill,
  { drafts, cursor, total: told = total }: ScanPage,
): EntityBackfill {
  return {
    entity,
    records: records + drafts.length,
    ...(told === undefined ? {} : { total: told }),
    ...(cursor === undefined ? { isDone: true as const } : { cursor }),
  };
}

/** How long it will still take; undefined where the CRM does not say how much there is, or nothing moves. */
export function estimateMs(entities: readonly EntityBackfill[], perMinute: number): number | undefined {
  const left = entities
    .filter(({ isDone }) => !isDone)
    .reduce((sum, { records, total }) => sum + Math.max(0, (total ?? Number.NaN) - records), 0);
  return perMinute > 0 && !Number.isNaN(left) ? Math.round((left / perMinute) * 60_000) : undefined;
}
