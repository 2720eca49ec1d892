import { digestMark, escapeToken, type AnyRecord, type PlaceRange, type RecordKey } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { ComparisonStep } from '../comparison.js';
import type { Mismatch } from '../mismatch.js';
import type { AskConsumer } from './ask-consumer.js';
import { comparePlugin, type PluginComparisonOptions } from './compare-plugin.js';
import type { LedgerReader } from './ledger-side.js';

// A ledger and a consumer in memory, for the specs of this folder.

export const SCOPE = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
export const keyOf = (id: string): RecordKey => ({ ...SCOPE, id });

/** What a consumer holds: places with marks, one of them perhaps more than once. */
export type Held = readonly (readonly [place: string, mark: string])[];

export function makeEntry(id: string, version: number, part: Partial<LedgerEntry> = {}): LedgerEntry {
  const times = { modifiedAtMs: 0, contentAtMs: 0, seenAtMs: 0 };
  const data = { id, email: `${id}@example.com` } as AnyRecord;
  return {
    key: keyOf(id),
    version,
    state: 'present',
    hash: '',
    sequence: version,
    ...times,
    data,
    aliases: [],
    ...part,
  };
}

function isIn(place: string, { from, to }: PlaceRange): boolean {
  return place >= from && (to === undefined || place < to);
}

const isHeld = ({ version, state }: LedgerEntry): boolean => version > 0 && state === 'present';

/** `bounds`: where its ranges begin, beside the first. */
export function createLedger(entries: Map<string, LedgerEntry>, bounds: readonly string[] = []): LedgerReader {
  const list = () =>
    [...entries.values()]
      .filter(isHeld)
      .map(({ key, version }) => [escapeToken(key.id), String(version)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    readRanges: async () => {
      const starts = ['', ...new Set(bounds)].toSorted();
      return starts.map((from, index) => {
        const range = { from, ...(index + 1 < starts.length ? { to: starts[index + 1]! } : {}) };
        const inside = list().filter(([place]) => isIn(place, range));
        return { ...range, records: inside.length, digest: sum(inside) };
      });
    },
    readMarks: async ({ limit, ...range }) => {
      const inside = list().filter(([place]) => isIn(place, range));
      const page = inside.slice(0, limit);
      const after = page.length < limit ? {} : { after: page.at(-1)![0] };
      return { packed: pack(page), records: page.length, ...after };
    },
    getMany: async (keys) => keys.map(({ id }) => entries.get(id)),
  };
}

/** `most`: it gives no more records in a page, whatever it is asked for. */
export function createConsumer(
  list: () => Held,
  { digests = true, most = Infinity }: { digests?: boolean; most?: number } = {},
) {
  const asked: string[] = [];
  const ask = async (question: Parameters<AskConsumer>[0]): Promise<object> => {
    asked.push(question.ask);
    if (question.ask === 'holdings') return { entities: ['contact'], marks: 'version', digests };
    const held = list().toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    if (question.ask === 'digests') {
      return {
        digests: question.ranges.map((range) => {
          const inside = held.filter(([place]) => isIn(place, range));
          return { records: inside.length, digest: String(sum(inside)) };
        }),
      };
    }
    const inside = held.filter(([place]) => isIn(place, question));
    let end = Math.min(question.limit, most, inside.length);
    while (end > 0 && inside[end]?.[0] === inside[end - 1]![0]) end++;
    const page = inside.slice(0, end);
    return { packed: pack(page), ...(end < inside.length ? { after: page.at(-1)![0] } : {}) };
  };
  return { ask: ask as AskConsumer, asked };
}

const sum = (held: Held): number => held.reduce((all, [place, mark]) => all + digestMark(place, mark), 0);
const pack = (held: Held): string => held.map(([place, mark]) => `${place}\t${mark}`).join('\n');

/** All steps of a comparison, as one. */
export async function compare(
  options: Pick<PluginComparisonOptions, 'ask' | 'ledger'> & Partial<PluginComparisonOptions>,
  cursor?: string,
) {
  const comparison = comparePlugin({ scope: SCOPE, settledUpTo: async () => Infinity, patienceMs: 0, ...options });
  const steps: ComparisonStep[] = [];
  for await (const step of comparison.steps(cursor, new AbortController().signal)) steps.push(step);
  return {
    steps,
    found: steps.flatMap((step) => step.found),
    rows: steps.reduce((all, { rows }) => all + rows, 0),
    compared: steps.reduce((all, { compared }) => all + compared, 0),
  };
}

export const show = ({ record, kind, expected = '', found = '' }: Mismatch): string =>
  `${kind} ${record.id} ${expected}|${found}`;
