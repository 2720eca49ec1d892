import type { OpenDeadLetter } from './dead-letters.js';

/** Dead letters of one consumer, one version of its code and one kind of error. */
export interface LetterGroup {
  group: string;
  consumer: string;
  version: string;
  count: number;
  records: number;
  firstBuriedAt: string;
  lastBuriedAt: string;
  /** Of one of them, as an example. */
  sequence: number;
  error: { name: string; message: string };
}

/** Counts as it goes: payloads of thousands do not fit into memory. The largest first. */
export async function groupLetters(letters: AsyncIterable<OpenDeadLetter>): Promise<LetterGroup[]> {
  const groups = new Map<string, LetterGroup & { names: Set<string> }>();
  for await (const letter of letters) {
    const { group, consumer, version, sequence, buriedAt, record } = letter;
    const { name, message } = letter.error;
    const first = { sequence, firstBuriedAt: buriedAt, error: { name, message }, count: 0, names: new Set<string>() };
    const { names, count, ...found } = groups.get(group) ?? { group, consumer, version, ...first };
    names.add(record);
    groups.set(group, { ...found, names, count: count + 1, records: names.size, lastBuriedAt: buriedAt });
  }
  return [...groups.values()].map(({ names: _names, ...group }) => group).toSorted((a, b) => b.count - a.count);
}
