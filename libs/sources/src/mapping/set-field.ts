import { isObject } from '@crm-mesh/sdk/kit';
import { getProperty, setProperty } from 'dot-prop';
import { convertField, isEmpty, type ConvertOptions } from './convert-field.js';
import { readFieldKinds, readLineKinds, type FieldKind } from './field-kinds.js';
import type { FieldRule } from './field-rule.js';
import { Unreadable } from './unreadable.js';

/** A record in the making. */
export interface Draft {
  record: Record<string, unknown>;
  custom: Record<string, unknown>;
  cleared: string[];
}

/** What counts where a rule does not say it. */
export interface MoneyDefaults {
  currency?: string | undefined;
  moneyUnit: 'major' | 'minor';
}

export interface RuleContext {
  entity: string;
  mapping: MoneyDefaults;
  /** The CRM's object that the paths begin at. */
  found: Record<string, unknown>;
}

/** Sets what the rule finds. Returns whether it found something. */
export function applyRule(
  draft: Draft,
  field: string,
  rule: FieldRule,
  { entity, mapping, found }: RuleContext,
): boolean {
  const value = readRule(found, field, rule);
  if (value === undefined) return false;
  const kind = readFieldKinds(entity).get(field) ?? 'custom';
  const options = optionsOf(rule, found, { mapping, where: `${entity}.${field}` });
  setField(draft, field, value, { kind, rule, options });
  return true;
}

/** What a rule finds in the object; undefined: nothing. */
function readRule(found: Record<string, unknown>, field: string, rule: FieldRule): unknown {
  const value = rule.const === undefined ? getProperty(found, rule.path ?? field) : rule.const;
  const word =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  return rule.values && Object.hasOwn(rule.values, word) ? rule.values[word] : value;
}

function optionsOf(
  rule: FieldRule,
  found: Record<string, unknown>,
  { mapping, where }: { mapping: MoneyDefaults; where: string },
): ConvertOptions {
  const own = rule.currency;
  const currency = own === undefined || /^[A-Z]{3}$/.test(own) ? own : getProperty(found, own);
  return {
    currency: typeof currency === 'string' && currency !== '' ? currency : mapping.currency,
    moneyUnit: rule.unit ?? mapping.moneyUnit,
    where,
  };
}

interface FieldTarget {
  kind: FieldKind;
  rule: FieldRule | undefined;
  options?: ConvertOptions;
}

export function setField(
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
    else
      setProperty(
        draft.record,
        field,
        field === 'address.country' && typeof converted === 'string' ? converted.toUpperCase() : converted,
      );
  }
}

function listEmptyParts(field: string, value: Record<string, unknown>): string[] {
  return Object.keys(value).flatMap((part) => (isEmpty(value[part]) ? [`${field}.${part}`] : []));
}

/** A sender's key `__proto__` must become a field like any other. */
function defineOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function mapLines(value: unknown, rule: FieldRule | undefined, options: ConvertOptions): unknown {
  if (!Array.isArray(value)) return new Unreadable(`The field ${options.where} is no list.`);
  return value.map((line: unknown) => {
    if (!isObject(line)) return new Unreadable(`The field ${options.where} holds an item that is no object.`);
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
