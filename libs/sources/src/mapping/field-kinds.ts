import { isKnownEntity } from '@crm-mesh/contract';
import { Address, CustomRecord, LineItem, Money, RECORD_CLASSES } from '@crm-mesh/contract/records';
import { getMetadataStorage } from 'class-validator';
import 'reflect-metadata';

/** What a canonical field holds, as its class says. */
export type FieldKind =
  | 'address'
  | 'boolean'
  | 'custom'
  | 'day-or-timestamp'
  | 'decimal'
  | 'integer'
  | 'lines'
  | 'money'
  | 'number'
  | 'text'
  | 'text-list'
  | 'timestamp';

export type FieldKinds = ReadonlyMap<string, FieldKind>;

const kindsByClass = new Map<unknown, FieldKinds>();

/** The canonical fields of an entity; parts of an address also by their dotted names (`address.city`). */
export function readFieldKinds(entity: string): FieldKinds {
  return readKinds(isKnownEntity(entity) ? RECORD_CLASSES[entity] : CustomRecord);
}

/** The fields of one line of a deal, order or invoice. */
export function readLineKinds(): FieldKinds {
  return readKinds(LineItem);
}

function readKinds(recordClass: new () => object): FieldKinds {
  const known = kindsByClass.get(recordClass);
  if (known) return known;
  const kinds = new Map<string, FieldKind>();
  for (const [field, rules] of groupRules(recordClass)) {
    // The mesh says itself what could not be read: a CRM's own `unread` (a count of mails) is another thing.
    if (field === 'unread') continue;
    const kind = decideKind(field, rules, Reflect.getMetadata('design:type', recordClass.prototype as object, field));
    kinds.set(field, kind);
    if (kind === 'address') for (const part of groupRules(Address).keys()) kinds.set(`${field}.${part}`, 'text');
  }
  kindsByClass.set(recordClass, kinds);
  return kinds;
}

function groupRules(recordClass: new () => object): Map<string, Set<string>> {
  const rules = new Map<string, Set<string>>();
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(recordClass, '', false, false)) {
    const names = rules.get(rule.propertyName) ?? new Set<string>();
    rules.set(rule.propertyName, names.add(rule.name ?? rule.type));
  }
  return rules;
}

function decideKind(field: string, rules: ReadonlySet<string>, type: unknown): FieldKind {
  if (type === Money) return 'money';
  if (type === Address) return 'address';
  if (type === Array) return rules.has('nestedValidation') ? 'lines' : 'text-list';
  if (type === Boolean) return 'boolean';
  if (type === Number) return rules.has('isInt') ? 'integer' : 'number';
  if (rules.has('isTimestamp')) return 'timestamp';
  if (rules.has('isDayOrTimestamp')) return 'day-or-timestamp';
  if (rules.has('isObject')) return 'custom';
  return field === 'quantity' ? 'decimal' : 'text';
}
