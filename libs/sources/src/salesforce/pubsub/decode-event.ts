import { isObject } from '@crm-mesh/sdk/kit';
import avro from 'avsc';
import { readBitmaps, type SchemaField } from './bitmaps.js';

/** Numbers that a double cannot hold (`commitNumber`) become their text, as everywhere in the mesh. */
// oxlint-disable-next-line eslint/no-underscore-dangle
const longType = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => toSafe(bytes.readBigInt64LE()),
  toBuffer: (value: number | string) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: Number,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'number' || typeof value === 'string',
  compare: (left: number, right: number) => Math.sign(left - right),
});

function toSafe(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** What comes before the fields of a change event. */
export interface ChangeEventHeader {
  entityName: string;
  recordIds: string[];
  changeType: string;
  commitTimestamp: number;
  changedFields: string[];
  nulledFields: string[];
  diffFields: string[];
}

/** A change as the CRM tells it, and nothing of what it does not tell. */
export interface ChangeEvent {
  ChangeEventHeader: ChangeEventHeader;
  [field: string]: unknown;
}

export type DecodeEvent = (payload: Buffer) => ChangeEvent;

/** Reads events of one schema. */
export function createDecoder(schemaJson: string): DecodeEvent {
  const type = avro.Type.forSchema(
    JSON.parse(schemaJson) as avro.Schema,
    {
      registry: { long: longType },
      wrapUnions: 'never',
    } as object,
  );
  const fields = listFields(type);
  return (payload) => expandEvent(type.fromBuffer(payload) as ChangeEvent, fields);
}

function listFields(type: avro.Type): SchemaField[] {
  return type instanceof avro.types.RecordType
    ? type.fields.map(({ name, type: own }) => describeField(name, own))
    : [];
}

function describeField(name: string, type: avro.Type): SchemaField {
  const branches = 'types' in type ? (type.types as avro.Type[]) : [type];
  const compound = branches.find((branch) => branch instanceof avro.types.RecordType);
  return compound ? { name, parts: listFields(compound).map((part) => part.name) } : { name };
}

/** In Avro a field that the event says nothing of is null, too: it is left out. */
function expandEvent({ ChangeEventHeader, ...values }: ChangeEvent, fields: readonly SchemaField[]): ChangeEvent {
  const header = {
    ...ChangeEventHeader,
    changedFields: readBitmaps(ChangeEventHeader.changedFields, fields),
    nulledFields: readBitmaps(ChangeEventHeader.nulledFields, fields),
    diffFields: readBitmaps(ChangeEventHeader.diffFields, fields),
  };
  const told = new Set([...header.changedFields, ...header.nulledFields]);
  return { ChangeEventHeader: header, ...keepTold(values, told, '') };
}

function keepTold(values: Record<string, unknown>, told: ReadonlySet<string>, prefix: string): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const path = prefix + name;
    if (isObject(value)) {
      const parts = keepTold(value, told, `${path}.`);
      if (Object.keys(parts).length > 0) kept[name] = parts;
    } else if (value !== null || told.has(path)) {
      kept[name] = value;
    }
  }
  return kept;
}
