import type { Random } from '../../crm/draw-ids.js';
import type { SalesforceKnobs } from '../knobs.js';
import type { FieldBook } from '../schema/field-book.js';
import type { ChangeDraft, ChangeEvent, ChangeType } from './change-event.js';

export interface TransactionsOptions {
  book: FieldBook;
  knobs(): SalesforceKnobs;
  random: Random;
}

const NANOSECONDS = 1_000_000n;

/** Numbers and merges the events of transactions, and makes gaps of them as the knobs say. */
export class Transactions {
  private commits = 0n;

  constructor(private readonly options: TransactionsOptions) {}

  commit(drafts: readonly ChangeDraft[], atMs: number): ChangeEvent[] {
    const { overflowAt } = this.options.knobs();
    const changes = drafts.reduce((sum, { changedFields }) => sum + Math.max(1, changedFields.length), 0);
    const told = changes > overflowAt ? this.overflow(drafts) : drafts.map((draft) => this.makeGap(draft));
    return this.number(mergeEqual(told), atMs);
  }

  number(drafts: readonly ChangeDraft[], atMs: number): ChangeEvent[] {
    const { clockSkewMs } = this.options.knobs();
    this.commits += 1n;
    const transactionKey = drawKey(this.options.random);
    const commitTimestamp = atMs + clockSkewMs;
    const commitNumber = BigInt(commitTimestamp) * NANOSECONDS + (this.commits % NANOSECONDS);
    return drafts.map((draft, index) => ({
      ...draft,
      transactionKey,
      // A gap event says nothing of its place.
      sequenceNumber: draft.changeType.startsWith('GAP_') ? 1 : index + 1,
      commitTimestamp,
      commitNumber,
    }));
  }

  /** One event for each object, without usable ids. */
  private overflow(drafts: readonly ChangeDraft[]): ChangeDraft[] {
    const firsts = new Map(drafts.toReversed().map((draft) => [draft.entityName, draft]));
    return [...firsts.values()].map((draft) => {
      const prefix = this.options.book.find(draft.entityName)?.prefix ?? '';
      return { ...strip(draft, 'GAP_OVERFLOW'), recordIds: [`${prefix}*`] };
    });
  }

  private makeGap(draft: ChangeDraft): ChangeDraft {
    const { gapRate } = this.options.knobs();
    if (!(gapRate > 0 && this.options.random() < gapRate)) return draft;
    return strip(draft, `GAP_${draft.changeType}` as ChangeType);
  }
}

function strip(draft: ChangeDraft, changeType: ChangeType): ChangeDraft {
  return { ...draft, changeType, changedFields: [], nulledFields: [], values: {} };
}

function mergeEqual(drafts: readonly ChangeDraft[]): ChangeDraft[] {
  const merged = new Map<string, ChangeDraft>();
  for (const draft of drafts) {
    const { recordIds, ...rest } = draft;
    const key = JSON.stringify(rest);
    const present = merged.get(key);
    merged.set(key, present ? { ...present, recordIds: [...new Set([...present.recordIds, ...recordIds])] } : draft);
  }
  return [...merged.values()];
}

function drawKey(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
