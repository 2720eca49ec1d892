import type { ObjectType } from '../../crm/object-types.js';

export type FieldType =
  | 'id'
  | 'reference'
  | 'string'
  | 'textarea'
  | 'phone'
  | 'email'
  | 'url'
  | 'picklist'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'address'
  | 'name';

const NUMBER_TYPES: readonly FieldType[] = ['int', 'double', 'currency', 'percent'];

export function isNumberType(type: FieldType): boolean {
  return NUMBER_TYPES.includes(type);
}

/** What a field of a row holds; a compound one holds its parts. Dates and times are text, as REST shows them. */
export type Value = string | number | boolean | null | { readonly [part: string]: Value };

/** What a field reads of a record. */
export interface RecordView {
  id: string;
  /** Of the core's record; undefined: no value. */
  property(name: string): string | undefined;
  /** The 18-character id of what it is linked with first. */
  linkTo(type: ObjectType): string | null;
  isDeleted: boolean;
  masterRecordId: string | null;
  createdAtMs: number;
  modifiedAtMs: number;
  createdById: string;
  modifiedById: string;
}

export interface Field {
  name: string;
  type: FieldType;
  /** The core's property behind it; it can be written. */
  property?: string;
  /** Points at the first record of this type that it is linked with; it can be written. */
  link?: ObjectType;
  /** Neither: it is worked out. */
  read?(view: RecordView): Value;
  /** Of a compound field: its part's name, and the field that holds it. */
  parts?: readonly (readonly [part: string, field: string])[];
  referenceTo?: readonly string[];
  values?: readonly string[];
  /** Not in change events: they have the compound field instead, or nothing. */
  isOutsideEvents?: boolean;
  /** A create without it is refused. */
  isRequired?: boolean;
}

/** One of Salesforce's objects. */
export interface SObject {
  name: string;
  label: string;
  /** The first three characters of its ids. */
  prefix: string;
  /** The core's type; absent: it is set-up, not data, and is only read. */
  type?: ObjectType;
  fields: readonly Field[];
}

export type FieldOptions = Omit<Field, 'name' | 'type'>;

export function text(name: string, property: string, options: FieldOptions = {}): Field {
  return { name, type: 'string', property, ...options };
}

export function typed(type: FieldType, name: string, property: string, options: FieldOptions = {}): Field {
  return { name, type, property, ...options };
}

export function derive(
  type: FieldType,
  name: string,
  read: (view: RecordView) => Value,
  options: FieldOptions = {},
): Field {
  return { name, type, read, ...options };
}

export function pointTo(name: string, link: ObjectType, referenceTo: string): Field {
  return { name, type: 'reference', link, referenceTo: [referenceTo] };
}

export function isWritable({ property, link }: Field): boolean {
  return property !== undefined || link !== undefined;
}

/** Custom fields lie in the core without their suffix. */
export function customField(name: string, type: FieldType = 'string'): Field {
  return { name, type, property: name.replace(/__c$/, '').toLowerCase() };
}
