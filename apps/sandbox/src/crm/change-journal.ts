import type { LinkChange } from './association-book.js';
import type { Actor, CrmChange, ObjectRef } from './crm-change.js';
import { keepIndexed, type CrmObject } from './crm-object.js';

export interface ChangeJournalOptions {
  /** Epoch milliseconds. */
  now(): number;
  /** What happened, in order; called after the store has it. */
  tell(changes: readonly CrmChange[]): void;
  /** How long a change is not found by search. */
  searchLagMs(): number;
}

/** Gathers what one operation does, and tells it when it is done. */
export class ChangeJournal {
  private changes: CrmChange[] = [];

  constructor(
    private readonly options: ChangeJournalOptions,
    private readonly find: (ref: ObjectRef) => CrmObject | undefined,
  ) {}

  push(...changes: CrmChange[]): void {
    this.changes.push(...changes);
  }

  /** The object's modification time becomes now. */
  touch(object: CrmObject): void {
    const [nowMs, lagMs] = [this.options.now(), this.options.searchLagMs()];
    if (lagMs > 0) keepIndexed(object, nowMs - lagMs);
    object.updatedAtMs = nowMs;
  }

  /** Once per direction. */
  pushLinks(links: readonly LinkChange[], actor: Actor): void {
    for (const link of links) {
      this.pushLink(link, actor);
      this.pushLink({ ...link, from: link.to, to: link.from }, actor);
    }
  }

  /** An archived object, or one that is gone, has nothing to tell of its links. */
  pushLink({ from, to, removed, primary }: LinkChange, actor: Actor): void {
    const object = this.find(from);
    if (!object) return;
    this.touch(object);
    const { type, id, updatedAtMs: atMs } = object;
    this.push({ kind: 'associationChange', type, id, to, removed, primary, atMs, actor });
  }

  finish<T>(result: T): T {
    const changes = this.changes;
    this.changes = [];
    if (changes.length > 0) this.options.tell(changes);
    return result;
  }
}
