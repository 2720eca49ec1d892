import { createHash } from 'node:crypto';
import avsc from 'avsc';
import type { Field, FieldType, SObject, Value } from '../schema/field.js';
import type { FieldBook } from '../schema/field-book.js';
import { readDate, readTime } from '../times.js';
import { AVRO_LONG } from './avro-long.js';
import { packFields } from './bitmaps.js';
import { CHANGE_TYPES, type ChangeEvent } from './change-event.js';
import { listEventFields } from './draft-changes.js';

interface Codec {
  schemaId: string;
  schemaJson: string;
  encode(event: ChangeEvent): Buffer;
}

const ADDRESS_PARTS = ['Street', 'City', 'State', 'PostalCode', 'Country', 'Latitude', 'Longitude', 'GeocodeAccuracy'];

/** Events as Avro. The schema of an object, and with it its id, changes when an admin changes its fields. */
export class EventCodec {
  private readonly byObject = new WeakMap<SObject, Codec>();
  private readonly byId = new Map<string, Codec>();

  constructor(private readonly book: FieldBook) {}

  /** By the object as it is now. */
  of(entityName: string): Codec | undefined {
    const object = this.book.find(entityName);
    if (object?.type === undefined) return undefined;
    const codec = this.byObject.get(object) ?? createCodec(object);
    this.byObject.set(object, codec);
    this.byId.set(codec.schemaId, codec);
    return codec;
  }

  findSchema(schemaId: string): string | undefined {
    return this.byId.get(schemaId)?.schemaJson;
  }
}

function createCodec(object: SObject): Codec {
  const fields = listEventFields(object);
  const schemaJson = JSON.stringify(describeSchema(object, fields));
  const type = avsc.Type.forSchema(JSON.parse(schemaJson) as avsc.Schema, { registry: { long: AVRO_LONG } });
  const schema = {
    fields: ['ChangeEventHeader', ...fields.map(({ name }) => name)],
    partsOf: (name: string) => partsOf(fields.find((field) => field.name === name)),
  };
  return {
    schemaId: createHash('md5').update(schemaJson).digest('base64url'),
    schemaJson,
    encode: (event) =>
      type.toBuffer({ ChangeEventHeader: describeHeader(event, schema), ...describeValues(event, fields) }),
  };
}

function partsOf(field: Field | undefined): string[] {
  return field?.type === 'address' ? ADDRESS_PARTS : (field?.parts ?? []).map(([part]) => part);
}

function describeHeader(event: ChangeEvent, schema: Parameters<typeof packFields>[1]): Record<string, unknown> {
  return {
    entityName: event.entityName,
    recordIds: event.recordIds,
    changeType: event.changeType,
    changeOrigin: event.changeOrigin,
    transactionKey: event.transactionKey,
    sequenceNumber: event.sequenceNumber,
    commitTimestamp: BigInt(event.commitTimestamp),
    commitNumber: event.commitNumber,
    commitUser: event.commitUser,
    nulledFields: packFields(event.nulledFields, schema),
    diffFields: [],
    changedFields: packFields(event.changedFields, schema),
  };
}

/** Every field is there, null unless it changed. */
function describeValues({ values }: ChangeEvent, fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, toAvro(field, values[field.name] ?? null)]));
}

function toAvro(field: Field, value: Value): unknown {
  if (value === null) return null;
  if (typeof value === 'object') return Object.fromEntries(partsOf(field).map((part) => [part, value[part] ?? null]));
  const ms =
    field.type === 'date' ? readDate(String(value)) : field.type === 'datetime' ? readTime(String(value)) : undefined;
  return ms === undefined ? value : BigInt(ms);
}

const AVRO_TYPES: Partial<Record<FieldType, string>> = {
  boolean: 'boolean',
  int: 'int',
  double: 'double',
  currency: 'double',
  percent: 'double',
  date: 'long',
  datetime: 'long',
};

function describeSchema(object: SObject, fields: readonly Field[]): object {
  return {
    type: 'record',
    name: `${object.name}ChangeEvent`,
    namespace: 'com.sforce.eventbus',
    fields: [
      HEADER,
      ...fields.map((field) => ({
        name: field.name,
        type: ['null', describeType(field)],
        doc: `Data:${field.type}`,
        default: null,
      })),
    ],
  };
}

function describeType(field: Field): unknown {
  if (!field.parts) return AVRO_TYPES[field.type] ?? 'string';
  const isNumber = (part: string): boolean => part === 'Latitude' || part === 'Longitude';
  return {
    type: 'record',
    name: field.type === 'address' ? 'Address' : 'PersonName',
    fields: partsOf(field).map((part) => ({
      name: part,
      type: ['null', isNumber(part) ? 'double' : 'string'],
      default: null,
    })),
  };
}

const texts = { type: 'array', items: 'string' };

const HEADER = {
  name: 'ChangeEventHeader',
  type: {
    type: 'record',
    name: 'ChangeEventHeader',
    fields: [
      { name: 'entityName', type: 'string' },
      { name: 'recordIds', type: texts },
      { name: 'changeType', type: { type: 'enum', name: 'ChangeType', symbols: [...CHANGE_TYPES] } },
      { name: 'changeOrigin', type: 'string' },
      { name: 'transactionKey', type: 'string' },
      { name: 'sequenceNumber', type: 'int' },
      { name: 'commitTimestamp', type: 'long' },
      { name: 'commitNumber', type: 'long' },
      { name: 'commitUser', type: 'string' },
      { name: 'nulledFields', type: texts },
      { name: 'diffFields', type: texts },
      { name: 'changedFields', type: texts },
    ],
  },
};
