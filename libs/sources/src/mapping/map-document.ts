import type { MappedRecord } from '@crm-mesh/sdk';
import { isObject, readId, refuseMapping, toIsoTime } from '@crm-mesh/sdk/kit';
import { getProperty } from 'dot-prop';
import type { ReadType } from './event-type.js';
import { readFieldKinds } from './field-kinds.js';
import type { FieldRule } from './field-rule.js';
import type { MappingConfig } from './mapping-config.js';
import { readPath } from './read-path.js';
import { applyRule, setField, type Draft, type RuleContext } from './set-field.js';
import { takeOutUnreadable } from './unreadable.js';

/** An event as it came in: `type`, `data` and what else its format has. */
export type EventDocument = Readonly<Record<string, unknown>>;

/** The record's id: at the configured path, else in the subject (`deals/D-1`). */
export function findId(document: EventDocument, mapping: MappingConfig): string | undefined {
  const id = readId(getProperty(document, mapping.id));
  if (id !== undefined || typeof document.subject !== 'string') return id;
  return document.subject.slice(document.subject.indexOf('/') + 1) || undefined;
}

export function findModifiedAt(document: EventDocument, path: string): string | undefined {
  const time = toIsoTime(getProperty(document, path));
  return time?.length === 10 ? `${time}T00:00:00.000Z` : time;
}

/** The canonical record that an event tells of, whole or as a patch. Throws MESH_MAPPING_INVALID. */
export function mapDocument(
  document: EventDocument,
  target: ReadType & { id: string; modifiedAt?: string | undefined },
  mapping: MappingConfig,
): MappedRecord {
  const fields = readPath(document, mapping.record);
  const found = isObject(fields) ? fields : {};
  if (mapping.payload === 'whole' && !isObject(fields))
    throw refuseMapping(`The event carries no object at \`${mapping.record}\`.`);
  const draft: Draft = { record: { id: target.id }, custom: {}, cleared: [] };
  const rules = mapping.entities.get(target.entity)?.fields ?? new Map<string, FieldRule>();
  const context = { entity: target.entity, mapping, found };
  for (const [field, rule] of rules) applyRule(draft, field, rule, context);
  keepTheRest(draft, rules, context);
  if (target.status) draft.record.status = target.status;
  if (target.modifiedAt !== undefined) draft.record.modifiedAt ??= target.modifiedAt;
  return finish(draft, target, mapping);
}

function finish(
  { record, custom, cleared }: Draft,
  target: ReadType & { modifiedAt?: string | undefined },
  mapping: MappingConfig,
): MappedRecord {
  if (Object.keys(custom).length > 0) record.custom = custom;
  if (mapping.payload === 'whole' && target.entity === 'deal') record.status ??= 'open';
  return {
    state: 'present',
    ...takeOutUnreadable(record),
    ...(target.modifiedAt !== undefined && { modifiedAt: target.modifiedAt }),
    ...(mapping.payload === 'patch' && { patch: true as const, cleared }),
  };
}

/** Fields that no rule names keep their names: canonical ones in the record, others in `custom`. */
function keepTheRest(
  draft: Draft,
  rules: ReadonlyMap<string, FieldRule>,
  { entity, mapping, found }: RuleContext & { mapping: MappingConfig },
): void {
  const consumed = new Set(['id', 'mergedIds', ...[...rules].map(([field, rule]) => rule.path ?? field)]);
  const kinds = readFieldKinds(entity);
  const byDefault = { currency: mapping.currency, moneyUnit: mapping.moneyUnit };
  for (const [field, value] of Object.entries(found)) {
    if (consumed.has(field) || rules.has(field)) continue;
    if (field === 'custom' && isObject(value)) {
      for (const [name, own] of Object.entries(value))
        setField(draft, `custom.${name}`, own, { kind: 'custom', rule: undefined });
    } else {
      const kind = field.includes('.') ? undefined : kinds.get(field);
      const options = { ...byDefault, where: `${entity}.${field}` };
      setField(draft, kind ? field : `custom.${field}`, value, { kind: kind ?? 'custom', rule: undefined, options });
    }
  }
}
