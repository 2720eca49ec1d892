import type { AnyRecord } from '@crm-mesh/contract';
import type { MappedRecord } from '@crm-mesh/sdk';
import { isObject, readId, refuseMapping, toIsoTime } from '@crm-mesh/sdk/kit';
import { getProperty, setProperty } from 'dot-prop';
import { convertField, isEmpty, type ConvertOptions } from './convert-field.js';
import type { ReadType } from './event-type.js';
import { readFieldKinds, readLineKinds, type FieldKind } from './field-kinds.js';
import type { FieldRule, MappingConfig } from './mapping-config.js';

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

interface Draft {
  record: Record<string, unknown>;
  custom: Record<string, unknown>;
  cleared: string[];
}

/** The canonical record that an event tells of, whole or as a patch. Throws MESH_MAPPING_INVALID. */
export function mapDocument(
  document: EventDocument,
  target: ReadType & { id: string; modifiedAt?: string | undefined },
  mapping: MappingConfig,
): MappedRecord {
  const fields = getProperty(document, mapping.record);
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
    // The normaliser validates every record; here it is still what the sender made of it.
    record: record as unknown as AnyRecord,
    ...(target.modifiedAt !== undefined && { modifiedAt: target.modifiedAt }),
    ...(mapping.payload === 'patch' && { patch: true as const, cleared }),
  };
}

interface MapContext {
  entity: string;
  mapping: MappingConfig;
  found: Record<string, unknown>;
}

function applyRule(draft: Draft, field: string, rule: FieldRule, { entity, mapping, found }: MapContext): void {
  const value = readRule(found, field, rule);
  if (value === undefined) return;
  const kind = readFieldKinds(entity).get(field) ?? 'custom';
  setField(draft, field, value, {
    kind,
    rule,
    options: optionsOf(rule, found, { mapping, where: `${entity}.${field}` }),
  });
}

function readRule(found: Record<string, unknown>, field: string, rule: FieldRule): unknown {
  const value = rule.const === undefined ? getProperty(found, rule.path ?? field) : rule.const;
  const word =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  return rule.values && Object.hasOwn(rule.values, word) ? rule.values[word] : value;
}

function optionsOf(
  rule: FieldRule,
  found: Record<string, unknown>,
  base: { mapping: MappingConfig; where: string },
): ConvertOptions {
  const { mapping, where } = base;
  const own = rule.currency;
  const currency = own === undefined || /^[A-Z]{3}$/.test(own) ? own : getProperty(found, own);
  return {
    currency: typeof currency === 'string' && currency !== '' ? currency : mapping.currency,
    moneyUnit: rule.unit ?? mapping.moneyUnit,
    where,
  };
}

/** Fields that no rule names keep their names: canonical ones in the record, others in `custom`. */
function keepTheRest(
  draft: Draft,
  rules: ReadonlyMap<string, FieldRule>,
  { entity, mapping, found }: MapContext,
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

interface FieldTarget {
  kind: FieldKind;
  rule: FieldRule | undefined;
  options?: ConvertOptions;
}

function setField(
  draft: Draft,
  field: string,
  value: unknown,
  { kind, rule, options = { where: field } }: FieldTarget,
): void {
  if (isEmpty(value)) {
    draft.cleared.push(field);
  } else if (kind === 'custom') {
    defineOwn(draft.custom, field.replace(/^custom\./, ''), value);
  } else if (kind === 'lines') {
    draft.record[field] = mapLines(value, rule, options);
  } else {
    if (kind === 'address' && isObject(value)) draft.cleared.push(...listEmptyParts(field, value));
    const converted = convertField(kind, value, options);
    if (!field.includes('.')) draft.record[field] = converted;
    else setProperty(draft.record, field, field === 'address.country' ? String(converted).toUpperCase() : converted);
  }
}

function listEmptyParts(field: string, value: Record<string, unknown>): string[] {
  return Object.keys(value).flatMap((part) => (isEmpty(value[part]) ? [`${field}.${part}`] : []));
}

/** A sender's key `__proto__` must become a field like any other. */
function defineOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function mapLines(value: unknown, rule: FieldRule | undefined, options: ConvertOptions): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw refuseMapping(`The field ${options.where} is no list.`);
  return value.map((line: unknown) => {
    if (!isObject(line)) throw refuseMapping(`The field ${options.where} holds an item that is no object.`);
    return mapLine(line, rule?.fields ?? new Map<string, FieldRule>(), options);
  });
}

function mapLine(
  line: Record<string, unknown>,
  rules: ReadonlyMap<string, FieldRule>,
  options: ConvertOptions,
): Record<string, unknown> {
  const mapped: Record<string, unknown> = { quantity: '1' };
  for (const [field, kind] of readLineKinds()) {
    const rule = rules.get(field);
    const value = rule ? readRule(line, field, rule) : line[field];
    // A line's custom fields are kept as they are, under the names of the CRM.
    if (kind === 'custom' && isObject(value)) mapped[field] = value;
    if (isEmpty(value) || kind === 'lines' || kind === 'custom') continue;
    const ownUnit = rule?.unit === undefined ? {} : { moneyUnit: rule.unit };
    mapped[field] = convertField(kind, value, { ...options, ...ownUnit, where: `${options.where}[].${field}` });
  }
  return mapped;
}
