import { hash } from 'node:crypto';
import { isObject, parseJson } from '@crm-mesh/sdk/kit';
import avro from 'avsc';
import { readSample } from '../../../test/context.js';

// Decoded samples back into what lies on the bus: written apart from what reads it.

/** A sample: an event with its fields and bitmaps expanded. */
export interface SampleEvent {
  id: string;
  replayIdBase64: string;
  payload: Record<string, unknown> & { ChangeEventHeader: Record<string, unknown> };
}

export interface EncodedEvent {
  id: string;
  schemaId: string;
  schemaJson: string;
  payload: Buffer;
  replayId: Buffer;
}

export function readEvents(name: string): SampleEvent[] {
  const sample = parseJson(readSample(`salesforce/${name}`).toString());
  return (Array.isArray(sample) ? sample : [sample]) as SampleEvent[];
}

const LIST = { type: 'array', items: 'string' };
const HEADER = {
  type: 'record',
  name: 'ChangeEventHeader',
  fields: [
    { name: 'entityName', type: 'string' },
    { name: 'recordIds', type: LIST },
    { name: 'changeType', type: 'string' },
    { name: 'changeOrigin', type: 'string' },
    { name: 'transactionKey', type: 'string' },
    { name: 'sequenceNumber', type: 'int' },
    { name: 'commitTimestamp', type: 'long' },
    { name: 'commitNumber', type: 'long' },
    { name: 'commitUser', type: 'string' },
    { name: 'nulledFields', type: LIST },
    { name: 'diffFields', type: LIST },
    { name: 'changedFields', type: LIST },
  ],
};
const COMPOUND = {
  Name: ['Salutation', 'FirstName', 'LastName'],
  Address: ['Street', 'City', 'State', 'PostalCode', 'Country', 'Latitude', 'Longitude', 'GeocodeAccuracy'],
};
const LONGS = ['CreatedDate', 'LastModifiedDate', 'CloseDate'];
const DOUBLES = ['AnnualRevenue', 'Amount', 'Probability', 'ExpectedRevenue'];

// avsc's own name.
// oxlint-disable-next-line eslint/no-underscore-dangle
const longType = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => String(bytes.readBigInt64LE()),
  toBuffer: (value: number | string) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: String,
  toJSON: String,
  isValid: (value: unknown) => /^\d+$/.test(String(value)),
  compare: () => 0,
});

export function encodeEvent({ id, replayIdBase64, payload }: SampleEvent): EncodedEvent {
  const { ChangeEventHeader: header, ...values } = payload;
  const parts = new Map(Object.keys(values).map((name) => [name, partsOf(String(header.entityName), name)]));
  const fields = Object.keys(values).map((name) => ({ name, type: ['null', typeOf(name, parts.get(name))] }));
  const schema = {
    type: 'record',
    name: 'ChangeEvent',
    fields: [{ name: 'ChangeEventHeader', type: HEADER }, ...fields],
  };
  const schemaJson = JSON.stringify(schema);
  const type = avro.Type.forSchema(
    schema as avro.Schema,
    { registry: { long: longType }, wrapUnions: 'never' } as object,
  );
  const names = ['ChangeEventHeader', ...Object.keys(values)];
  const encoded = Object.fromEntries(
    ['changedFields', 'nulledFields', 'diffFields'].map((list) => [
      list,
      toBitmaps(header[list] as string[], names, parts),
    ]),
  );
  return {
    id,
    schemaId: hash('sha1', schemaJson, 'base64url'),
    schemaJson,
    payload: type.toBuffer({ ...fillParts(values, parts), ChangeEventHeader: { ...header, ...encoded } }),
    replayId: Buffer.from(replayIdBase64, 'base64'),
  };
}

function partsOf(entity: string, name: string): readonly string[] | undefined {
  if (name.endsWith('Address')) return COMPOUND.Address;
  return name === 'Name' && entity === 'Contact' ? COMPOUND.Name : undefined;
}

function typeOf(name: string, parts: readonly string[] | undefined): unknown {
  if (parts) {
    const type = { Latitude: 'double', Longitude: 'double' } as Record<string, string>;
    const fields = parts.map((part) => ({ name: part, type: ['null', type[part] ?? 'string'] }));
    return { type: 'record', name: `${name}Parts`, fields };
  }
  if (LONGS.includes(name)) return 'long';
  if (DOUBLES.includes(name)) return 'double';
  if (name === 'NumberOfEmployees') return 'int';
  return /^Is[A-Z]/.test(name) ? 'boolean' : 'string';
}

function fillParts(values: Record<string, unknown>, parts: ReadonlyMap<string, readonly string[] | undefined>): object {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const own = parts.get(name);
      return [
        name,
        own && isObject(value) ? Object.fromEntries(own.map((part) => [part, value[part] ?? null])) : value,
      ];
    }),
  );
}

function toBitmaps(
  told: readonly string[],
  names: readonly string[],
  parts: ReadonlyMap<string, readonly string[] | undefined>,
): string[] {
  const bits = (chosen: readonly string[], all: readonly string[]): string =>
    `0x${all
      .reduce((sum, name, index) => sum + (chosen.includes(name) ? 1n << BigInt(index) : 0n), 0n)
      .toString(16)
      .toUpperCase()}`;
  const plain = told.filter((name) => !name.includes('.'));
  const nested = [...parts].flatMap(([name, own]) => {
    const chosen = told.filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1));
    return own && chosen.length > 0 ? [`${names.indexOf(name)}-${bits(chosen, own)}`] : [];
  });
  return plain.length > 0 ? [bits(plain, names), ...nested] : nested;
}
