import * as fc from 'fast-check';
import type { JsonSchema } from '../schema/json-schema.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const HOSTILE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length', ''];
const TIMES = ['2026-03-24T15:59:58Z', '2024-02-29T00:00:00.123+02:00'];

/** Values that look right for one field and are wrong for another. */
const suspect: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    '',
    ' ',
    0,
    -0,
    1,
    -1,
    1.5,
    1e308,
    true,
    [],
    {},
    [[]],
    [{}],
    [null],
    ['a', 1],
    'open',
    'won',
    'draft',
    'EUR',
    'eur',
    'EURO',
    'DE',
    'de',
    'XK',
    '12.50',
    '12,50',
    '-0.000001',
    '1234567890123456',
    '1e3',
    '٣',
    '2026',
    '2026-03-24',
    '2026-02-30',
    '2026-W13-2',
    '2026-03-24T15:59:60Z',
    '2026-03-24T15:59:58',
    '12.50\n',
    '\uFE0F',
    '😀',
    { value: '1', currency: 'EUR' },
    [{ value: '1', currency: 'EUR' }],
    { quantity: '1' },
    [[{ quantity: '1' }]],
    { constructor: 'x' },
    { toString: 1 },
    { length: 1 },
  ),
  fc.constantFrom(...TIMES),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

/** Valid values by the schema; that the classes take them too is what the test is about. */
export function arbitraryOf(schema: JsonSchema, root: JsonSchema): fc.Arbitrary<Json> {
  if (schema.$ref) return arbitraryOf(root.definitions?.[schema.$ref.slice('#/definitions/'.length)] ?? {}, root);
  if (schema.enum) return fc.constantFrom(...(schema.enum as Json[]));
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
  if (schema.format === 'date-time') return fc.constantFrom(...TIMES);
  if (schema.anyOf) return fc.constantFrom(...TIMES, '2026-03-24');
  if (schema.type === 'array') return fc.array(arbitraryOf(schema.items ?? {}, root), { maxLength: 3 });
  if (schema.type === 'integer') return fc.nat();
  if (schema.type === 'number') return fc.double({ min: 0, max: 1, noNaN: true });
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'string') return fc.string({ unit: 'binary', minLength: schema.minLength ?? 0, maxLength: 20 });
  if (!schema.properties) {
    const inner = schema.additionalProperties;
    const value =
      typeof inner === 'object' ? arbitraryOf(inner, root) : (fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>);
    return fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...HOSTILE)), value, { maxKeys: 3 });
  }
  const fields = Object.fromEntries(
    Object.entries(schema.properties).map(([name, inner]) => [name, arbitraryOf(inner, root)]),
  );
  return fc.record(fields, { requiredKeys: schema.required ?? [] }) as fc.Arbitrary<Json>;
}

export type Damage = { at: number; kind: 'replace' | 'remove' | 'add'; key: string; value: Json };

/** How a value is spoiled at one place. */
export const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('replace', 'remove', 'add'),
  key: fc.oneof(
    fc.constantFrom(
      ...HOSTILE,
      'name',
      'custom',
      'amount',
      'value',
      'unknown',
      'lines',
      'changes',
      'mergedIds',
      'mergedInto',
      'from',
      '0',
    ),
    fc.string({ maxLength: 5 }),
  ),
  value: suspect,
});

type Place = { holder: Json[] | { [key: string]: Json }; key: string | number };

function listPlaces(value: Json): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key): Place[] => [
    { holder: value, key },
    ...listPlaces((value as Record<string | number, Json>)[key] ?? null),
  ]);
}

export function inflict(record: Json, { at, kind, key, ...rest }: Damage): void {
  const value = structuredClone(rest.value);
  const places = listPlaces(record);
  const place = places[at % Math.max(places.length, 1)];
  if (!place) return;
  if (kind === 'remove' && Array.isArray(place.holder)) place.holder.splice(place.key as number, 1);
  else if (kind === 'remove') delete (place.holder as Record<string, Json>)[place.key];
  else if (kind === 'add' && Array.isArray(place.holder)) place.holder.push(value);
  else
    Object.defineProperty(place.holder, kind === 'add' ? key : place.key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
}
