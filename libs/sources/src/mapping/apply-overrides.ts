import type { AnyRecord } from '@crm-mesh/contract';
import type { MappedRecord } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import { deleteProperty } from 'dot-prop';
import type { EntityOverrides, MappingOverrides } from './overrides-config.js';
import { applyRule, type Draft } from './set-field.js';
import { takeOutUnreadable } from './unreadable.js';

type Present = Extract<MappedRecord, { state: 'present' }>;

/**
 * The record as the connection wants it: on top of what the source made of it. `object` is the CRM's own. A field that
 * has a rule comes from there and from nowhere else, also where the source could not read it.
 */
export function applyOverrides(
  mapped: MappedRecord,
  { entity, object }: { entity: string; object: unknown },
  mapping: MappingOverrides,
): MappedRecord {
  const own = mapping.entities.get(entity);
  if (mapped.state !== 'present' || !own) return mapped;
  const draft = beginDraft(mapped);
  const found = isObject(object) ? object : {};
  for (const [field, rule] of own.fields) {
    const before = draft.cleared.length;
    const isFound = applyRule(draft, field, rule, { entity, mapping, found });
    // Of a patch nothing is said about what it does not hold.
    if (draft.cleared.length > before || (!isFound && !mapped.patch)) remove(draft, field);
  }
  nameStage(draft, own);
  for (const field of own.without) remove(draft, field);
  return finish(mapped, draft, own);
}

function beginDraft({ record, cleared = [] }: Present): Draft {
  const { custom = {}, ...fields } = structuredClone(record) as AnyRecord & { custom?: Record<string, unknown> };
  return { record: fields as unknown as Record<string, unknown>, custom, cleared: [...cleared] };
}

function nameStage({ record }: Draft, { stages }: EntityOverrides): void {
  const stage = typeof record.stage === 'string' ? stages.get(record.stage) : undefined;
  if (stage?.name !== undefined) record.stageName = stage.name;
  if (stage?.status !== undefined) record.status = stage.status;
}

function remove({ record, custom }: Draft, field: string): void {
  if (field.startsWith('custom.')) delete custom[field.slice('custom.'.length)];
  else deleteProperty(record, field);
}

function finish(
  { unread: before = [], ...mapped }: Present,
  { record, custom, cleared }: Draft,
  { fields, without }: EntityOverrides,
): MappedRecord {
  if (Object.keys(custom).length > 0) record.custom = custom;
  const { record: readable, unread: own = [] } = takeOutUnreadable(record);
  const unread = [...before.filter(({ field }) => !fields.has(field) && !without.includes(field)), ...own];
  return {
    ...mapped,
    record: readable,
    ...(unread.length > 0 && { unread }),
    ...(mapped.patch && { cleared: cleared.filter((field) => !without.includes(field)) }),
  };
}
