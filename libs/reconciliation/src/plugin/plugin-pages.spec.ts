import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeDifference } from './judge-difference.js';
import { coverRange, listDiffering } from './leaf-ranges.js';
import { agree, comparePacked, countLines, cutBehind, readPacked } from './packed-marks.js';

describe('two packed pages', () => {
  it.each([
    ['', '', []],
    ['a\t1', 'a\t1', []],
    ['a\t1\nb\t1', 'b\t1', [{ place: 'a', expected: '1', found: [] }]],
    ['b\t1', 'a\t1\nb\t1', [{ place: 'a', found: ['1'] }]],
    ['a\t2', 'a\t1', [{ place: 'a', expected: '2', found: ['1'] }]],
    ['a\t1', 'a\t1\na\t1', [{ place: 'a', expected: '1', found: ['1', '1'] }]],
    [
      'a\t1',
      'b\t1',
      [
        { place: 'a', expected: '1', found: [] },
        { place: 'b', found: ['1'] },
      ],
    ],
  ] as const)('%j and %j', (expected, found, differences) => {
    expect(comparePacked(expected, found)).toEqual(differences);
  });

  it.each(['a', 'a\n1', 'b\t1\na\t1', 'a\t1\nb'])('refuses %j', (packed) => {
    expect(() => comparePacked('', packed)).toThrow(/MESH_RECONCILE_INVALID/);
  });

  // Most lines are the same, and are looked at in blocks: line by line the same must come out.
  it('finds what differs among many lines that do not', () => {
    const edit = fc.record({ at: fc.nat({ max: 599 }), how: fc.constantFrom('gone', 'twin', 'other', 'more') });
    const property = fc.property(fc.array(edit, { maxLength: 6 }), fc.nat({ max: 620 }), (edits, upTo) => {
      const places = Array.from({ length: 600 }, (_, index) => String(10_000 + index));
      const left = places.map((place) => `${place}\t${place.slice(-1)}`);
      const right = left.flatMap((line, index) => {
        const { how } = edits.find(({ at }) => at === index) ?? {};
        if (how === undefined) return [line];
        return { gone: [], twin: [line, line], other: [`${line}7`], more: [line, `${places[index]}x\t1`] }[how];
      });
      const last = String(10_000 + upTo);
      const [ours, theirs] = [left, right].map((lines) => readPacked(lines.join('\n')));
      const all = [...new Set([...ours!.keys(), ...theirs!.keys()])].filter((place) => place <= last).toSorted();
      const expected = all.filter((place) => !agree(ours!.get(place)?.[0], theirs!.get(place) ?? []));
      const [{ upTo: expectedPage }, { upTo: foundPage, rest }] = [left, right].map((lines) =>
        cutBehind(lines.join('\n'), last),
      ) as [ReturnType<typeof cutBehind>, ReturnType<typeof cutBehind>];
      const found = comparePacked(expectedPage, foundPage);
      expect(found.map(({ place }) => place)).toEqual(expected);
      for (const difference of found) expect(difference.found).toEqual(theirs!.get(difference.place) ?? []);
      expect([foundPage, rest].filter((part) => part !== '').join('\n')).toBe(right.join('\n'));
      expect(countLines(foundPage)).toBe(right.filter((line) => line.split('\t')[0]! <= last).length);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('counts lines, and knows marks by their places', () => {
    expect(['', 'a\t1', 'a\t1\na\t2'].map(countLines)).toEqual([0, 1, 2]);
    expect(readPacked('a\t1\na\t2\nb\t1')).toEqual(
      new Map([
        ['a', ['1', '2']],
        ['b', ['1']],
      ]),
    );
  });
});

describe('what is wrong with a record', () => {
  it.each([
    ['2', [], 'version', 'missing'],
    [undefined, ['2'], 'version', 'extra'],
    [undefined, ['2', '2'], 'version', 'extra'],
    ['2', ['2', '2'], 'version', 'duplicate'],
    ['2', ['1'], 'version', 'stale'],
    ['10', ['9'], 'version', 'stale'],
    ['2', ['3'], 'version', 'ahead'],
    ['2', ['2!'], 'version', 'edited'],
    ['2', ['1!'], 'version', 'stale'],
    ['abc', ['abd'], 'fields', 'edited'],
    ['abc', [], 'fields', 'missing'],
  ] as const)('%s, and there lies %j (%s): %s', (expected, found, marks, kind) => {
    expect(judgeDifference({ place: 'a', ...(expected === undefined ? {} : { expected }), found }, marks)).toBe(kind);
  });
});

describe('the ranges of a ledger', () => {
  const known = [
    { from: 'b', to: 'd', records: 1, digest: 5 },
    { from: 'f', records: 2, digest: '7' },
  ];
  const hole = (from: string, to?: string) => ({ from, ...(to ? { to } : {}), records: 0, digest: 0 });

  it.each([
    ['', [hole('', 'b'), known[0], hole('d', 'f'), known[1]]],
    ['c', [{ ...known[0], from: 'c', digest: 'unknown' }, hole('d', 'f'), known[1]]],
    ['d', [hole('d', 'f'), known[1]]],
    ['g', [{ ...known[1], from: 'g', digest: 'unknown' }]],
  ])('are made whole from %j on', (from, whole) => {
    expect(coverRange({ from }, known)).toEqual(whole);
  });

  it('are one to the end where there are none', () => {
    expect(coverRange({ from: '' }, [])).toEqual([hole('')]);
  });

  it('that differ are read as one where they are neighbours', () => {
    const ranges = coverRange({ from: '' }, known);
    const digest = (records: number, sum: string) => ({ records, digest: sum });
    expect(listDiffering(ranges, [digest(0, '0'), digest(1, '5'), digest(0, '0'), digest(2, '7')])).toEqual([]);
    expect(listDiffering(ranges, [digest(1, '0'), digest(1, '6'), digest(0, '0'), digest(2, '8')])).toEqual([
      { from: '', to: 'd' },
      { from: 'f' },
    ]);
  });
});
