import type { CrmChange } from '../../crm/crm-change.js';
import type { CrmStore } from '../../crm/crm-store.js';
import type { Random } from '../../crm/draw-ids.js';
import type { SalesforceKnobs } from '../knobs.js';
import type { DeleteLog } from '../rows/delete-log.js';
import type { Records } from '../rows/records.js';
import type { Stamps } from '../rows/stamps.js';
import type { FieldBook } from '../schema/field-book.js';
import type { ChangeDraft, ChangeEvent } from './change-event.js';
import { draftBare, draftUpdate, draftWhole, listChanged, type Changed, type DraftContext } from './draft-changes.js';
import { Transactions } from './transactions.js';

export interface CaptureOptions {
  store: CrmStore;
  book: FieldBook;
  records: Records;
  stamps: Stamps;
  deleteLog: DeleteLog;
  knobs(): SalesforceKnobs;
  random: Random;
  /** Epoch milliseconds. */
  now(): number;
  /** Of each transaction. */
  tell(events: readonly ChangeEvent[]): void;
}

/** Turns what happens in the core into change events, transaction by transaction. */
export class Capture {
  private readonly transactions: Transactions;
  private open: CrmChange[] | undefined;

  constructor(private readonly options: CaptureOptions) {
    this.transactions = new Transactions(options);
  }

  /** All changes of the function are one transaction: equal ones become one event with several ids. */
  runTransaction<T>(act: () => T): T {
    if (this.open) return act();
    const changes: CrmChange[] = (this.open = []);
    try {
      return act();
    } finally {
      this.open = undefined;
      this.commit(changes);
    }
  }

  tell(changes: readonly CrmChange[]): void {
    if (this.open) this.open.push(...changes);
    else this.commit(changes);
  }

  /** As if the change had been too large, or made behind Salesforce's back: a header, and nothing else. */
  tellGap(draft: Pick<ChangeDraft, 'entityName' | 'changeType' | 'recordIds'>): void {
    const rest = { changeOrigin: '', commitUser: '', changedFields: [], nulledFields: [], values: {} };
    this.options.tell(this.transactions.number([{ ...draft, ...rest }], this.options.now()));
  }

  private commit(changes: readonly CrmChange[]): void {
    const atMs = changes.at(-1)?.atMs ?? 0;
    const drafts = groupByRecord(changes).flatMap((group) => this.draft(group, atMs));
    if (drafts.length > 0) this.options.tell(this.transactions.commit(drafts, atMs));
  }

  private draft(group: readonly CrmChange[], atMs: number): ChangeDraft[] {
    const [first] = group;
    const { book, records, store } = this.options;
    const object = first && book.findByType(first.type);
    if (!first || !object) return [];
    const { type, id: coreId, actor } = first;
    const context = { object, records, found: store.find(type, coreId), id: records.showId(type, coreId) };
    const kinds = new Set(group.map(({ kind }) => kind));
    if (kinds.has('deletion') || kinds.has('privacyDeletion')) return this.draftDelete(context, first);
    const changed = listChanged(context, group);
    const isUpdate = !kinds.has('creation') && !kinds.has('restore');
    if (isUpdate && changed.length === 0 && !kinds.has('merge')) return [];
    this.mark(first, atMs);
    if (isUpdate) return [this.draftUpdate(context, { first, group, changed }), ...this.draftMerged(context, group)];
    if (kinds.has('restore')) this.options.deleteLog.remove(object.name, context.id);
    return [draftWhole(kinds.has('creation') ? 'CREATE' : 'UNDELETE', context, actor)];
  }

  /** What lies in the recycle bin already is not deleted again when it is erased. */
  private draftDelete(context: DraftContext, { actor, atMs }: CrmChange): ChangeDraft[] {
    const { object, id } = context;
    if (this.options.deleteLog.has(object.name, id)) return [];
    this.options.deleteLog.add(object.name, id, atMs);
    return [draftBare('DELETE', context, actor)];
  }

  /** A merge has no type of its own: the losers are deleted, and the winner is changed (or, where it is new, created). */
  private draftMerged(context: DraftContext, group: readonly CrmChange[]): ChangeDraft[] {
    return group.flatMap((change) => {
      if (change.kind !== 'merge') return [];
      const losers = [change.primaryId, ...change.mergedIds].filter((id) => id !== change.id);
      return losers.flatMap((loser) => {
        const id = this.options.records.showId(change.type, loser);
        return this.draftDelete({ ...context, id, found: undefined }, change);
      });
    });
  }

  private draftUpdate(
    context: DraftContext,
    { first, group, changed }: { first: CrmChange; group: readonly CrmChange[]; changed: readonly Changed[] },
  ): ChangeDraft {
    const merge = group.find((change) => change.kind === 'merge');
    const { actor } = first;
    if (merge && merge.primaryId !== merge.id) return draftWhole('CREATE', context, actor);
    return draftUpdate(context, changed, actor);
  }

  private mark(change: CrmChange, atMs: number): void {
    const { stamps, knobs, random } = this.options;
    const { lateRate, lateMs } = knobs();
    const isLate = lateRate > 0 && random() < lateRate;
    stamps.mark(change, { atMs, visibleAtMs: isLate ? atMs + lateMs : 0 });
  }
}

function groupByRecord(changes: readonly CrmChange[]): CrmChange[][] {
  const groups = new Map<string, CrmChange[]>();
  for (const change of changes) {
    const key = `${change.type}/${change.id}`;
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  return [...groups.values()];
}
