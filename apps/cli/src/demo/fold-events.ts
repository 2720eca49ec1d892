import type { MeshEvent } from '@crm-mesh/contract';

export type RecordState = 'live' | 'archived' | 'erased' | 'merged';

/** What the log of events says of the records. */
export interface FoldedEvents {
  events: number;
  byType: Record<string, number>;
  records: number;
  /** By entity. */
  states: Record<string, Record<RecordState, number>>;
  deals: { open: number; won: number; lost: number };
  /** Records whose versions are not 1, 2, 3 … in the order of the log. */
  broken: number;
}

interface Folded {
  entity: string;
  state: RecordState;
  status?: string;
  version: number;
  broken: boolean;
}

/** Folds events in the order of the log into the state that a reader of the mesh would end with. */
export function foldEvents(events: Iterable<MeshEvent>): FoldedEvents {
  const records = new Map<string, Folded>();
  const byType: Record<string, number> = {};
  const swallowed = new Set<string>();
  for (const event of events) {
    const type = event.type.replace(/^crm\./, '');
    byType[type] = (byType[type] ?? 0) + 1;
    const key = `${event.source}/${event.subject}`;
    records.set(key, foldOne(records.get(key), event, type));
    const entity = type.split('.')[0] ?? '';
    for (const id of event.data.mergedIds ?? []) swallowed.add(`${event.source}/${entity}/${id}`);
  }
  for (const key of swallowed) {
    const record = records.get(key);
    if (record) records.set(key, { ...record, state: 'merged' });
  }
  return summarise([...records.values()], byType);
}

const STATE_BY_ACTION: Readonly<Record<string, RecordState>> = { deleted: 'archived', erased: 'erased' };

function foldOne(before: Folded | undefined, event: MeshEvent, type: string): Folded {
  const [entity = '', action = ''] = type.split('.');
  const version = event.recordversion;
  const broken = (before?.broken ?? false) || version !== (before?.version ?? 0) + 1;
  const { status } = event.data as { status?: string };
  return { entity, state: STATE_BY_ACTION[action] ?? 'live', status, version, broken };
}

function summarise(records: readonly Folded[], byType: Record<string, number>): FoldedEvents {
  const states: FoldedEvents['states'] = {};
  for (const { entity, state } of records) {
    states[entity] ??= { live: 0, archived: 0, erased: 0, merged: 0 };
    states[entity][state] += 1;
  }
  const countDeals = (wanted: string): number =>
    records.filter(({ entity, state, status }) => entity === 'deal' && state === 'live' && status === wanted).length;
  return {
    events: Object.values(byType).reduce((sum, count) => sum + count, 0),
    byType,
    records: records.length,
    states,
    deals: { open: countDeals('open'), won: countDeals('won'), lost: countDeals('lost') },
    broken: records.filter((record) => record.broken).length,
  };
}
