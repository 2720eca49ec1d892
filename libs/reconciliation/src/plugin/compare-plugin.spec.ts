import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeToken, markFields, type PlaceRange } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { AskConsumer } from './ask-consumer.js';
import { comparePlugin } from './compare-plugin.js';
import { judgeDifference } from './judge-difference.js';
import { agree } from './packed-marks.js';
import {
  compare,
  createConsumer,
  createLedger,
  keyOf,
  makeEntry,
  SCOPE,
  show,
  type Held,
} from './two-sides.fixture.js';

const toMap = (entries: readonly LedgerEntry[]) => new Map(entries.map((entry) => [entry.key.id, entry]));
const numbered = (count: number, part: Partial<LedgerEntry> = {}) =>
  Array.from({ length: count }, (_, index) => makeEntry(String(10_000 + index), 1, part));
const heldOf = (entries: readonly LedgerEntry[]): [string, string][] =>
  entries.map(({ key, version }) => [escapeToken(key.id), String(version)]);

/** What there is to find, without any of it. */
function findAll(entries: ReadonlyMap<string, LedgerEntry>, held: Held): string[] {
  const places = new Map([...entries.values()].map((entry) => [escapeToken(entry.key.id), entry.key.id]));
  for (const [place] of held) places.set(place, decodeURIComponent(place));
  return [...places].flatMap(([place, id]) => {
    const entry = entries.get(id);
    const expected = entry?.state === 'present' && entry.version > 0 ? String(entry.version) : undefined;
    const found = held.filter(([each]) => each === place).map(([, mark]) => mark);
    if (agree(expected, found)) return [];
    const difference = { place, ...(expected === undefined ? {} : { expected }), found };
    const kind = judgeDifference(difference, 'version');
    return [`${kind} ${id} ${expected ?? ''}|${found.join(',')}`];
  });
}

const id = fc.constantFrom(...'abcdefghijklmnop', 'ü', 'a b', 'A', '~', '10', '1', '_');
const state = fc.constantFrom('present', 'present', 'present', 'deleted', 'erased');
const entry = fc
  .tuple(id, fc.integer({ min: 0, max: 3 }), state)
  .map(([each, version, is]) => makeEntry(each, version, { state: is as LedgerEntry['state'] }));
const mark = fc.constantFrom('1', '2', '3', '1!', '2!', '3!');
const held = fc.array(fc.tuple(id.map(escapeToken), mark), { maxLength: 25 });

