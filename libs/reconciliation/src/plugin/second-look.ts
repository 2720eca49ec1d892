import { setTimeout as pauseFor } from 'node:timers/promises';
import { placeBehind, type EntityScope, type RecordPlace } from '@crm-mesh/contract';
import type { Mismatch } from '../mismatch.js';
import type { AskConsumer } from './ask-consumer.js';
import { judgeDifference } from './judge-difference.js';
import { keyAt, markOf, type LedgerReader, type MarkedBy } from './ledger-side.js';
import { agree, readPacked } from './packed-marks.js';

/** More than this are read as pages, and not each by itself. */
export const ONE_BY_ONE = 50;
const ASKED_AT_ONCE = 8;
/** A record may lie there so often. */
const TWINS = 100;
const PAGE_SIZE = 10_000;
const PAUSE_MS = 250;

/** What both sides say of some records when they are asked once more. */
export interface Seen {
  found: Mismatch[];
  /** These differ, and their newest events are not settled yet. */
  onTheirWay: RecordPlace[];
  rows: number;
  calls: number;
}

/** What is compared. */
export interface TwoSides {
  ask: AskConsumer;
  ledger: LedgerReader;
  scope: EntityScope;
  /** Sequence of CRM_EVENTS up to which the consumer has settled everything. */
  settledUpTo(): Promise<number>;
}

/** Two pages are read at two moments, and records change meanwhile: what differs is read anew before it is told. */
export class SecondLook {
  private rows = 0;
  private calls = 0;

  constructor(
    private readonly options: TwoSides,
    private readonly by: MarkedBy,
  ) {}

  /** `room`: so many on their way are kept back; others are told as they are. */
  async at(differences: readonly { place: RecordPlace }[], room: number): Promise<Seen> {
    const found: Mismatch[] = [];
    const onTheirWay: RecordPlace[] = [];
    for (const mismatch of await this.read(differences.map(({ place }) => place))) {
      if (isOnItsWay(mismatch) && onTheirWay.length < room) onTheirWay.push(mismatch.place);
      else found.push(mismatch.mismatch);
    }
    return { found, onTheirWay, ...this.takeCounts() };
  }

  /** Until nothing of it is on its way, or so long; what is then is told as it is. */
  async until(
    places: readonly RecordPlace[],
    { patienceMs, signal }: { patienceMs: number; signal: AbortSignal },
  ): Promise<Omit<Seen, 'onTheirWay'>> {
    const endMs = performance.now() + patienceMs;
    const found: Mismatch[] = [];
    let left = await this.read(places);
    for (;;) {
      const isLast = performance.now() >= endMs;
      found.push(...left.filter((each) => isLast || !isOnItsWay(each)).map(({ mismatch }) => mismatch));
      const waiting = isLast ? [] : left.filter(isOnItsWay).map(({ place }) => place);
      if (waiting.length === 0) return { found, ...this.takeCounts() };
      await pauseFor(PAUSE_MS, undefined, { signal });
      left = await this.read(waiting);
    }
  }

  private async read(places: readonly RecordPlace[]): Promise<{ place: RecordPlace; mismatch: Mismatch }[]> {
    if (places.length === 0) return [];
    const { ledger, scope } = this.options;
    // First: what was settled by now is in what the consumer says afterwards.
    const settledUpTo = await this.options.settledUpTo();
    const keys = places.map((place) => keyAt(scope, place));
    const entries = await ledger.getMany(keys);
    const marks = await this.askFor(places);
    this.rows += places.length;
    return places.flatMap((place, index) => {
      const expected = markOf(entries[index], this.by);
      const found = marks.get(place) ?? [];
      if (agree(expected, found)) return [];
      const difference = { place, ...(expected === undefined ? {} : { expected }), found };
      const kind = judgeDifference(difference, this.by === 'version' ? 'version' : 'fields');
      const sequence = entries[index]?.sequence;
      const mismatch: Mismatch = {
        ...{ record: keys[index]!, kind, settledUpTo },
        ...(expected === undefined ? {} : { expected }),
        ...(found.length === 0 ? {} : { found: found.join(',') }),
        ...(sequence === undefined ? {} : { sequence }),
      };
      return [{ place, mismatch }];
    });
  }

  private askFor(places: readonly RecordPlace[]): Promise<Map<RecordPlace, string[]>> {
    return places.length > ONE_BY_ONE ? this.askInPages(places) : this.askOneByOne(places);
  }

  private async askOneByOne(places: readonly RecordPlace[]): Promise<Map<RecordPlace, string[]>> {
    const marks = new Map<RecordPlace, string[]>();
    for (let start = 0; start < places.length; start += ASKED_AT_ONCE) {
      await Promise.all(
        places.slice(start, start + ASKED_AT_ONCE).map(async (place) => {
          const page = await this.askPage(place, { to: placeBehind(place), limit: TWINS });
          marks.set(place, page.marks.get(place) ?? []);
        }),
      );
    }
    return marks;
  }

  private async askInPages(places: readonly RecordPlace[]): Promise<Map<RecordPlace, string[]>> {
    const sorted = places.toSorted();
    const to = placeBehind(sorted.at(-1)!);
    const marks = new Map<RecordPlace, string[]>();
    let from: RecordPlace | undefined = sorted[0]!;
    while (from !== undefined) {
      const page = await this.askPage(from, { to, limit: PAGE_SIZE });
      for (const [place, own] of page.marks) marks.set(place, own);
      from = page.after === undefined ? undefined : placeBehind(page.after);
    }
    return marks;
  }

  private async askPage(from: RecordPlace, { to, limit }: { to: RecordPlace; limit: number }) {
    const { ask, scope } = this.options;
    const { packed, after } = await ask({ ask: 'page', ...scope, from, to, limit });
    const marks = readPacked(packed);
    this.calls++;
    this.rows += marks.size;
    return { marks, after };
  }

  private takeCounts(): Pick<Seen, 'rows' | 'calls'> {
    const counts = { rows: this.rows, calls: this.calls };
    this.rows = this.calls = 0;
    return counts;
  }
}

function isOnItsWay({ mismatch: { sequence, settledUpTo } }: { mismatch: Mismatch }): boolean {
  return sequence !== undefined && sequence > settledUpTo!;
}
