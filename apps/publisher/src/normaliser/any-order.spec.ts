import fc from 'fast-check';
import type { MappedRecord } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { at, Folded, makePresent } from './folded.fixture.js';

const deal = (stage: string, second: number): MappedRecord => makePresent({ status: 'open', stage }, second);
const gone = (second: number): MappedRecord => ({ state: 'deleted', modifiedAt: at(second) });
const erased = (second: number): MappedRecord => ({ state: 'erased', modifiedAt: at(second) });

/** Statements of one record; each has a time of its own, for at equal times the order of arrival decides. */
const statements = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 9 })
  .chain((seconds) =>
    fc.tuple(
      ...seconds.map((second) =>
        fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c').map((stage) => deal(stage, second)) },
          { weight: 2, arbitrary: fc.constant(gone(second)) },
          { weight: 1, arbitrary: fc.constant(erased(second)) },
        ),
      ),
    ),
  );

const shuffledTwice = statements.chain((list) => {
  const doubled = fc
    .tuple(fc.constant(list), fc.array(fc.constantFrom(...list), { maxLength: 6 }))
    .map(([all, more]) => [...all, ...more]);
  const shuffled = doubled.chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
  return fc.tuple(fc.constant(list), shuffled);
});

/** `address` alone is emptied whole. */
const PATCHED = ['stage', 'name', 'custom.colour', 'custom.size', 'address.city', 'address.street', 'address'];

interface PatchPart {
  second: number;
  said: string[];
  isClearing: boolean;
  value: string;
}

/** Says or empties some fields; the first of them is said in any case. */
function makePatch({ second, said, isClearing, value }: PatchPart): MappedRecord {
  const record: Record<string, unknown> = { modifiedAt: at(second) };
  const cleared: string[] = [];
  for (const [index, field] of said.entries()) {
    const [whole, name] = field.split('.') as [string, string | undefined];
    if (field === 'address' || (isClearing && index > 0)) cleared.push(field);
    else if (name === undefined) record[whole] = value;
    else record[whole] = { ...(record[whole] as object | undefined), [name]: value };
  }
  return { ...makePresent(record, second), patch: true, cleared } as MappedRecord;
}

/** What must not depend on the order of arrival. How many versions led there may. */
function summarise({ entry }: Folded): object {
  return entry?.state === 'present'
    ? { hash: entry.hash, seenAtMs: entry.seenAtMs }
    : { gone: true, seenAtMs: entry?.seenAtMs };
}

function foldAll(list: readonly MappedRecord[], kills: readonly boolean[] = []): Folded {
  const folded = new Folded();
  for (const [index, mapped] of list.entries()) {
    folded.state(mapped);
    if (kills[index]) folded.crash();
  }
  return folded;
}

const patches = fc
  .uniqueArray(
    fc.record({
      second: fc.integer({ min: 1, max: 60 }),
      said: fc.uniqueArray(fc.constantFrom(...PATCHED), { minLength: 1, maxLength: 3 }),
      isClearing: fc.boolean(),
      value: fc.constantFrom('x', 'y', 'z'),
    }),
    { minLength: 1, maxLength: 8, selector: ({ second }) => second },
  )
  .map((parts) => parts.map(makePatch));

const shuffledPatches = patches.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: 2 * list.length })),
);

describe('any order of the same statements', () => {
  it('yields the same ledger', () => {
    fc.assert(
      fc.property(shuffledTwice, ([list, shuffled]) => {
        const inOrder = list.toSorted((left, right) => left.modifiedAt!.localeCompare(right.modifiedAt!));
        expect(summarise(foldAll(shuffled))).toEqual(summarise(foldAll(inOrder)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('yields the same ledger from patches of one record, field by field, also when the process dies between', () => {
    const killed = shuffledPatches.chain(([list, any]) =>
      fc.tuple(fc.constant(list), fc.constant(any), fc.array(fc.boolean(), { maxLength: any.length })),
    );
    fc.assert(
      fc.property(killed, ([list, any, kills]) => {
        const inOrder = list.toSorted((left, right) => left.modifiedAt!.localeCompare(right.modifiedAt!));
        expect(summarise(foldAll(any, kills))).toEqual(summarise(foldAll(inOrder)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is in the log: a ledger rebuilt from it equals the live one, of patches too', () => {
    const shuffled = patches.chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));
    fc.assert(
      fc.property(shuffled, (list) => {
        const folded = foldAll(list);
        // What was told nobody is not in the log.
        fc.pre(folded.decisions.every((decision) => decision.kind === 'publish' || decision.reason === 'stale'));
        expect(folded.rebuild()).toEqual(folded.entry);
      }),
      { numRuns: 2_000 },
    );
  });

  it('numbers the events 1, 2, 3 …, and keeps no content older than an erasure', () => {
    fc.assert(
      fc.property(shuffledTwice, ([list, shuffled]) => {
        const folded = foldAll(shuffled);
        const versions = folded.decisions.flatMap((decision) =>
          decision.kind === 'publish' ? [decision.version] : [],
        );
        expect(versions).toEqual(versions.map((_version, index) => index + 1));
        const erasures = list
          .filter(({ state }) => state === 'erased')
          .map(({ modifiedAt }) => Date.parse(modifiedAt!));
        if (folded.entry?.data) expect(folded.entry.contentAtMs).toBeGreaterThanOrEqual(Math.max(0, ...erasures));
      }),
      { numRuns: 2_000 },
    );
  });

  it('knows of every merge', () => {
    const merges = fc.uniqueArray(
      fc.record({ second: fc.integer({ min: 1, max: 60 }), swallowed: fc.constantFrom('8', '9', '10') }),
      {
        minLength: 1,
        maxLength: 6,
        selector: ({ second }) => second,
      },
    );
    fc.assert(
      fc.property(merges, (list) => {
        const folded = new Folded();
        for (const { second, swallowed } of list) folded.state(deal(`${second}`, second), { mergedIds: [swallowed] });
        expect(folded.entry?.aliases).toEqual([...new Set(list.map(({ swallowed }) => swallowed))].sort());
        expect(folded.entry?.seenAtMs).toBe(Math.max(...list.map(({ second }) => second)) * 1_000);
      }),
    );
  });
});
