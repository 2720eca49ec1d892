import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packFields } from './bitmaps.js';

const SAMPLE = new URL('../../../../../test/samples/salesforce/pubsub-bitmap-vectors.json', import.meta.url);
const sample = JSON.parse(readFileSync(SAMPLE, 'utf8')) as {
  schemaFields: string[];
  compound: Record<string, string[]>;
  vectors: { encoded: string[]; decoded: string[] }[];
};

it.each(sample.vectors)('packs $decoded as $encoded', ({ encoded, decoded }) => {
  const schema = { fields: sample.schemaFields, partsOf: (field: string) => sample.compound[field] ?? [] };
  expect(packFields(decoded, schema)).toEqual(encoded);
});
