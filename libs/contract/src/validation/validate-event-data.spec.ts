import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../errors.js';
import { carriesRecord, listRequiredFields } from '../schema/envelope-schema.js';
import { listEventTypes, SCHEMA_NAMES } from '../schema/event-schema.js';
import { findRecordClass, makeDataSchema, makeRecordSchema } from '../schema/record-schema.js';
import { arbitraryOf, damage, inflict, type Json } from './arbitrary-records.fixture.js';
import { describeClassProblems } from './class-check.fixture.js';
import { validateEventData } from './validate-record.js';

type Fields = Record<string, Json>;

/** One action that tells the whole record, and the two that may have lost it. */
const CASES = SCHEMA_NAMES.flatMap((name) => ['merged', 'deleted', 'erased'].map((action) => [name, action] as const));

function isAccepted(name: string, action: string, data: Json): boolean {
  try {
    validateEventData(name === 'custom' ? 'custom-thing' : name, action, data);
    return true;
  } catch (error) {
    if (error instanceof MeshError && error.code === 'MESH_EVENT_INVALID') return false;
    throw error;
  }
}

/** By the classes, and by hand what no class describes. */
function isRight(name: string, action: string, data: Json): boolean {
  if (!isObject(data) || !Object.hasOwn(data, 'changes')) return false;
  const { changes, mergedIds, mergedInto, ...record } = data;
  if (!isObject(changes ?? null) || !Object.values(changes as Fields).every(isChange)) return false;
  const isIdList = Array.isArray(mergedIds) && mergedIds.every((id) => typeof id === 'string');
  if (Object.hasOwn(data, 'mergedIds') && !isIdList) return false;
  if (Object.hasOwn(data, 'mergedInto') && typeof mergedInto !== 'string') return false;
  return describeClassProblems(findRecordClass(name), record, !carriesRecord(action)).length === 0;
}

function isChange(change: Json): boolean {
  return isObject(change) && Object.keys(change).every((side) => side === 'from' || side === 'to');
}

function isObject(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe.each(CASES)('the data of %s.%s', (name, action) => {
  const schema = { ...makeDataSchema(name), required: listRequiredFields(makeRecordSchema(name), action) };
  const data = arbitraryOf(schema, schema).map((value) => JSON.parse(JSON.stringify(value)) as Json);

  it('that is valid passes, by the schema and by the classes', () => {
    const property = fc.property(data, (value) => {
      expect([isAccepted(name, action, value), isRight(name, action, value)]).toEqual([true, true]);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it('that is damaged is judged alike by both', () => {
    const seen = { accepted: 0, refused: 0 };
    const property = fc.property(data, fc.array(damage, { minLength: 1, maxLength: 2 }), (whole, damages) => {
      const value = structuredClone(whole);
      for (const one of damages) inflict(value, one);
      const accepted = isAccepted(name, action, value);
      expect(isRight(name, action, value)).toBe(accepted);
      seen[accepted ? 'accepted' : 'refused']++;
    });
    fc.assert(property, { numRuns: 250 });
    expect(seen.accepted).toBeGreaterThan(5);
    expect(seen.refused).toBeGreaterThan(50);
  });
});

describe('validateEventData', () => {
  it.each(listEventTypes())('%s.%s needs an id and its changes, and more only where the record is there', (...type) => {
    const [name, action] = type;
    const gone = { id: '1', changes: {} };
    const present = name === 'deal' ? { ...gone, status: 'open' } : gone;
    expect(isAccepted(name, action, carriesRecord(action) ? present : gone)).toBe(true);
    expect(isAccepted(name, action, gone)).toBe(name !== 'deal' || !carriesRecord(action));
    expect(isAccepted(name, action, { changes: {} })).toBe(false);
    expect(isAccepted(name, action, { id: '1', status: 'open' })).toBe(false);
  });

  it.each<[action: string, data: object, problem: string]>([
    ['deleted', { changes: {} }, 'id is missing'],
    ['erased', { id: '1' }, 'changes is missing'],
    ['deleted', { id: '1', changes: {}, name: null }, 'name must be a string'],
    ['deleted', { id: '1', changes: {}, amount: { currency: 'EUR' } }, 'amount.value is missing'],
    ['deleted', { id: '1', changes: {}, amount: { currency: 'EUR', value: 1 } }, 'amount.value must be a decimal text'],
    ['won', { id: '1', changes: {} }, 'status is missing'],
    ['won', { id: '1', changes: {}, status: 'sold' }, 'status must be one of'],
    ['won', { id: '1', status: 'won', changes: { status: { form: 'open' } } }, 'changes.status.form should not exist'],
    ['merged', { id: '1', status: 'won', changes: {}, mergedIds: [7] }, 'mergedIds.0 must be a string'],
  ])('of a %s deal %j: %s', (action, data, problem) => {
    expect(() => validateEventData('deal', action, data)).toThrow(problem);
  });
});
