import { describe, expect, it } from 'vitest';
import { MAX_PATHS } from './list-paths.js';
import { PayloadShape, type PayloadChange } from './payload-shape.js';

const HOUR_MS = 3_600_000;
const times = (count: number, make: (at: number) => object): object[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** What is told of these objects, one each minute, by a shape that lives through a restart between any two phases. */
function watch(...phases: object[][]): PayloadChange[][] {
  let shape = new PayloadShape();
  let nowMs = 0;
  return phases.map((objects) => {
    shape = new PayloadShape(JSON.parse(JSON.stringify(shape)) as ReturnType<PayloadShape['toJSON']>);
    return objects.flatMap((object) => shape.take(object, (nowMs += 60_000)));
  });
}

const added = (field: string): PayloadChange => ({ kind: 'field-added', field });
const removed = (field: string): PayloadChange => ({ kind: 'field-removed', field });

describe('the shape of what a CRM sends', () => {
  it.each<[name: string, phases: object[][], told: PayloadChange[]]>([
    [
      'a field that appears, when three objects had it',
      [times(100, () => ({ id: '1' })), times(3, () => ({ id: '1', fax: '5' }))],
      [added('fax')],
    ],
    ['no odd one', [times(100, () => ({ id: '1' })), times(2, () => ({ id: '1', fax: '5' }))], []],
    ['nothing of what it learns from', [times(100, (at) => (at % 9 ? { id: '1' } : { fax: 5, id: 'x' }))], []],
    [
      'a field that all had, and none of two hundred has',
      [times(100, () => ({ id: '1', fax: '5' })), times(220, () => ({ id: '1' }))],
      [removed('fax')],
    ],
    [
      'not one that many lack',
      [times(100, (at) => (at % 5 ? { fax: '5' } : { id: '1' })), times(900, () => ({ id: '1' }))],
      [],
    ],
    [
      'not one that a few had at the beginning',
      [times(20, () => ({ id: '1', fax: '5' })), times(900, () => ({ id: '1' }))],
      [],
    ],
    [
      'an object that is gone, without what stood in it',
      [times(100, () => ({ id: '1', home: { city: 'x', geo: [{ lat: 1 }] } })), times(220, () => ({ id: '1' }))],
      [removed('home')],
    ],
    [
      'that it is back',
      [
        times(100, () => ({ id: '1', fax: '5' })),
        [...times(220, () => ({ id: '1' })), ...times(9, () => ({ fax: '5' }))],
      ],
      [removed('fax'), added('fax')],
    ],
    [
      'another type, and that one only once',
      [times(100, () => ({ lines: [{ price: 5 }] })), times(9, () => ({ lines: [{ price: '5' }] }))],
      [{ kind: 'type-changed', field: 'lines[].price', before: 'number', after: 'string' }],
    ],
    [
      'no type where a field is empty',
      [times(100, () => ({ a: null, b: 1 })), times(9, () => ({ a: 'x', b: null }))],
      [],
    ],
    [
      'nothing of a field that has two types',
      [times(100, (at) => ({ a: at % 2 ? 1 : 'x' })), times(9, (at) => ({ a: at % 2 ? 1 : 'x' }))],
      [],
    ],
    [
      'a word more in a list of few words',
      [times(201, (at) => ({ tier: ['gold', 'tin'][at % 2] })), times(3, () => ({ tier: 'silver' }))],
      [{ kind: 'value-added', field: 'tier', value: 'silver' }],
    ],
    [
      'no words of people',
      [times(201, (at) => ({ by: ['Ada Byron', 'a@b.example'][at % 2] })), times(9, () => ({ by: 'Anna' }))],
      [],
    ],
    ['no words where there are many', [times(201, (at) => ({ n: `n${at % 20}` })), times(9, () => ({ n: 'new' }))], []],
    [
      'no names that are numbers',
      [times(100, () => ({ a: { 1: 'x' } })), times(9, (at) => ({ a: { [at]: 'x' } }))],
      [],
    ],
  ])('tells %s', (_name, phases, told) => {
    expect(watch(...phases).at(-1)).toEqual(told);
    expect(
      watch(...phases)
        .slice(0, -1)
        .flat(),
    ).toEqual([]);
  });

  it('does not take a burst of other records for a change', () => {
    const shape = new PayloadShape();
    for (const object of times(100, () => ({ id: '1', fax: '5' }))) shape.take(object, 0);
    const burst = times(500, () => ({ id: '1' })).flatMap((object) => shape.take(object, HOUR_MS - 1));
    expect(burst).toEqual([]);
    expect(times(20, () => ({ id: '1' })).flatMap((object) => shape.take(object, HOUR_MS))).toEqual([removed('fax')]);
  });

  it('grows to a bound, and keeps no value', () => {
    const shape = new PayloadShape();
    const wide = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`f${at}`, 'Secret']));
    shape.take(wide, 0);
    expect(shape.toJSON().fields).toHaveLength(MAX_PATHS);
    for (let at = 0; at < 20; at += 1)
      shape.take({ [`x${at}`]: Object.fromEntries(times(200, Object).map((_, n) => [`y${n}`, 1])) }, 0);
    expect(shape.toJSON().fields).toHaveLength(1_000);
    let deep: object = { end: 1 };
    for (let depth = 0; depth < 50; depth += 1) deep = { a: deep };
    expect(() => shape.take(deep, 0)).not.toThrow();
    expect(JSON.stringify(shape)).not.toContain('Secret');
  });
});
