import type { Notification } from '@crm-mesh/contract';
import type { MappedRecord, Mapping } from '@crm-mesh/sdk';
import { applyOverrides } from './apply-overrides.js';
import type { MappingOverrides } from './overrides-config.js';

/** What was mapped, and from what. */
export interface MappedFrom {
  notification: Pick<Notification, 'entity' | 'change' | 'payload'>;
  /** As `fetch` gave it; undefined where the source does not fetch. */
  fetched: unknown;
}

/** What a connection makes of its source's records: the rules of mesh.yaml first, its own function last. */
export type AdjustRecord = (mapped: MappedRecord, from: MappedFrom) => Promise<MappedRecord>;

/** What the connection's rules read: by entity, field of the record → path in the CRM's object. */
export type RuledFields = ReadonlyMap<string, ReadonlyMap<string, string>>;

export function listRuled({ entities }: MappingOverrides): RuledFields {
  return new Map(
    [...entities].map(([entity, { fields }]) => {
      const paths = [...fields].flatMap(([field, { path }]) => (path === undefined ? [] : [[field, path] as const]));
      return [entity, new Map(paths)];
    }),
  );
}

export function createAdjust(overrides: MappingOverrides, own: Mapping | undefined): AdjustRecord {
  return async (mapped, { notification, fetched }) => {
    const { entity, change, payload } = notification;
    const object = fetched ?? payload;
    const ruled = applyOverrides(mapped, { entity, object }, overrides);
    if (ruled.state !== 'present' || !own) return ruled;
    const record = await own.apply({ entity, change, record: structuredClone(ruled.record), object });
    return record === undefined ? ruled : { ...ruled, record };
  };
}
