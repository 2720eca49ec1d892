import type { BackfillState, EntityBackfill } from '@crm-mesh/control';
import type { ScanPage } from '@crm-mesh/sdk';

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
