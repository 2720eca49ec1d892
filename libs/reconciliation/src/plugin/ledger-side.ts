import {
  escapeToken,
  markFields,
  unescapeToken,
  type EntityScope,
  type PageAnswer,
  type PageQuestion,
  type RecordKey,
  type RecordPlace,
} from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { LedgerRange } from './leaf-ranges.js';

/** What is read of the ledger. */
export interface LedgerReader {
  /** From the first place to the last, each of some hundred records. */
  readRanges(scope: EntityScope): Promise<readonly LedgerRange[]>;
  /** Records that are there, with their versions. */
  readMarks(page: Omit<PageQuestion, 'ask'>): Promise<LedgerPage>;
  /** In the order of the keys. */
  getMany(keys: readonly RecordKey[]): Promise<readonly (LedgerEntry | undefined)[]>;
}

/** How the ledger's side makes its marks: versions, or a hash of these fields. */
export type MarkedBy = { fields: readonly string[] } | 'version';

/** The key of the record at a place. */
export function keyAt({ tenant, connection, entity }: EntityScope, place: RecordPlace): RecordKey {
  return { tenant, connection, entity, id: unescapeToken(place) };
}

/** What the other side should have; undefined: it should have no such record. */
export function markOf(entry: LedgerEntry | undefined, by: MarkedBy): string | undefined {
  if (!entry || entry.version === 0 || entry.state !== 'present') return undefined;
  return by === 'version' ? String(entry.version) : markFields(entry.data ?? {}, by.fields);
}

/** A page of the ledger; `after` where there may be more. */
export type LedgerPage = PageAnswer & { records: number };

/** A page as the other side should give it. Hashes of fields take the records themselves. */
export async function readLedgerPage(
  ledger: LedgerReader,
  question: Omit<PageQuestion, 'ask'>,
  by: MarkedBy,
): Promise<LedgerPage> {
  const page = await ledger.readMarks(question);
  if (by === 'version' || page.packed === '') return page;
  const keys = page.packed.split('\n').map((line) => keyAt(question, line.slice(0, line.indexOf('\t'))));
  const lines = (await ledger.getMany(keys)).flatMap((entry) => {
    const mark = markOf(entry, by);
    return mark === undefined ? [] : [`${escapeToken(entry!.key.id)}\t${mark}`];
  });
  return { ...page, packed: lines.join('\n') };
}