describe('the ledger against a consumer', () => {
  it('finds what there is, whatever the pages, the ranges and the cursor at which it goes on', async () => {
    const property = fc.asyncProperty(
      fc.array(entry, { maxLength: 25 }),
      held,
      fc.record({
        bounds: fc.array(id.map(escapeToken), { maxLength: 8 }),
        digests: fc.boolean(),
        pageSize: fc.integer({ min: 1, max: 7 }),
        most: fc.integer({ min: 1, max: 7 }),
        rangesAtOnce: fc.integer({ min: 1, max: 4 }),
        same: fc.boolean(),
        cut: fc.nat({ max: 20 }),
      }),
      async (list, other, { bounds, digests, pageSize, most, rangesAtOnce, same, cut }) => {
        const entries = toMap(list);
        const present = [...entries.values()].filter((each) => each.state === 'present' && each.version > 0);
        // Two sides that agree but for a little are what mostly is.
        const lies: Held = same ? [...heldOf(present).slice(0, -1), ...other.slice(0, 2)] : other;
        const sides = {
          ledger: createLedger(entries, bounds),
          ask: createConsumer(() => lies, { digests, most }).ask,
          ...{ pageSize, rangesAtOnce },
        };
        const expected = findAll(entries, lies).toSorted();
        const whole = await compare(sides);
        expect(whole.found.map(show).toSorted()).toEqual(expected);
        const first = whole.steps.slice(0, cut);
        const rest = await compare(sides, first.at(-1)?.cursor);
        const told = [...first.flatMap((step) => step.found), ...rest.found];
        expect(told.map(show).toSorted()).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 300, endOnFailure: true });
  }, 60_000);

  it('reads no row where digests are equal, and few where little differs', async () => {
    const entries = numbered(4_000);
    const bounds = entries.filter((_, index) => index % 100 === 99).map(({ key }) => key.id);
    const ledger = createLedger(toMap(entries), bounds);
    const same = createConsumer(() => heldOf(entries));
    expect(await compare({ ledger, ask: same.ask })).toMatchObject({ found: [], rows: 0, compared: 4_000 });
    expect(same.asked).toEqual(['holdings', 'digests']);
    const other = createConsumer(() =>
      heldOf(entries).map(([place, is], index) => [place, index === 1_234 ? '9' : is]),
    );
    const seen = await compare({ ledger, ask: other.ask });
    expect(seen.found.map(show)).toEqual(['ahead 11234 1|9']);
    expect(seen.rows).toBeLessThan(250);
    expect(seen).toMatchObject({ compared: 4_000 });
  });

  it.each<[string, PlaceRange, string[], number]>([
    ['one record', { from: '10123', to: '10124' }, ['ahead 10123 1|9'], 1],
    ['a record that is nowhere', { from: '10123x', to: '10123y' }, [], 0],
    ['the middle', { from: '10120', to: '10270' }, ['ahead 10123 1|9', 'missing 10250 1|'], 150],
    ['whole ranges', { from: '10100', to: '10200' }, ['ahead 10123 1|9'], 100],
    ['to the end', { from: '10200' }, ['missing 10250 1|', 'extra 10400 |1'], 200],
    ['from the beginning', { from: '', to: '10050' }, [], 50],
    ['what lies behind all', { from: '10400', to: '10401' }, ['extra 10400 |1'], 0],
    ['nothing', { from: '10050', to: '10050' }, [], 0],
  ])('compares only %s', async (_, range, expected, records) => {
    const entries = numbered(400);
    const bounds = entries.filter((__, index) => index % 100 === 0).map(({ key }) => key.id);
    const ledger = createLedger(toMap(entries), bounds);
    const lies: Held = [
      ...heldOf(entries)
        .filter(([place]) => place !== '10250')
        .map(([place, version]): [string, string] => [place, place === '10123' ? '9' : version]),
      ['10400', '1'],
    ];
    for (const digests of [true, false]) {
      const { ask } = createConsumer(() => lies, { digests });
      const sides = { ledger, ask, range, pageSize: 40, rangesAtOnce: 2 };
      const seen = await compare(sides);
      expect([seen.found.map(show), seen.compared]).toEqual([expected, records]);
      expect(seen.rows).toBeLessThanOrEqual(2 * records + 20);
      for (const { cursor } of seen.steps) {
        const rest = (await compare(sides, cursor)).found.map(show);
        expect(rest).toEqual(expected.slice(expected.length - rest.length));
      }
    }
  });

  it('reads both sides in pages where there are no digests', async () => {
    const entries = numbered(2_500);
    const { ask, asked } = createConsumer(() => heldOf(entries), { digests: false });
    const seen = await compare({ ledger: createLedger(toMap(entries)), ask, pageSize: 1_000 });
    expect(seen).toMatchObject({ found: [], rows: 5_000, compared: 2_500 });
    expect(asked).toEqual(['holdings', 'page', 'page', 'page']);
  });

  it('finds thousands that are missing without asking for each', async () => {
    const entries = numbered(3_000);
    const { ask, asked } = createConsumer(() => [['10007', '1']]);
    const seen = await compare({ ledger: createLedger(toMap(entries)), ask });
    expect(seen.found).toHaveLength(2_999);
    expect(asked.length).toBeLessThan(10);
  });

  it('looks a second time before it says anything', async () => {
    const entries = numbered(10);
    let isFirst = true;
    const { ask } = createConsumer(() => heldOf(entries).slice(isFirst ? 5 : 0), { digests: false });
    const onceMore: AskConsumer = async (question) => {
      const answer = await ask(question);
      if (question.ask === 'page') isFirst = false;
      return answer;
    };
    expect((await compare({ ledger: createLedger(toMap(entries)), ask: onceMore })).found).toEqual([]);
  });

  it('waits at the end for what is on its way, and tells what does not come', async () => {
    const entries = numbered(4, { sequence: 10 });
    let settled = 5;
    let lies = heldOf(entries).slice(2);
    const { ask } = createConsumer(() => lies);
    const settledUpTo = async () => settled;
    const comparison = comparePlugin({ ask, ledger: createLedger(toMap(entries)), scope: SCOPE, settledUpTo });
    const told: string[][] = [];
    for await (const step of comparison.steps(undefined, new AbortController().signal)) {
      told.push(step.found.map(show));
      // One event is applied, the other was swallowed.
      lies = heldOf(entries).slice(1);
      settled = 10;
    }
    expect(told).toEqual([[], [], ['missing 10000 1|']]);
  });

  it('says of what is still on its way up to where all is settled', async () => {
    const entries = numbered(1, { sequence: 10 });
    const { ask } = createConsumer(() => []);
    const seen = await compare({ ask, ledger: createLedger(toMap(entries)), settledUpTo: async () => 9 });
    expect(seen.found).toEqual([
      { record: keyOf('10000'), kind: 'missing', expected: '1', sequence: 10, settledUpTo: 9 },
    ]);
  });

  it('compares hashes of fields with the data of the ledger', async () => {
    const entries = toMap(numbered(5));
    const fields = ['email'];
    const lies: [string, string][] = [...entries.values()].map(({ key, data }) => [key.id, markFields(data!, fields)]);
    lies[3] = [lies[3]![0], markFields({ email: 'edited@example.com' }, fields)];
    const consumer = createConsumer(() => lies, { digests: false });
    const ask = (async (question: Parameters<AskConsumer>[0]) =>
      question.ask === 'holdings'
        ? { entities: ['contact'], marks: 'fields', fields: { contact: fields }, digests: false }
        : consumer.ask(question)) as AskConsumer;
    const { found } = await compare({ ledger: createLedger(entries), ask });
    expect(found).toMatchObject([{ record: keyOf('10003'), kind: 'edited' }]);
  });

  it('compares nothing of what the consumer does not hold', async () => {
    const { ask } = createConsumer(() => []);
    expect(
      (await compare({ ask, ledger: createLedger(new Map()), scope: { ...SCOPE, entity: 'deal' } })).steps,
    ).toEqual([]);
  });

  it('refuses a page that is not in order', async () => {
    const ask = (async ({ ask: what }: { ask: string }) =>
      what === 'page'
        ? { packed: 'b\t1\na\t1' }
        : { entities: ['contact'], marks: 'version', digests: false }) as unknown as AskConsumer;
    await expect(compare({ ask, ledger: createLedger(new Map()) })).rejects.toThrow(
      /MESH_RECONCILE_INVALID.*"a" stands/,
    );
  });
});
