import type { Field, SObject } from './field.js';
import { customField, type FieldType } from './field.js';
import { listObjects } from './objects.js';
import { refuse, SalesforceError } from '../salesforce-error.js';

/** What objects and fields the org has; an admin may change it at any time. */
export class FieldBook {
  private readonly objects: Map<string, SObject>;

  constructor(options: { isMultiCurrency: boolean }) {
    this.objects = new Map(listObjects(options.isMultiCurrency).map((object) => [object.name.toLowerCase(), object]));
  }

  list(): SObject[] {
    return [...this.objects.values()];
  }

  /** Case does not matter. */
  find(name: string): SObject | undefined {
    return this.objects.get(name.toLowerCase());
  }

  /** For paths: `/sobjects/Nothing` is not there. */
  readOfPath(name: string): SObject {
    const object = this.find(name);
    if (!object) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return object;
  }

  findByPrefix(prefix: string): SObject | undefined {
    return this.list().find((object) => object.prefix === prefix);
  }

  findByType(type: string): SObject | undefined {
    return this.list().find((object) => object.type === type);
  }

  /** An admin's work: reads, writes and change events have the field from now on. */
  addField(objectName: string, name: string, type: FieldType = 'string'): void {
    const object = this.readOfPath(objectName);
    this.change(object, [...object.fields.filter((field) => field.name !== name), customField(name, type)]);
  }

  /** Also what hides a field from the integration user (field-level security). */
  removeField(objectName: string, name: string): void {
    const object = this.readOfPath(objectName);
    this.change(
      object,
      object.fields.filter((field) => field.name !== name),
    );
  }

  private change(object: SObject, fields: readonly Field[]): void {
    this.objects.set(object.name.toLowerCase(), { ...object, fields });
  }
}

export function findField(object: SObject, name: string): Field | undefined {
  const wanted = name.toLowerCase();
  return object.fields.find((field) => field.name.toLowerCase() === wanted);
}

export function readField(object: SObject, name: string): Field {
  const field = findField(object, name);
  if (!field) {
    throw refuse(
      'INVALID_FIELD',
      `No such column '${name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.`,
    );
  }
  return field;
}
