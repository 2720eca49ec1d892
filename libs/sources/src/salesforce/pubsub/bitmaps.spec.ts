import { expect, it } from 'vitest';
import { readSampleJson } from '../../../test/context.js';
import { readBitmaps } from './bitmaps.js';

const { schemaFields, compound, vectors } = readSampleJson<{
  schemaFields: string[];
  compound: Record<string, string[]>;
  vectors: { encoded: string[]; decoded: string[] }[];
}>('salesforce/pubsub-bitmap-vectors.json');

const fields = schemaFields.map((name) => ({ name, ...(compound[name] && { parts: compound[name] }) }));

it.each(vectors)('$encoded is $decoded', ({ encoded, decoded }) => {
  expect(readBitmaps(encoded, fields)).toEqual(decoded);
});

it('reads bits past 53, and leaves out those that the schema has no field for', () => {
  const wide = Array.from({ length: 70 }, (_, index) => ({ name: `F${index}` }));
  expect(readBitmaps([`0x${(1n << 69n).toString(16)}`], wide)).toEqual(['F69']);
  expect(readBitmaps(['0x0400', '99-0x01'], fields.slice(0, 3))).toEqual([]);
});
